"""Read a video once: decode the frames that are asked for, and pass on packets of other streams."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO, NamedTuple

import av

from convtool.block import Moment
from convtool.errors import ReadError
from convtool.media.policies import Notes, refuse_truncated
from convtool.media.video.header import Header
from convtool.media.video.selection import Selection
from convtool.options.reading import VideoReading

Stream = Any  # PyAV's streams, of several types
Packet = Any  # PyAV's packets of these

GIF_TRAILER = b";"
SLACK = (
    1.5  # frames; a container rounds its duration, and may exceed that of its packets by as much
)


class TimedFrame(NamedTuple):
    """A decoded frame, and when it is shown."""

    frame: av.VideoFrame
    moment: Moment


class StreamPacket(NamedTuple):
    """An encoded packet of audio or subtitles.

    Attributes:
        stream: the number of its stream in the input.
        packet: PyAV's packet.
    """

    stream: int
    packet: Packet


class Decoder:
    """One pass over a video.

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
        self._file, self._name, self._header = file, name, header
        self._reading, self._notes = reading, notes
        self._selection = Selection.of(reading)
        self._count = 0  # frames yielded
        self._previous: Moment | None = None  # of the last frame decoded, in ticks of the input
        self._end = 0.0  # the second at which the packets read so far end

    def read(
        self, container: av.container.InputContainer, stream: Stream, *, company: bool
    ) -> Iterator[TimedFrame | StreamPacket]:
        """Yield frames, and packets of audio and subtitles, in the order of the file.

        Args:
            container: PyAV's container, at its beginning.
            stream: its video stream.
            company: also read the other streams.

        Raises:
            ReadError: the video is damaged or truncated, or has no such frames.
        """
        base: Fraction = stream.time_base
        if self._selection.start:
            ticks = int(self._selection.start / base)
            container.seek(ticks, stream=stream, backward=True)
        for packet in self._packets(container, self._streams(container, stream, company=company)):
            self._note_end(packet)
            if packet.stream is stream:
                yield from self._frames(packet, base)
                if self._is_last(packet, base):
                    break
            elif company and self._is_selected(packet):
                yield StreamPacket(packet.stream.index, packet)
        else:
            if self._count and self._selection.whole:
                self._refuse_incomplete(container)
        if not self._count:
            raise ReadError(f"{self._name}: no frames{self._selection}")

    def _streams(
        self, container: av.container.InputContainer, stream: Stream, *, company: bool
    ) -> list[Stream]:
        """Return the streams to read: all where only their end shows whether the file is whole."""
        ends_by_time = self._selection.whole and not self._header.counted
        if not company and not ends_by_time:
            return [stream]
        return [stream, *container.streams.audio, *container.streams.subtitles]

    def _packets(
        self, container: av.container.InputContainer, streams: list[Stream]
    ) -> Iterator[Packet]:
        packets = container.demux(streams)
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as exc:
                self._refuse(f"it cannot be read further: {exc.strerror}", exc)
                return
            if packet is None:
                return
            yield packet

    def _frames(self, packet: Packet, base: Fraction) -> Iterator[TimedFrame]:
        """Yield the frames of a packet that are asked for."""
        start = int(self._selection.start / base)
        for frame in self._decoded(packet):
            if frame.pts is None:
                frame.pts = self._next_time()
            self._previous = Moment(frame.pts, frame.duration or 0)
            if self._selection.holds(frame.pts * base) and not self._has_all:
                self._count += 1
                yield TimedFrame(frame, Moment(frame.pts - start, frame.duration or 0))

    def _decoded(self, packet: Packet) -> list[av.VideoFrame]:
        try:
            frames: list[av.VideoFrame] = packet.decode()
        except av.FFmpegError as exc:
            self._refuse(f"a frame cannot be decoded: {exc.strerror}", exc)
            return []
        return frames

    def _next_time(self) -> int:
        """Return the time of a frame that does not state one: after the one before it."""
        if self._previous is None:
            return 0
        return self._previous.start + max(1, self._previous.duration)

    def _note_end(self, packet: Packet) -> None:
        if packet.dts is not None and packet.pts is not None and packet.time_base is not None:
            end = (packet.pts + (packet.duration or 0)) * packet.time_base
            self._end = max(self._end, float(end))

    @property
    def _has_all(self) -> bool:
        """True where as many frames were yielded as are asked for."""
        return self._selection.frames is not None and self._count >= self._selection.frames

    def _is_last(self, packet: Packet, base: Fraction) -> bool:
        """Return whether nothing that follows a packet is asked for."""
        end = self._selection.end
        # frames may come up to a second later than their packets
        is_past = end is not None and packet.dts is not None and packet.dts * base > end + 1
        return self._has_all or is_past

    def _is_selected(self, packet: Packet) -> bool:
        """Return whether a packet of another stream is asked for; the one that ends it is empty."""
        ticks = packet.dts if packet.pts is None else packet.pts
        if not packet.size or ticks is None:
            return bool(packet.size)
        # audio may begin before zero, while its decoder starts up
        return self._selection.holds(max(Fraction(0), ticks * packet.time_base))

    def _refuse_incomplete(self, container: av.container.InputContainer) -> None:
        """Compare what was read with what the header declares."""
        header, read = self._header, self._count
        if header.counted and read < header.count:
            self._refuse(f"{read} of {header.count} frames")
        start = (container.start_time or 0) / av.time_base
        declared = (container.duration or 0) / av.time_base
        if not header.counted and self._end + SLACK / header.rate < declared + min(start, 0):
            self._refuse(
                f"{read} of about {header.count} frames, {self._end:.2f} of {declared:.2f} s"
            )
        if container.format.name == "gif" and not self._ends_with(GIF_TRAILER):
            self._refuse(f"{read} frames, no end-of-stream marker")

    def _ends_with(self, trailer: bytes) -> bool:
        place = self._file.tell()
        self._file.seek(-len(trailer), 2)
        end = self._file.read()
        self._file.seek(place)
        return end == trailer

    def _refuse(self, loss: str, cause: Exception | None = None) -> None:
        refuse_truncated(self._notes, self._name, loss, self._reading, cause)
