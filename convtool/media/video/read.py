"""Read videos: frames in blocks with their times, beside them packets of audio and subtitles."""

import math
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, TypeVar

import av
import numpy as np
import torch
from torch import Tensor

from convtool import cores
from convtool.block import Block, Moment
from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.limits import VIDEO_DECODED_FRAMES
from convtool.media.ffmpeg import open_container
from convtool.media.npy_file import is_npy
from convtool.media.policies import Notes, refuse_empty
from convtool.media.video.accepted import refuse_unknown
from convtool.media.video.carried import carried, is_cover
from convtool.media.video.decode import Decoder
from convtool.media.video.demux import Stream
from convtool.media.video.formats import DEMUXERS
from convtool.media.video.header import Header, read_header
from convtool.media.video.numbers import as_video
from convtool.media.video.passes import Pass, StreamPacket
from convtool.media.video.pixels import (
    Packed,
    Samples,
    Unpacker,
    channels_of,
    depth_of,
    packed,
)
from convtool.media.video.screen import TimedFrame
from convtool.media.video.selection import Selection
from convtool.options.reading import VideoReading

P = TypeVar("P", bound=Pass)


class VideoSource(Notes):
    """A video file; its frames are one part.

    Args:
        file: its bytes, seekable.
        name: what messages call it.
        reading: which frames are asked for, and its limits.

    Attributes:
        numbers: it is an array, not a video.
        header: of the video.
        selection: the part of it that is asked for.
        carried: what it carries beside its frames.

    Raises:
        ReadError: it is not a video, is damaged, or has no frames.
        LimitError: its frames are too large.
    """

    def __init__(self, file: BinaryIO, name: str, reading: VideoReading) -> None:
        super().__init__()
        self.name = name
        self.selection = Selection.of(reading)
        self._file, self.reading = file, reading
        refuse_empty(file, name)
        self.numbers = is_npy(file)
        if self.numbers:
            held = as_video(file, name, reading, self)
            weakref.finalize(self, held.close)
            self._file = held  # type: ignore[assignment]  # a BinaryIO in all but its type
        with self.opened() as (container, stream):
            self.header = read_header(container, stream, name, reading)
            self.carried = carried(container, stream)
            for what in self.header.dropped:
                self.note(f"{what} dropped")
            if not self.header.orientation.exact:
                self.note("frames are turned by the nearest quarter turn, not by the angle stated")

    def parts(self) -> Iterator["VideoPart"]:
        """Yield the frames as one part."""
        yield VideoPart(self, self.header)

    @contextmanager
    def opened(self) -> Iterator[tuple[av.container.InputContainer, Stream]]:
        """Open the file, and choose its first video stream that can be decoded and is no cover."""
        with open_container(self._file, self.name, "video", DEMUXERS) as container:
            streams = [stream for stream in container.streams.video if not is_cover(stream)]
            streams.sort(key=_is_unknown)
            if not streams:
                raise ReadError(f"{self.name}: no video stream")
            streams[0].thread_type = "AUTO"
            if share := cores.share():
                streams[0].codec_context.thread_count = share
            yield container, streams[0]

    def passed(self, kind: Callable[[BinaryIO, str, Header, VideoReading, Notes], P]) -> P:
        """Return a new pass over the file, of a kind."""
        return kind(self._file, self.name, self.header, self.reading, self)

    def read(
        self, by: Pass | None = None, *, company: bool = False
    ) -> Iterator[TimedFrame | StreamPacket]:
        """Yield what a pass yields, by default all frames that are asked for.

        Raises:
            ReadError: the video is damaged or truncated, or has no such frames.
        """
        passed = by or self.passed(Decoder)
        with self.opened() as (container, stream):
            yield from passed.read(container, stream, company=company)


