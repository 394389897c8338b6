"""The durations of frames in the units that formats count in."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

Durations = Sequence[float | None]  # in milliseconds


@dataclass(frozen=True)
class Clock:
    """How a format counts the time for which a frame is shown.

    Attributes:
        rate: units per second; None where it counts in fractions of a second.
        most: the largest number of them.
        unit: what messages call them.
    """

    rate: int | None
    most: int
    unit: str

    def ticks(self, durations: Durations) -> list[int]:
        """Return durations in whole units, 0 where there are none.

        The times at which frames begin are rounded, so that errors do not add up. A frame that is
        shown for a time is shown for one unit at least.

        >>> Clock(100, 65535, "hundredths of a second").ticks([33.3, 33.3, 33.4, None, 200, 1])
        [3, 4, 3, 0, 20, 1]
        """
        counted, exact, shown = [], Fraction(0), 0
        for duration in durations:
            exact += self._exact(duration)
            ticks = round(exact) - shown
            least = 1 if duration else 0
            counted.append(min(max(ticks, least), self.most) if duration else 0)
            shown += ticks
        return counted

    def holds(self, durations: Durations) -> bool:
        """Return True where no duration changes by being counted in whole units.

        >>> Clock(1000, 2**24 - 1, "milliseconds").holds([1000 / 30, 40])
        False
        """
        exact = [self._exact(duration) for duration in durations]
        if self.rate is None:
            return all(ticks.numerator <= self.most for ticks in exact)
        return all(ticks.denominator == 1 and ticks <= self.most for ticks in exact)

    def _exact(self, duration: float | None) -> Fraction:
        return seconds(duration) * (self.rate or 1)


def seconds(duration: float | None) -> Fraction:
    """Return the fraction of a second, of two numbers of 16 bits, that a duration stands for.

    >>> seconds(1000 / 30), seconds(None)
    (Fraction(1, 30), Fraction(0, 1))
    """
    return Fraction((duration or 0) / 1000).limit_denominator(2**16 - 1)


CENTISECONDS = Clock(100, 2**16 - 1, "hundredths of a second")
MILLISECONDS = Clock(1000, 2**24 - 1, "milliseconds")
FRACTIONS = Clock(None, 2**16 - 1, "seconds")
