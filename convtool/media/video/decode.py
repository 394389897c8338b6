"""Read a video once: decode the frames that are asked for, and pass on packets of other streams."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO, NamedTuple

import av

from convtool.errors import ReadError
from convtool.media.policies import Notes, refuse_truncated
from convtool.media.video.clock import JUMPING, Clock
from convtool.media.video.header import Header
from convtool.media.video.screen import Screen, TimedFrame
from convtool.media.video.selection import Selection
from convtool.media.video.whole import is_measured_by_time, missing
from convtool.options.reading import VideoReading

Stream = Any  # PyAV's streams, of several types
Packet = Any  # PyAV's packets of these

SEEKABLE = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi"})  # by their indices
MAX_GOP = 2000  # packets that are kept until it is known whether their frames are asked for
LATEST = Fraction(1)  # seconds by which frames may come later than their packets
STARTUP = Fraction(1, 20)  # seconds of audio that a decoder may need before the first sample
ROUNDING = 0.5  # seconds by which a declared duration may exceed what is there


class StreamPacket(NamedTuple):
    """An encoded packet of audio or subtitles.

    Attributes:
        stream: the number of its stream in the input.
        packet: PyAV's packet; its times count from the first frame of the file.
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
        self._end = Fraction(0)  # the second at which the packets read so far end

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
        self._refuse_cut(container.format.name)
        base: Fraction = stream.time_base
        period = round(1 / (self._header.rate * base))
        screen = Screen(self._selection, base, period, timed=self._header.timed)
        for packet in self._wanted(container, stream, company=company):
            if packet.stream is stream:
                yield from self._frames(packet, screen)
                if self._is_last(packet):
                    break
            elif company and self._is_selected(packet):
                yield StreamPacket(packet.stream.index, packet)
        yield from self._counted(screen.end())
        if not self._count:
            raise ReadError(f"{self._name}: no frames{self._selection}")
        self._refuse_short(container)

    def _wanted(
        self, container: av.container.InputContainer, stream: Stream, *, company: bool
    ) -> Iterator[Packet]:
        """Yield packets at their times, from a keyframe on that comes before the first frame."""
        streams = [stream]
        if company or is_measured_by_time(self._file, container.format.name):
            streams += [*container.streams.audio, *container.streams.subtitles]
        name, start = container.format.name, self._selection.start
        clock = Clock(self._header.origin, jumping=name in JUMPING, note=self._notes.note)
        packets = self._packets(container, streams, clock)
        # without times, frames are counted from the first where their order changes
        if not start or not (self._header.timed or stream.codec_context.reorder_depth == 0):
            yield from packets
        elif name in SEEKABLE:
            delay = (2 + stream.codec_context.reorder_depth) / self._header.rate
            first = max(Fraction(0), start - delay) + self._header.origin
            container.seek(int(first / stream.time_base), stream=stream, backward=True)
            yield from packets
        else:
            yield from self._from_keyframe(packets, stream)

    def _packets(
        self, container: av.container.InputContainer, streams: list[Stream], clock: Clock
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
            if clock.correct(packet):
                self._note_end(packet)
                yield packet

    def _from_keyframe(self, packets: Iterator[Packet], stream: Stream) -> Iterator[Packet]:
        """Leave out packets before the last keyframe from which the first frame is decoded."""
        start, kept = self._selection.start, list[Packet]()
        for packet in packets:
            if packet.stream is not stream:
                kept.append(packet)
                continue
            if packet.is_keyframe and _second(packet, packet.pts) <= start:
                kept = [each for each in kept if each.stream is not stream]
            kept.append(packet)
            if len(kept) > MAX_GOP or _second(packet, packet.dts) > start:
                break
        yield from kept
        yield from packets

    def _frames(self, packet: Packet, screen: Screen) -> Iterator[TimedFrame]:
        """Yield the frames of a packet that are asked for."""
        if not packet.size and packet.dts is not None:
            return  # an empty chunk: the frame before it stays on screen
        screen.expect(packet)
        for frame in self._decoded(packet):
            yield from self._counted(screen.show(frame))

    def _counted(self, frames: Iterator[TimedFrame]) -> Iterator[TimedFrame]:
        """Count frames, and yield no more than are asked for."""
        for frame in frames:
            if not self._has_all:
                self._count += 1
                yield frame

    def _decoded(self, packet: Packet) -> list[av.VideoFrame]:
        try:
            frames: list[av.VideoFrame] = packet.decode()
        except av.FFmpegError as exc:
            self._refuse(f"a frame cannot be decoded: {exc.strerror}", exc)
            return []
        return frames

    def _note_end(self, packet: Packet) -> None:
        if packet.size:
            end = _second(packet, packet.pts) + (packet.duration or 0) * packet.time_base
            self._end = max(self._end, end)

    @property
    def _has_all(self) -> bool:
        """True where as many frames were yielded as are asked for."""
        return self._selection.frames is not None and self._count >= self._selection.frames

    def _is_last(self, packet: Packet) -> bool:
        """Return whether nothing that follows a packet is asked for."""
        end = self._selection.end
        is_past = end is not None and _second(packet, packet.dts) > end + LATEST
        return self._has_all or is_past

    def _is_selected(self, packet: Packet) -> bool:
        """Return whether a packet of another stream is asked for; the one that ends it is empty."""
        if not packet.size:
            return False
        ticks = packet.dts if packet.pts is None else packet.pts
        if ticks is None:
            return True
        second = ticks * packet.time_base
        if packet.is_discard and second < -STARTUP:
            return False  # an edit list hides it
        if packet.stream.type == "subtitle":
            return self._is_on_screen(packet)
        # audio may begin before zero, while its decoder starts up
        return self._selection.holds(max(Fraction(0), second))

    def _is_on_screen(self, packet: Packet) -> bool:
        """Return whether a subtitle is shown in the selected time; let it begin no earlier."""
        start = -int(-self._selection.start // packet.time_base)
        early = start - (packet.pts or 0)
        if 0 < early < (packet.duration or 0):
            packet.pts, packet.duration = start, packet.duration - early
            packet.dts = None if packet.dts is None else max(packet.dts, start)
        return self._selection.holds(_second(packet, packet.pts))

    def _refuse_cut(self, format: str) -> None:
        """Refuse a file whose end is missing."""
        loss = missing(self._file, format) if self._selection.whole else None
        if loss is not None:
            self._refuse(loss)

    def _refuse_short(self, container: av.container.InputContainer) -> None:
        """Refuse a file that is shorter than it declares, where nothing else can show it."""
        if not self._selection.whole or not is_measured_by_time(self._file, container.format.name):
            return
        start = Fraction(min(container.start_time or 0, 0), av.time_base)
        declared = Fraction(container.duration or 0, av.time_base) + start - self._header.origin
        if self._end + ROUNDING < declared:
            self._refuse(
                f"{self._count} of about {self._header.count} frames, "
                f"{float(self._end):.2f} of {float(declared):.2f} s"
            )

    def _refuse(self, loss: str, cause: Exception | None = None) -> None:
        refuse_truncated(self._notes, self._name, loss, self._reading, cause)


def _second(packet: Packet, ticks: int | None) -> Fraction:
    """Return the time of a packet; the file's first where it has none."""
    return Fraction(0) if ticks is None else ticks * Fraction(packet.time_base)
