"""Go through the packets of a video and decode none: what accompanies it, and its key frames."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, BinaryIO, NamedTuple

from convtool.block import Moment
from convtool.errors import IndivisibleError
from convtool.media.policies import Notes
from convtool.media.video.demux import Packet
from convtool.media.video.header import Header
from convtool.media.video.passes import Pass
from convtool.media.video.reach import Key, Marks
from convtool.media.video.read import VideoSource
from convtool.media.video.screen import Screen, TimedFrame
from convtool.options.reading import VideoReading

ACCUMULATED = frozenset({"gif"})  # codecs
NO_TIMES = "its packets do not say when each frame is shown"


class _Shown(NamedTuple):
    """The frame of a packet, in place of the decoded one."""

    pts: int
    duration: int


class Index(Pass):
    """One pass over a video that decodes nothing, and so yields company only.

    Args:
        file: its bytes.
        name: what messages call it.
        header: of the video.
        reading: what is asked for, and whether the file may be truncated.
        notes: where a loss is noted.
    """

    def __init__(
        self, file: BinaryIO, name: str, header: Header, reading: VideoReading, notes: Notes
    ) -> None:
        super().__init__(file, name, header, reading, notes)
        self._frames_seen: list[_Shown] = []
        self._keys: list[Key] = []
        self._found: list[tuple[int, Moment]] = []

    @property
    def marks(self) -> Marks:
        """What was found, after the pass.

        Raises:
            IndivisibleError: frames cannot be told apart by their times.
        """
        ticks = tuple(tick for tick, _ in self._found)
        if any(after <= before for before, after in pairwise(ticks)):
            raise IndivisibleError(NO_TIMES)
        moments = tuple(moment for _, moment in self._found)
        return Marks(ticks, moments, tuple(sorted(self._keys)))

    def _frames(self, packet: Packet, screen: Screen) -> Iterator[TimedFrame]:
        del screen  # it takes frames in the order of their times, at the end
        if packet.size and not packet.is_discard:
            if packet.pts is None:
                raise IndivisibleError(NO_TIMES)
            self._frames_seen.append(_Shown(packet.pts, packet.duration or 0))
            if packet.is_keyframe:
                decoded = packet.pts if packet.dts is None else packet.dts
                self._keys.append(Key(packet.pts, decoded))
        yield from ()

    def _rest(self, screen: Screen) -> Iterator[TimedFrame]:
        for frame in sorted(self._frames_seen):
            self._note(screen.show(_as_frame(frame)))
        self._note(screen.end())
        yield from ()

    def _note(self, frames: Iterator[TimedFrame]) -> None:
        for frame, moment in self._counted(frames):
            assert frame.pts is not None
            self._found.append((frame.pts, moment))


def marks_of(source: VideoSource) -> Marks:
    """Return the key frames of a video, and when its frames are shown; no frame is decoded.

    Raises:
        IndivisibleError: it can be read from its beginning only.
        ReadError: it is truncated.
    """
    with source.opened() as (_, stream):
        depends = stream.codec_context.name in ACCUMULATED
    for reason, holds in (
        ("an array of numbers has no key frames", source.numbers),
        ("its container does not say when frames are shown", not source.header.timed),
        ("each of its images is drawn over those before", depends),
        ("--deinterlace looks at the frames around each", source.reading.deinterlace),
        ("--frames counts from the beginning", source.selection.frames is not None),
    ):
        if holds:
            raise IndivisibleError(reason)
    index = source.passed(Index)
    for _ in source.read(index, company=True):
        pass
    return index.marks


def _as_frame(shown: _Shown) -> Any:
    """Return what a screen needs of a frame: its tick and its duration."""
    return shown
