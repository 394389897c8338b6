"""Join the pieces of a video by copying their packets, beside all that the input carries.

The times are those of a run that divides nothing, and pieces that do not have them are refused.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from typing import Any, TypeVar

from convtool.block import Moment
from convtool.convolve.geometry import Placement
from convtool.errors import IndivisibleError
from convtool.media.callbacks import iterate_outside_main_thread
from convtool.media.divisible import Piece
from convtool.media.ffmpeg import open_container
from convtool.media.video.demux import Packet, second_of
from convtool.media.video.frames import FIRST, FramesEncoder
from convtool.media.video.index import Index
from convtool.media.video.packets import copy_of
from convtool.media.video.passes import StreamPacket
from convtool.media.video.piece import NUT, Facts
from convtool.media.video.read import VideoPart
from convtool.media.video.timeline import Timeline
from convtool.media.video.window import Window
from convtool.media.video.write import VideoEncoder

T = TypeVar("T")

BATCH = 64  # packets that are copied at once
UNEQUAL = "its encoder makes pieces that do not fit together"


class VideoJoiner(VideoEncoder):
    """A video file being joined of pieces, which take the place of blocks."""

    def begin(self, part: VideoPart, placement: Placement, *_: object) -> None:
        """Start the result of a video.

        Raises:
            WriteError: the encoder or the container refuses it.
        """
        super().begin(part, placement)
        self._source = part.source

    def join(self, pieces: Sequence[Piece], moments: Sequence[Moment]) -> None:
        """Copy the packets of all pieces, and those of the input's other streams.

        Args:
            pieces: in order.
            moments: of all frames.

        Raises:
            IndivisibleError: the pieces do not fit together.
        """
        times = _Times(self._timeline, moments, pieces[0].facts, pieces[-1].facts)
        video = times.placed(pieces, self._stream.codec_context.extradata)
        for batch in iterate_outside_main_thread(_batches(self._beside(video))):
            with self._translated():
                self._calls.call(self._copy, batch)

    def _beside(self, video: Iterator[Packet]) -> Iterator[Packet | StreamPacket]:
        """Yield the packets of the video, and those of other streams once their time has come."""
        source, offset = self._source, Window.of(self._source).offset
        others: Iterator[Any] = source.read(source.passed(Index), company=True)
        waiting = next(others, None)
        for packet in video:
            yield packet
            now = second_of(packet, packet.pts)
            while waiting is not None and _begin(waiting.packet) - offset <= now:
                yield waiting
                waiting = next(others, None)
        while waiting is not None:
            yield waiting
            waiting = next(others, None)

    def _copy(self, packets: Sequence[Packet | StreamPacket]) -> None:
        for packet in packets:
            if isinstance(packet, StreamPacket):
                self._tracks.write([packet])
            else:
                packet.stream = self._stream
                self._output.mux(packet)

    def _end(self) -> None:
        """Do nothing: the encoder was given no frame."""


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _begin(packet: Packet) -> Fraction:
    return second_of(packet, packet.dts if packet.pts is None else packet.pts)


class _Times:
    """The times of all frames of an output, which its packets are given.

    Args:
        timeline: of the output.
        moments: when the frames are shown.
        first: of the first piece.
        last: of the last piece.
    """

    def __init__(
        self, timeline: Timeline, moments: Sequence[Moment], first: Facts, last: Facts
    ) -> None:
        self._base = timeline.base
        self._shown = [timeline.convert(moment).start for moment in moments]
        self._decoded = [*(self._shown[0] + tick for tick in first.lead), *self._shown]
        ends = [*self._shown[1:], self._shown[-1] + last.last]
        self._ends = dict(zip(self._shown, ends, strict=True))
        self._count = 0  # of the packets that have been placed

    def placed(self, pieces: Sequence[Piece], header: bytes | None) -> Iterator[Packet]:
        """Yield copies of the packets of all pieces, with the times of the whole.

        Args:
            pieces: in order.
            header: the extradata that all of them must have, if any.

        Raises:
            IndivisibleError: they do not fit together.
        """
        for piece in pieces:
            wanted = set(self._shown[self._count : self._count + piece.count])
            shift: int | None = None
            for packet in packets_of(piece, header):
                tick = Fraction(packet.pts * packet.time_base / self._base)
                if shift is None:
                    shift = self._shown[self._count] - int(tick)
                yield self._copy(packet, tick + shift, wanted)
            if wanted:
                raise IndivisibleError(UNEQUAL)

    def _copy(self, packet: Packet, shown: Fraction, wanted: set[int]) -> Packet:
        """Return a packet at its time, one of those that are wanted."""
        decoded = self._decoded[min(self._count, len(self._decoded) - 1)]
        if shown not in wanted or decoded > shown:
            raise IndivisibleError(UNEQUAL)
        wanted.remove(int(shown))
        self._count += 1
        copy = copy_of(packet)
        copy.time_base = self._base
        copy.pts, copy.dts = int(shown), decoded
        copy.duration = self._ends[copy.pts] - copy.pts
        return copy


def packets_of(piece: Piece, header: bytes | None) -> Iterator[Packet]:
    """Yield the packets of a piece.

    Args:
        piece: a file.
        header: the extradata that it must have; None where packets themselves say it all.

    Raises:
        IndivisibleError: it has another.
        ReadError: it cannot be read.
    """
    with (
        piece.path.open("rb") as file,
        open_container(file, str(piece.path), "piece", (NUT,)) as container,
    ):
        stream = container.streams.video[0]
        if header and stream.codec_context.extradata != header:
            raise IndivisibleError(UNEQUAL)
        for packet in container.demux(stream):
            if packet.size:
                yield packet


class FramesJoiner(FramesEncoder):
    """A folder of images being joined of pieces."""

    def join(self, pieces: Sequence[Piece], moments: Sequence[Moment]) -> None:
        """Write the images of all pieces.

        Args:
            pieces: in order.
            moments: of all frames.

        Raises:
            IndivisibleError: they are not as many.
        """
        for piece in pieces:
            for batch in iterate_outside_main_thread(_batches(packets_of(piece, None))):
                self._store(batch)
        if self._number - FIRST != len(moments):
            raise IndivisibleError(UNEQUAL)

    def close(self) -> None:
        """Do nothing: the encoder was given no frame."""
