"""The kinds of values that options take: what a person types, and which values are allowed.

Each kind reads a text of the command line or an options file, and checks a value, also one that a
Python program gives. It knows no option.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convtool.options.numbers import read_number, read_scaled, read_seconds
from convtool.places.names import SCHEMES, Place, place

SHOWN = 1000  # the largest upper bound that people are told about beforehand
TRUE, FALSE = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


class Kind(ABC):
    """A kind of values.

    Attributes:
        expected: what an option takes, in messages, as in "a whole number from 1".
        metavar: what a person types, in help.
        choices: the words that are allowed, where they are words.
    """

    expected: str
    metavar: str = ""
    choices: tuple[str, ...] = ()

    @abstractmethod
    def read(self, text: str) -> Any:
        """Return the value that a text stands for; `allowed` checks it.

        Raises:
            ValueError: it stands for none.
        """

    def allowed(self, value: Any) -> Any:
        """Return a value as it is stored.

        Raises:
            ValueError: it is not allowed; the message is what was expected instead.
        """
        return value


class Flag(Kind):
    """True or false."""

    expected = "true or false"

    def read(self, text: str) -> bool:
        """Read `true`, `yes`, `on` and their opposites, as in an options file."""
        if text.lower() not in TRUE + FALSE:
            raise ValueError(self.expected)
        return text.lower() in TRUE


@dataclass(frozen=True)
class Text(Kind):
    """Any text."""

    metavar: str
    choices: tuple[str, ...] = ()
    expected: str = "a text"

    def read(self, text: str) -> str:
        """Return the text."""
        return text


@dataclass(frozen=True)
class File(Kind):
    """The path of a file or a folder on this machine."""

    metavar: str = "FILE"
    expected: str = "the name of a local file"

    def read(self, text: str) -> Place:
        """Return the path.

        Raises:
            ValueError: it is not of the kind.
        """
        path = place(text)
        if not isinstance(path, Path):
            raise ValueError(self.expected)  # noqa: TRY004  # a text that stands for no value
        return path


@dataclass(frozen=True)
class RemoteFile(File):
    """The path of a file, which may be in a store."""

    expected: str = f"the name of a file, local or at {SCHEMES}"

    def read(self, text: str) -> Place:
        """Return the path."""
        return place(text)


class Choice(Kind):
    """One of some words, in any case, with `-` or `_`.

    Args:
        metavar: what they are.
        choices: the words.
    """

    def __init__(self, metavar: str, choices: tuple[str, ...]) -> None:
        self.metavar, self.choices = metavar, choices
        self.expected = f"{', '.join(choices[:-1])} or {choices[-1]}"

    def read(self, text: str) -> str:
        """Return the text."""
        return text

    def allowed(self, value: Any) -> str:
        """Return the choice that a word stands for."""
        wanted = _plain(str(value))
        for choice in self.choices:
            if _plain(choice) == wanted:
                return choice
        raise ValueError(self.expected)


def _plain(word: str) -> str:
    """Return a word without what people spell differently: `xavier_uniform_`, `Xavier-Uniform`."""
    return word.strip().lower().replace("_", "-").rstrip("-")


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number in a range; `16k` and `1M` are read, too.

    Attributes:
        low: the smallest that is allowed.
        high: the largest that is allowed.
        units: words that may follow, each with the number that it multiplies by.
    """

    low: int
    high: int
    metavar: str = "N"
    units: tuple[tuple[str, int], ...] = ()

    @property
    def expected(self) -> str:  # type: ignore[override]  # made of the range
        """The range, as far as people need to know it."""
        to = f" to {self.high}" if self.high <= SHOWN else ""
        return f"a whole number from {self.low}{to}"

    def read(self, text: str) -> int:
        """Read a number with or without a unit."""
        return read_scaled(text, dict(self.units))

    def allowed(self, value: Any) -> int:
        """Return a whole number in the range."""
        whole = isinstance(value, int) and not isinstance(value, bool)
        if whole and value > self.high > SHOWN:
            raise ValueError(f"a whole number up to {self.high}")
        if not whole or not self.low <= value <= self.high:
            raise ValueError(self.expected)
        return int(value)


@dataclass(frozen=True)
class Real(Kind):
    """A number in a range: `0.3`, `30%`, `3/10`, `3e-1`.

    Attributes:
        expected: the range, in words.
        low: the smallest that is allowed.
        high: the largest that is allowed.
    """

    expected: str
    low: float
    high: float
    metavar: str = "VALUE"

    def read(self, text: str) -> float:
        """Read a number, a share in per cent, or a fraction."""
        return read_number(text)

    def allowed(self, value: Any) -> float:
        """Return a number in the range."""
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (number and math.isfinite(value) and self.low <= value <= self.high):
            raise ValueError(self.expected)
        return float(value)


class Percent(Real):
    """A number of per cent, with its sign or without: `99.5`, `99.5%`."""

    def read(self, text: str) -> float:
        """Read a number."""
        return read_number(text.strip().removesuffix("%"))


@dataclass(frozen=True)
class Seconds(Real):
    """A time: `90`, `1:30`, `1:02:03.5`, `250ms`, `2h`."""

    expected: str = "a time in seconds, such as 90 or 1:30"
    low: float = 0
    high: float = 1e9
    metavar: str = "SECONDS"

    def read(self, text: str) -> float:
        """Read seconds, or minutes and hours before colons."""
        return read_seconds(text)


@dataclass(frozen=True)
class WholeSeconds(Whole):
    """A time in whole seconds, written as any other time."""

    low: int = 1
    high: int = 2**40
    metavar: str = "SECONDS"

    def read(self, text: str) -> int:
        """Read seconds, or minutes and hours before colons; parts of seconds are rounded up."""
        return math.ceil(read_seconds(text))
