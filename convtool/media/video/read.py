"""Read films: frames in blocks with their times, and beside them the packets of sound and subtitles as they are."""

import math
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np
import torch
from torch import Tensor

from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media import Notes
from convtool.media.ffmpeg import demuxed
from convtool.media.video.formats import DEMUXERS
from convtool.media.video.header import Header, read_header
from convtool.media.video.pixels import (
    Packed,
    Samples,
    Unpacker,
    channels_of,
    depth_of,
    has_alpha,
    packed,
)
from convtool.options.settings import Settings

DECODED = 8  # frames that FFmpeg holds for those that refer to them, beside one a thread

Stream = Any  # PyAV's streams, of several types
Packet = Any  # and its packets of these
Listener = deque[tuple[int, Packet]]  # with the number of their stream
GIF_TRAILER = b";"
SLACK = 1.5  # frames' worth of time that a container's duration may say more than its packets, rounded as it is


@dataclass
class Times:
    """When frames are shown, in ticks of the input's time base, as far as they are decoded.

    Attributes:
        shown: each frame's time.
        lasting: how long each is shown, 0 where nobody says.
    """

    shown: list[int] = field(default_factory=list)
    lasting: list[int] = field(default_factory=list)


class FilmSource(Notes):
    """A film; its pictures are one part.

    Args:
        file: its bytes, seekable.
        name: what messages call it.
        settings: what of it is read, and what may be wrong with it.

    Raises:
        ReadError: it is no film, or a damaged one, or has no frames.
        LimitError: its frames are too large.
    """

    def __init__(self, file: BinaryIO, name: str, settings: Settings) -> None:
        super().__init__()
        self.name = name
        self._file, self._settings = file, settings
        self.listeners: list[Listener] = []
        if not file.read(1):
            raise ReadError(f"{name}: the file is empty")
        with self.opened() as (container, stream):
            self.header = read_header(container, stream, name, settings)
            if (
                has_alpha(self.header.format) and stream.codec_context.name != "gif"
            ):  # those have it, used or not
                self.note("transparency dropped")
        self.film = Film(self, self.header)

    def parts(self) -> Iterator["Film"]:
        """Yield the film."""
        self.film.times = Times()
        yield self.film

    @contextmanager
    def opened(self) -> Iterator[tuple[av.container.InputContainer, Stream]]:
        """Open the film and its first pictures that are no cover."""
        with demuxed(self._file, self.name, "film", DEMUXERS) as container:
            streams = [stream for stream in container.streams.video if not _is_cover(stream)]
            if not streams:
                raise ReadError(f"{self.name}: there are no moving pictures in it")
            streams[0].thread_type = "AUTO"
            yield container, streams[0]

    @property
    def starts(self) -> Fraction:
        """The second that the result begins with."""
        return Fraction(self._settings.start or 0).limit_denominator(10**6)

    @property
    def ends(self) -> Fraction | None:
        """The second that the result ends before, if it is asked for."""
        if self._settings.duration is None:
            return None
        return self.starts + Fraction(self._settings.duration).limit_denominator(10**6)

    def frames(self, times: Times, listeners: Sequence[Listener] = ()) -> Iterator[av.VideoFrame]:
        """Yield the frames that are asked for, note their times, and hand sound and subtitles to listeners.

        Raises:
            ReadError: the film is damaged, or cut.
        """
        with self.opened() as (container, stream):
            if self._settings.start:
                container.seek(int(self.starts / stream.time_base), stream=stream, backward=True)
            end = 0.0
            for packet in self._packets(container, stream, beside=bool(listeners)):
                if (
                    packet.dts is not None
                    and packet.pts is not None
                    and packet.time_base is not None
                ):
                    end = max(end, float((packet.pts + (packet.duration or 0)) * packet.time_base))
                if packet.stream is not stream:
                    if self._is_asked_for(packet):
                        for listener in listeners:
                            listener.append((packet.stream.index, packet))
                    continue
                for frame in self._decoded(packet):
                    if self._asked_for(frame, times, stream.time_base):
                        assert frame.pts is not None
                        times.shown.append(frame.pts - int(self.starts / stream.time_base))
                        times.lasting.append(frame.duration or 0)
                        yield frame
                if self._enough(times, stream.time_base, packet):
                    return
            self._check(container, len(times.shown), end)

    def _packets(
        self, container: av.container.InputContainer, stream: Stream, *, beside: bool
    ) -> Iterator[Packet]:
        wanted = [
            stream,
            *(container.streams.audio + container.streams.subtitles if beside else ()),
        ]
        packets = container.demux(wanted)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as exc:
                self._refuse_cut(f"the film cannot be read on: {exc.strerror}", exc)
                return
            if packet is None:
                return
            yield packet

    def _decoded(self, packet: Packet) -> list[av.VideoFrame]:
        try:
            frames: list[av.VideoFrame] = packet.decode()
        except av.FFmpegError as exc:
            self._refuse_cut(f"a frame cannot be decoded: {exc.strerror}", exc)
            return []
        return frames

    def _is_asked_for(self, packet: Packet) -> bool:
        """Return whether sound or subtitles are of the time that is asked for; what ends a stream is empty."""
        ticks = packet.pts if packet.pts is not None else packet.dts
        at = None if ticks is None else ticks * packet.time_base
        outside = at is not None and (
            (self.starts and at < self.starts) or (self.ends is not None and at >= self.ends)
        )
        return bool(packet.size) and not outside

    def _asked_for(self, frame: av.VideoFrame, times: Times, base: Fraction) -> bool:
        if frame.pts is None:
            frame.pts = times.shown[-1] + max(1, times.lasting[-1]) if times.shown else 0
        at = frame.pts * base
        counted = self._settings.frames is None or len(times.shown) < self._settings.frames
        return counted and at >= self.starts and (self.ends is None or at < self.ends)

    def _enough(self, times: Times, base: Fraction, packet: Packet) -> bool:
        """Return whether nothing that follows is asked for."""
        if self._settings.frames is not None and len(times.shown) >= self._settings.frames:
            return True
        return (
            self.ends is not None and packet.dts is not None and packet.dts * base > self.ends + 1
        )

    def _check(self, container: av.container.InputContainer, read: int, end: float) -> None:
        """Compare what was read with what the container speaks of."""
        if not read:
            raise ReadError(
                f"{self.name}: no frames" + (" in that time" if self._settings.start else "")
            )
        if self._settings.start or self._settings.duration or self._settings.frames:
            return
        header = self.header
        if header.counted and read < header.count:
            self._refuse_cut(f"{read} of {header.count} frames")
        declared = (container.duration or 0) / av.time_base
        start = (container.start_time or 0) / av.time_base
        if not header.counted and end + SLACK / header.rate < declared + min(start, 0):
            self._refuse_cut(
                f"{read} of about {header.count} frames, {end:.2f} of {declared:.2f} s"
            )
        if container.format.name == "gif" and not self._ends_with(GIF_TRAILER):
            self._refuse_cut(f"{read} frames, and no end")

    def _ends_with(self, trailer: bytes) -> bool:
        place = self._file.tell()
        self._file.seek(-len(trailer), 2)
        end = self._file.read()
        self._file.seek(place)
        return end == trailer

    def _refuse_cut(self, loss: str, cause: Exception | None = None) -> None:
        """Refuse a film that ends early, or note what is lost where that is allowed."""
        if not self._settings.allow_truncated:
            hint = "--allow-truncated filters what there is"
            raise ReadError(f"{self.name}: the film is cut: {loss}", hint=hint) from cause
        self.note(f"the film is cut: {loss}")


