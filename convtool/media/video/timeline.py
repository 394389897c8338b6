"""Convert the times of a result into the time base of an output."""

from dataclasses import dataclass
from fractions import Fraction

from convtool.block import Moment


@dataclass(frozen=True)
class Timeline:
    """When the frames of an output are shown.

    Attributes:
        rate: frames per second, on average.
        source: seconds per tick of the input.
        base: seconds per tick of the output.
    """

    rate: Fraction
    source: Fraction
    base: Fraction

    def convert(self, moment: Moment) -> Moment:
        """Return a moment in ticks of the output; both of its ends are rounded.

        >>> Timeline(Fraction(25), Fraction(1, 1000), Fraction(1, 100)).convert(Moment(38, 40))
        Moment(start=4, duration=4)
        """
        scale = self.source / self.base
        start = round(moment.start * scale)
        end = round((moment.start + moment.duration) * scale)
        return Moment(start, end - start)


def timeline(source: Fraction, rate: Fraction, ticks: int | None) -> Timeline:
    """Return the timeline of an output.

    Args:
        source: seconds per tick of the input.
        rate: frames per second of the output, on average.
        ticks: of the container, as `Container` states them.
    """
    if ticks is None:
        return Timeline(rate, source, 1 / rate)
    return Timeline(rate, source, Fraction(1, ticks) if ticks else source)
