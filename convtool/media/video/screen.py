"""Say when each frame is shown: from its time on until the next one is."""

from collections.abc import Iterator
from fractions import Fraction
from heapq import heappop, heappush
from typing import Any, NamedTuple

import av

from convtool.block import Moment
from convtool.media.video.selection import Selection


class TimedFrame(NamedTuple):
    """A decoded frame, and when it is shown."""

    frame: av.VideoFrame
    moment: Moment


class Screen:
    """Times the frames of one pass, and keeps those that are on screen in the selected time.

    Args:
        selection: what is asked for.
        base: seconds per tick.
        period: ticks of a frame, on average.
        timed: the format says when frames are shown; otherwise only when they are decoded.
    """

    def __init__(
        self, selection: Selection, base: Fraction, period: int, *, timed: bool = True
    ) -> None:
        self._start = int(selection.start / base)
        self._end = None if selection.end is None else int(selection.end / base)
        self._period, self._timed = max(1, period), timed
        self._decoded: list[int] = []  # ticks of packets whose frames have not come yet
        self._waiting: tuple[av.VideoFrame, int] | None = None

    def expect(self, packet: Any) -> None:
        """Take the time of a packet that is decoded next."""
        if not self._timed and packet.size and packet.dts is not None:
            heappush(self._decoded, packet.dts)

    def show(self, frame: av.VideoFrame) -> Iterator[TimedFrame]:
        """Take the next frame, and yield the one before it where it is on screen."""
        start = self._time(frame)
        if self._waiting is not None:
            yield from self._shown(*self._waiting, start)
        self._waiting = frame, start

    def end(self) -> Iterator[TimedFrame]:
        """Yield the last frame where it is on screen."""
        if self._waiting is not None:
            frame, start = self._waiting
            yield from self._shown(frame, start, start + (frame.duration or self._period))
        self._waiting = None

    def _time(self, frame: av.VideoFrame) -> int:
        """Return the tick at which a frame is shown, never before the one that came earlier."""
        time = heappop(self._decoded) if self._decoded else frame.pts
        if self._waiting is None:
            return 0 if time is None else time
        previous, start = self._waiting
        usual = start + (previous.duration or self._period)
        return usual if time is None else max(time, start)

    def _shown(self, frame: av.VideoFrame, start: int, end: int) -> Iterator[TimedFrame]:
        """Yield a frame, where some of its time is asked for."""
        if self._end is not None:
            if start >= self._end:
                return
            end = min(end, self._end)
        if self._start and end <= self._start:
            return
        start = max(start, self._start)
        yield TimedFrame(frame, Moment(start - self._start, end - start))
