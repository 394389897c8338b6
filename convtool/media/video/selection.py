"""Say which part of a video is asked for, in seconds and frames. It reads nothing."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from convtool.options.reading import VideoReading

PRECISION = 10**6  # parts of a second that are told apart


@dataclass(frozen=True)
class Selection:
    """The frames from one second up to another, and no more than a number of them.

    Attributes:
        start: the second, counted from the first frame, that the result begins with.
        end: the second before which it ends; None for the end of the input.
        frames: the greatest number of frames; None for all.
    """

    start: Fraction = Fraction(0)
    end: Fraction | None = None
    frames: int | None = None

    @classmethod
    def of(cls, reading: VideoReading) -> Self:
        """Return the selection that reading options describe."""
        start = _seconds(reading.start or 0)
        if reading.duration is None:
            return cls(start, None, reading.frames)
        return cls(start, start + _seconds(reading.duration), reading.frames)

    @property
    def whole(self) -> bool:
        """True where all of the input is asked for."""
        return self == Selection()

    def holds(self, second: Fraction) -> bool:
        """Return whether a time lies between start and end.

        >>> Selection(Fraction(1), Fraction(2)).holds(Fraction(2))
        False
        """
        return second >= self.start and (self.end is None or second < self.end)

    def estimate(self, count: int, rate: Fraction) -> int:
        """Return about how many frames are selected, at least one.

        Args:
            count: frames of the input.
            rate: frames per second.

        >>> Selection(Fraction(1), frames=30).estimate(50, Fraction(25))
        25
        """
        left = count - round(self.start * rate)
        if self.end is not None:
            left = min(left, round((self.end - self.start) * rate))
        if self.frames is not None:
            left = min(left, self.frames)
        return max(1, left)

    def __str__(self) -> str:
        """Name the time, after the word 'frames'."""
        if self.end is not None:
            return f" between {float(self.start)} s and {float(self.end)} s"
        return f" after {float(self.start)} s" if self.start else ""


def _seconds(value: float) -> Fraction:
    return Fraction(value).limit_denominator(PRECISION)
