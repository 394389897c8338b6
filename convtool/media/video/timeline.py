"""Convert the times of a result into the time base of an output."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Generic, TypeVar

from convtool.block import Moment
from convtool.media.video.containers import Container
from convtool.media.video.header import Header

T = TypeVar("T")

HALF = Fraction(1, 2)
MAX_COUNTED = Fraction(1000)  # frames per second of formats that count them: FFmpeg's limit for AVI


@dataclass(frozen=True)
class Timeline:
    """When the frames of an output are shown.

    Attributes:
        rate: frames per second, on average.
        source: seconds per tick of the input.
        base: seconds per tick of the output.
        lead: seconds before the first frame.
    """

    rate: Fraction
    source: Fraction
    base: Fraction
    lead: Fraction = Fraction(0)

    def convert(self, moment: Moment) -> Moment:
        """Return a moment in ticks of the output; both of its ends are rounded.

        >>> Timeline(Fraction(25), Fraction(1, 1000), Fraction(1, 100)).convert(Moment(38, 40))
        Moment(start=4, duration=4)
        """
        start = self._tick(moment.start)
        return Moment(start, self._tick(moment.start + moment.duration) - start)

    def _tick(self, ticks: int) -> int:
        """Return the nearest tick; halves are rounded up, so that regular times stay regular."""
        return floor((ticks * self.source + self.lead) / self.base + HALF)


def timeline(header: Header, container: Container, stride: int) -> Timeline:
    """Return the timeline of an output.

    Args:
        header: of the input.
        container: of the output.
        stride: frames of the input per frame of the output.
    """
    rate = header.rate / stride
    lead = header.lead if container.audio else Fraction(0)
    if container.ticks is None:
        rate = min(header.grid / stride, MAX_COUNTED)
        return Timeline(rate, header.base, 1 / rate, lead)
    base = Fraction(1, container.ticks) if container.ticks else header.base
    return Timeline(rate, header.base, base, lead)


class Cadence(Generic[T]):
    """Lets each frame of an output be shown until the next one is, and drops those without time.

    Args:
        timeline: of the output.
        least: ticks for which a frame is shown at least.

    Attributes:
        dropped: frames for which there is no time.
    """

    def __init__(self, timeline: Timeline, least: int) -> None:
        self._timeline, self._least = timeline, least
        self._frame: T | None = None  # the last one, whose end is not known yet
        self._moment = Moment(0, 0)
        self.dropped = 0

    def place(self, frame: T, moment: Moment) -> Iterator[tuple[T, Moment]]:
        """Take the next frame, and yield the one before it with its moment in ticks.

        Args:
            frame: a frame.
            moment: when the input shows it.
        """
        start, duration = self._timeline.convert(moment)
        shown = start - self._moment.start
        if self._frame is None or shown >= self._least:
            yield from self._shown(shown)
            self._frame, self._moment = frame, Moment(start, duration)
            return
        self.dropped += 1
        if not self._moment.duration:
            self._frame = frame
        self._moment = Moment(self._moment.start, shown + duration)

    def end(self) -> Iterator[tuple[T, Moment]]:
        """Yield the last frame; one without time, too, where there is no other."""
        if self._moment.duration or not self._moment.start:
            yield from self._shown(self._moment.duration)
        else:
            self.dropped += 1
        self._frame = None

    def _shown(self, ticks: int) -> Iterator[tuple[T, Moment]]:
        if self._frame is not None:
            yield self._frame, Moment(self._moment.start, max(ticks, self._least))
