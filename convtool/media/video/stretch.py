"""Decode a stretch of a video from its key frame on, and check that it is what the whole shows.

Whatever is not as the packets promised is no error of the file: it is filtered whole then.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

import av
import numpy as np

from convtool.block import Moment
from convtool.errors import IndivisibleError
from convtool.media.policies import Notes
from convtool.media.video.decode import Decoder
from convtool.media.video.demux import Demuxer, Packet, Stream
from convtool.media.video.header import Header
from convtool.media.video.passes import StreamPacket
from convtool.media.video.pixels import Samples
from convtool.media.video.reach import Reach
from convtool.media.video.read import VideoPart
from convtool.media.video.screen import TimedFrame
from convtool.options.reading import VideoReading

NOTHING = Reach(None, 0, (), 0)
DIFFERENT = "from a key frame on, it is decoded to other frames than its packets promise"


@dataclass(frozen=True)
class VideoStretch(VideoPart):
    """Consecutive frames of a video; its size is that of the whole.

    Attributes:
        reach: which frames.
        prints: checksums of the samples that are compared, by the numbers of their frames.
    """

    reach: Reach = NOTHING
    prints: dict[int, int] = field(default_factory=dict)

    @property
    def position(self) -> int:
        """The number of the first frame in the whole."""
        return self.reach.position

    def _read(self, *, company: bool) -> Iterator[tuple[Samples, Moment] | StreamPacket]:
        """Yield the frames with their moments; company is read by whoever joins the stretches."""
        del company
        reach, unpack = self.reach, self._unpacker()
        decoder = self.source.passed(partial(StretchDecoder, reach))
        number = reach.position
        # the clock of joined files needs the packets of all streams
        for item in self.source.read(decoder, company=True):
            if isinstance(item, StreamPacket):
                continue
            samples = self._checked(unpack, item.frame)
            if number in reach.compared:
                self.prints[number] = zlib.crc32(np.ascontiguousarray(samples).data)
            if number < reach.position + reach.count:
                yield samples, item.moment
            number += 1


class StretchDecoder(Decoder):
    """One pass over a stretch of a video.

    Args:
        reach: which frames.
        file: its bytes.
        name: what messages call it.
        header: of the video.
        reading: what is asked for.
        notes: where a loss is noted.
    """

    def __init__(
        self,
        reach: Reach,
        file: BinaryIO,
        name: str,
        header: Header,
        reading: VideoReading,
        notes: Notes,
    ) -> None:
        super().__init__(file, name, header, reading, notes)
        self._reach = reach

    def _packets(self, demuxer: Demuxer, streams: list[Stream]) -> Iterator[Packet]:
        key = self._reach.key
        if key is None:
            return demuxer.packets(streams)
        return demuxer.packets_from(streams, key)

    def _counted(self, frames: Iterator[TimedFrame]) -> Iterator[TimedFrame]:
        """Yield the frames of the stretch, and check that each is the one that was promised."""
        ticks = self._reach.ticks
        for frame in frames:
            tick = frame.frame.pts
            if not self._count and tick is not None and tick < ticks[0]:
                continue  # of the group of pictures before, or before the stretch
            if self._count == len(ticks) and not self._reach.last:
                return
            if self._count == len(ticks) or tick != ticks[self._count]:
                raise IndivisibleError(DIFFERENT)
            self._count += 1
            yield frame

    @property
    def _has_all(self) -> bool:
        return self._count == len(self._reach.ticks) and not self._reach.last

    def _tell(self) -> None:
        if self._damaged or self._count < len(self._reach.ticks):
            raise IndivisibleError(DIFFERENT)

    def _decoded(self, packet: Packet) -> list[av.VideoFrame]:
        key = self._reach.key
        if key is None or packet.pts is None or packet.pts >= key.shown:
            return super()._decoded(packet)
        try:  # a leading picture, which may refer to what comes before its key frame
            frames: list[av.VideoFrame] = packet.decode()
        except av.FFmpegError:
            return []
        return frames

    def _refuse_cut(self, format: str) -> None:
        """Do nothing: whoever divided the file has looked at its end."""

    def _refuse_short(self, container: av.container.InputContainer) -> None:
        """Do nothing, likewise."""

    def _refuse(self, loss: str, cause: Exception | None = None) -> None:
        raise IndivisibleError(f"a segment: {loss}") from cause
