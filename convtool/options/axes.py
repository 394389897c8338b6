"""Kinds of values that are a number, several of them, or a word: one per axis, groups."""

import re
from dataclasses import dataclass
from typing import Any

from convtool.options.values import Kind, Whole

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
