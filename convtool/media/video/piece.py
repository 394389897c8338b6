"""Write the video of a segment by itself, for all of them to be joined by copying packets.

A piece is a NUT file, FFmpeg's own container: it holds any codec, packets as the encoder made them,
and times in any unit. What lies beside the video is written by whoever joins the pieces.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import av
from av.codec.context import Flags
from av.format import Flags as Needs

from convtool.media.callbacks import CallbackFile
from convtool.media.contract import Tile
from convtool.media.video.demux import Packet
from convtool.media.video.frames import FramesEncoder
from convtool.media.video.header import Header
from convtool.media.video.plan import Plan
from convtool.media.video.read import VideoSource
from convtool.media.video.storage import Storage
from convtool.media.video.write import Prepared, VideoEncoder

NUT = "nut"


@dataclass(frozen=True)
class Facts:
    """What joining needs to know of a piece beside its packets, in ticks of the output.

    Attributes:
        lead: when the packets are decoded that come before the time of its first frame, counted
            from there: negative numbers.
        last: how long its last frame is shown.
    """

    lead: tuple[int, ...] = ()
    last: int = 0


class PieceEncoder(VideoEncoder):
    """The video of a segment being made.

    Args:
        file: where the bytes go.
        storage: how the whole is stored.
        plan: what becomes of what the input carries beside its frames.
        tiles: what a frame shows.
    """

    def __init__(self, file: BinaryIO, storage: Storage, plan: Plan, tiles: Sequence[Tile]) -> None:
        super().__init__(file, storage, plan, tiles)
        self._first: int | None = None
        self._decoded: list[int] = []
        self._last = 0

    @property
    def facts(self) -> Facts:
        """What joining needs to know, after `close`."""
        first = self._first or 0
        lead = tuple(tick - first for tick in self._decoded if tick < first)
        return Facts(lead, self._last)

    def _opened(self) -> Any:
        return av.open(self._calls, "w", format=NUT)

    def _configure(self, header: Header) -> None:
        super()._configure(header)
        context = self._stream.codec_context
        context.codec_tag = "\0\0\0\0"  # of another container
        needs = Needs(av.ContainerFormat(self._storage.container.muxer, "w").flags)
        if Needs.global_header not in needs:
            context.flags &= ~Flags.global_header

    def _begin(self, source: VideoSource) -> None:
        del source  # nothing is beside the video
        self._calls.call(self._output.start_encoding)

    def write(self, prepared: Prepared) -> None:
        """Encode the next frames."""
        for frame, duration in zip(prepared.frames, prepared.durations, strict=True):
            self._first = frame.pts if self._first is None else self._first
            self._last = duration
        with self._translated():
            self._calls.call(self._encode, prepared)

    def _mux(self, packets: Sequence[Packet]) -> None:
        for packet in packets:
            self._decoded.append(packet.dts)
        super()._mux(packets)

    def close(self) -> None:
        """Encode the frames that the encoder still holds, and complete the file."""
        self.write(self._prepared(self._cadence.end()))
        with self._translated():
            self._calls.call(self._end)
            self._calls.call(self._output.close)

    def _end(self) -> None:
        self._mux(self._stream.encode(None))


class FramesPiece(FramesEncoder):
    """The images of a segment being made.

    Args:
        file: where the bytes go.
        storage: how they are stored.
        tiles: what each shows.
    """

    facts = Facts()

    def __init__(self, file: BinaryIO, storage: Storage, tiles: Sequence[Tile]) -> None:
        super().__init__(Path(), storage, tiles)
        self._calls = CallbackFile(file)

    def _opened(self) -> Any:
        self._output = av.open(self._calls, "w", format=NUT)
        return self._output.add_stream(self._storage.codec.encoder).codec_context

    def _store(self, packets: Sequence[Any]) -> None:
        for packet in packets:
            packet.pts = packet.dts = self._number
            self._calls.call(self._output.mux, packet)
            self._number += 1

    def close(self) -> None:
        """Write the frames that the encoder still holds, and complete the file."""
        super().close()
        self._calls.call(self._output.close)
