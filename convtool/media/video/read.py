"""Read videos: frames in blocks with their times, beside them packets of audio and subtitles."""

import math
import os
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

import av
import numpy as np
import torch
from torch import Tensor

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
from convtool.media.video.passes import StreamPacket
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


class VideoSource(Notes):
    """A video file; its frames are one part.

    Args:
        file: its bytes, seekable.
        name: what messages call it.
        reading: which frames are asked for, and its limits.

    Attributes:
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
        self._file, self._reading = file, reading
        refuse_empty(file, name)
        if is_npy(file):
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
            yield container, streams[0]

    def read(self, *, company: bool = False) -> Iterator[TimedFrame | StreamPacket]:
        """Yield the frames that are asked for, and packets of the other streams where wanted.

        Raises:
            ReadError: the video is damaged or truncated, or has no such frames.
        """
        decoder = Decoder(self._file, self.name, self.header, self._reading, self)
        with self.opened() as (container, stream):
            yield from decoder.read(container, stream, company=company)


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
        frames = VIDEO_DECODED_FRAMES + (os.cpu_count() or 1)
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
        unpack = self._unpacker()
        frames: list[Samples] = []
        times: list[Moment] = []
        packets: list[StreamPacket] = []
        for item in self.source.read(company=company):
            if isinstance(item, StreamPacket):
                packets.append(item)
                continue
            frames.append(self._checked(unpack, item.frame))
            times.append(item.moment)
            if len(frames) == length:
                yield self._block(frames, times, packets)
                frames, times, packets = [], [], []
        if frames or packets:
            yield self._block(frames, times, packets)

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