@dataclass
class Film:
    """The pictures of a film.

    Attributes:
        source: where they come from.
        header: what it says of itself.
        times: when the frames that are decoded are shown.
    """

    source: FilmSource
    header: Header
    times: Times = field(default_factory=Times)

    @property
    def packed(self) -> Packed:
        """How samples lie."""
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
        """Frames a second, on average."""
        return float(self.header.rate)

    @property
    def memory(self) -> int:
        """About what FFmpeg's decoding threads hold."""
        frames = DECODED + (os.cpu_count() or 1)
        return (
            frames * math.prod(self.header.size) * len(self.channels) * self.levels.dtype.itemsize
        )

    def blocks(self, length: int) -> Iterator[Tensor]:
        """Yield the film in blocks of at most `length` frames. Shape: (1, C, D, H, W), channels innermost"""
        unpack = Unpacker(self.packed, self.header.colours, self.header.rotation)
        held: list[Samples] = []
        for frame in self.source.frames(self.times, self.source.listeners):
            samples = unpack(frame)
            if samples.shape[:2] != self.header.size:
                raise ReadError(f"{self.source.name}: its frames change their size")
            held.append(samples)
            if len(held) == length:
                yield _block(held)
                held = []
        if held:
            yield _block(held)

    def tail(self, length: int) -> Tensor:
        """Return the last `length` frames; all are read."""
        kept: deque[Samples] = deque(maxlen=length)
        unpack = Unpacker(self.packed, self.header.colours, self.header.rotation)
        for frame in self.source.frames(Times()):
            kept.append(unpack(frame))
        return _block(list(kept))


def _block(frames: list[Samples]) -> Tensor:
    return torch.from_numpy(np.stack(frames)).permute(3, 0, 1, 2)[None]


def _is_cover(stream: Stream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.attached_pic)