@dataclass(frozen=True)
class VideoPart:
    """The frames of a video.

    Attributes:
        source: the file.
        header: its header.
    """

    source: VideoSource
    header: Header

    @property
    def packed(self) -> Packed:
        """How samples lie in memory."""
        format = av.VideoFormat(self.header.format)
        return packed(depth_of(format), channels_of(format))

    @property
    def position(self) -> int:
        """The number of its first frame in the whole; the ends of blocks are multiples."""
        return 0

    @property
    def channels(self) -> tuple[str, ...]:
        """`l`, or `r g b`."""
        return ("l",) if self.packed.channels == 1 else ("r", "g", "b")

    @property
    def size(self) -> tuple[int, ...]:
        """Frames, height, width."""
        return (self.header.count, *self.header.size)

    @property
    def levels(self) -> Levels:
        """How samples are stored."""
        return self.packed.levels

    @property
    def rate(self) -> float:
        """Frames per second, on average."""
        return float(self.header.rate)

    @property
    def tick(self) -> float:
        """Seconds per tick of the times of frames."""
        return float(self.header.base)

    @property
    def memory(self) -> int:
        """An estimate of the bytes that FFmpeg's decoding threads hold."""
        frames = VIDEO_DECODED_FRAMES + cores.count()
        samples = math.prod(self.header.size) * len(self.channels)
        return frames * samples * self.levels.dtype.itemsize

    def blocks(self, length: int, *, company: bool = False) -> Iterator[Block]:
        """Yield the video in blocks of at most `length` frames, with their times.

        Args:
            length: frames.
            company: also read audio and subtitles, whose packets arrive in the blocks of the frames
                beside them; those after the last frame may arrive in a block without frames.

        Shape: (1, C, D, H, W) each, channels innermost in memory
        """
        frames: list[Samples] = []
        times: list[Moment] = []
        packets: list[StreamPacket] = []
        room = length - self.position % length
        for item in self._read(company=company):
            if isinstance(item, StreamPacket):
                packets.append(item)
                continue
            frames.append(item[0])
            times.append(item[1])
            if len(frames) == room:
                yield self._block(frames, times, packets)
                frames, times, packets = [], [], []
                room = length
        if frames or packets:
            yield self._block(frames, times, packets)

    def _read(self, *, company: bool) -> Iterator[tuple[Samples, Moment] | StreamPacket]:
        unpack = self._unpacker()
        for item in self.source.read(company=company):
            if isinstance(item, StreamPacket):
                yield item
            else:
                yield self._checked(unpack, item.frame), item.moment

    def tail(self, length: int) -> Tensor:
        """Return the last `length` frames; all are read."""
        unpack = self._unpacker()
        kept: deque[Samples] = deque(maxlen=length)
        for item in self.source.read():
            if isinstance(item, TimedFrame):
                kept.append(self._checked(unpack, item.frame))
        return self._tensor(list(kept))

    def _unpacker(self) -> Unpacker:
        return Unpacker(self.packed, self.header.orientation)

    def _checked(self, unpack: Unpacker, frame: av.VideoFrame) -> Samples:
        """Return a frame's samples, and refuse another size than the first frame's.

        Pixel formats and matrices may change, as long as they are known.
        """
        refuse_unknown(self.source.name, frame)
        samples = unpack(frame)
        if samples.shape[:2] != self.header.size:
            height, width = self.header.size
            changed = f"{samples.shape[1]}×{samples.shape[0]}"
            raise ReadError(
                f"{self.source.name}: the size of its frames changes, "
                f"from {width}×{height} to {changed}"
            )
        return samples

    def _block(
        self, frames: list[Samples], times: list[Moment], packets: list[StreamPacket]
    ) -> Block:
        return Block(self._tensor(frames), self.levels, tuple(times), tuple(packets))

    def _tensor(self, frames: list[Samples]) -> Tensor:
        if not frames:
            height, width = self.header.size
            return torch.empty(1, len(self.channels), 0, height, width, dtype=self.levels.dtype)
        return torch.from_numpy(np.stack(frames)).permute(3, 0, 1, 2)[None]


def _is_unknown(stream: Stream) -> bool:
    return stream.codec_context is None
