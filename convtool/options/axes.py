"""Kinds of values that are a number, several of them, or a word: one per axis, groups."""

import math
import re
from dataclasses import dataclass
from typing import Any

from convtool.options.numbers import read_number
from convtool.options.values import Kind, Whole
from convtool.padding import CONSTANT, WORDS

SIDES = 2  # of an axis
_WHOLE = re.compile(r"[+-]?\d{1,30}")


@dataclass(frozen=True)
class PerAxis(Kind):
    """One whole number for all axes, or one per axis, with commas; or one of some words.

    Attributes:
        low: the smallest number that is allowed.
        high: the largest number that is allowed.
        words: words that are allowed instead.
    """

    low: int
    high: int
    metavar: str = "N[,N]"
    words: tuple[str, ...] = ()

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]  # its words
        """The words, to be completed."""
        return self.words

    @property
    def expected(self) -> str:  # type: ignore[override]  # made of the range
        """The range, or the words."""
        if self.words:
            return f"a number, {' or '.join(map(repr, self.words))}"
        return f"whole numbers from {self.low}"

    def read(self, text: str) -> Any:
        """Read `3`, `3,5`, or a word."""
        if text in self.words:
            return text
        parts = [part.strip() for part in text.split(",")]
        if not all(map(_WHOLE.fullmatch, parts)):
            raise ValueError(self.expected)
        numbers = tuple(map(int, parts))
        return numbers[0] if len(numbers) == 1 else numbers

    def allowed(self, value: Any) -> Any:
        """Return a number, a tuple of numbers, or a word."""
        if isinstance(value, str):
            if value not in self.words:
                raise ValueError(self.expected)
            return value
        numbers = tuple(value) if isinstance(value, list | tuple) else (value,)
        for number in numbers:
            if isinstance(number, bool) or not isinstance(number, int) or number < self.low:
                raise ValueError(self.expected)
            if number > self.high:
                raise ValueError(f"whole numbers up to {self.high}")
        return numbers if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class PerSide(PerAxis):
    """As `PerAxis`; a number may be two, `before:after`, for the two sides of an axis."""

    metavar: str = "N[:N]"

    @property
    def expected(self) -> str:  # type: ignore[override]  # made of the words
        """The numbers and words that are allowed."""
        return f"a number, before:after, {' or '.join(map(repr, self.words))}"

    def read(self, text: str) -> Any:
        """Read `3`, `3,5`, `1:2`, `1:2,3`, or a word."""
        if ":" not in text:
            return super().read(text)
        numbers = [super(PerSide, self).read(part.replace(":", ",")) for part in text.split(",")]
        if any(isinstance(each, tuple) and len(each) != SIDES for each in numbers):
            raise ValueError(self.expected)
        return tuple(numbers)

    def allowed(self, value: Any) -> Any:
        """Return a number, a tuple of numbers and pairs, or a word."""
        if isinstance(value, str) and value not in self.words:
            value = self.read(value)
        if not isinstance(value, list | tuple):
            return super().allowed(value)
        axes: list[Any] = []
        for each in value:
            checked = super().allowed(each)
            if isinstance(checked, str) or (isinstance(each, list | tuple) and len(each) != SIDES):
                raise ValueError(self.expected)
            axes.append(checked)
        return tuple(axes)


class ModePerAxis(Kind):
    """A padding mode for all axes, or one per axis, with commas."""

    metavar = "MODE"
    choices = (*WORDS, f"{CONSTANT}:1")
    expected = f"{', '.join(WORDS)} or {CONSTANT}:VALUE"

    def read(self, text: str) -> Any:
        """Read one mode, or several."""
        parts = text.split(",")
        return text if len(parts) == 1 else tuple(parts)

    def allowed(self, value: Any) -> Any:
        """Return a mode, or a tuple of modes, each in its usual form."""
        if isinstance(value, str):
            value = self.read(value)
        if isinstance(value, list | tuple):
            return tuple(self._mode(each) for each in value)
        return self._mode(value)

    def _mode(self, value: Any) -> str:
        name, colon, number = str(value).strip().lower().partition(":")
        if name in WORDS and not colon:
            return name
        if name != CONSTANT:
            raise ValueError(self.expected)
        if not number:
            raise ValueError(f"{CONSTANT}:VALUE with a number, as {CONSTANT}:1")
        try:
            found = read_number(number)
        except ValueError as exc:
            raise ValueError(f"{CONSTANT}:VALUE with a number, as {CONSTANT}:1") from exc
        if not math.isfinite(found):
            raise ValueError(f"{CONSTANT}:VALUE with a finite number")
        return f"{CONSTANT}:{found!r}"


@dataclass(frozen=True)
class WholeOr(Whole):
    """A whole number, or one word.

    Attributes:
        word: the word.
    """

    word: str = ""

    @property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]  # its word
        """The word, to be completed."""
        return (self.word,)

    @property
    def expected(self) -> str:  # type: ignore[override]  # made of the word
        """The range, or the word."""
        return f"a whole number or '{self.word}'"

    def read(self, text: str) -> Any:
        """Read a number, or the word."""
        return text if text == self.word else super().read(text)

    def allowed(self, value: Any) -> Any:
        """Return a number, or the word."""
        return value if value == self.word else super().allowed(value)
