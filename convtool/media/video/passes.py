"""Go through the packets of a video once: what every pass over a file has in common.

A subclass says what becomes of the packets of the video; those of the other streams are passed on
as they are.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO, NamedTuple

import av

from convtool.errors import ReadError
from convtool.media.policies import Notes, refuse_truncated
from convtool.media.video.carried import beside
from convtool.media.video.demux import WARM_UP, Demuxer, Packet, Stream, second_of
from convtool.media.video.header import Header
from convtool.media.video.screen import Screen, TimedFrame
from convtool.media.video.selection import Selection
from convtool.media.video.whole import is_measured, missing
from convtool.options.reading import VideoReading

LATEST = Fraction(1)  # seconds by which frames may come later than their packets
STARTUP = Fraction(1, 20)  # seconds of audio that a decoder may need before the first sample
ROUNDING = 1  # seconds by which a declared duration may exceed what is there


class StreamPacket(NamedTuple):
    """An encoded packet of audio or subtitles.

    Attributes:
        stream: the number of its stream in the input.
        packet: PyAV's packet; its times count from the first frame of the file.
    """

    stream: int
    packet: Packet


class Pass(ABC):
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
        by_time = is_measured(container.format.name, stream.frames)
        streams = [stream]
        if company or by_time:
            streams += beside(container, stream)
        demuxer = Demuxer(container, self._header, self._selection.start, self._notes.note)
        for packet in self._readable(self._packets(demuxer, streams)):
            if packet.stream is stream:
                yield from self._frames(packet, screen)
                if self._is_last(packet):
                    break
            elif company and self._is_selected(packet):
                yield StreamPacket(packet.stream.index, packet)
        yield from self._rest(screen)
        self._tell()
        if by_time and self._selection.whole:
            self._refuse_short(container)

    def _packets(self, demuxer: Demuxer, streams: list[Stream]) -> Iterator[Packet]:
        """Yield the packets of streams, first the video's, that are read."""
        return demuxer.packets(streams)

    @abstractmethod
    def _frames(self, packet: Packet, screen: Screen) -> Iterator[TimedFrame]:
        """Yield the frames of a packet of the video that are asked for."""

    @abstractmethod
    def _rest(self, screen: Screen) -> Iterator[TimedFrame]:
        """Yield the frames that are still to come after the last packet."""

    def _tell(self) -> None:
        """Note what was seen on the way, once all frames have been yielded."""
        if not self._count:
            raise ReadError(f"{self._name}: no frames{self._selection}")

    def _readable(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        """Yield packets as far as they can be read."""
        while True:
            try:
                packet = next(packets, None)
            except av.FFmpegError as exc:
                self._refuse(f"it cannot be read further: {exc.strerror}", exc)
                return
            if packet is None:
                return
            self._note_end(packet)
            yield packet

    def _counted(self, frames: Iterator[TimedFrame]) -> Iterator[TimedFrame]:
        """Count frames, and yield no more than are asked for."""
        for frame in frames:
            if not self._has_all:
                self._count += 1
                yield frame

    def _note_end(self, packet: Packet) -> None:
        if packet.size:
            end = second_of(packet, packet.pts) + (packet.duration or 0) * packet.time_base
            self._end = max(self._end, end)

    @property
    def _has_all(self) -> bool:
        """True where as many frames were yielded as are asked for."""
        return self._selection.frames is not None and self._count >= self._selection.frames

    def _is_last(self, packet: Packet) -> bool:
        """Return whether nothing that follows a packet is asked for."""
        end = self._selection.end
        is_past = end is not None and second_of(packet, packet.dts) > end + LATEST
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
        start = self._selection.start
        earliest = start - WARM_UP if start else second  # audio may begin before the first frame
        return bool(second >= earliest and self._selection.holds(max(second, start)))

    def _is_on_screen(self, packet: Packet) -> bool:
        """Return whether a subtitle is shown in the selected time; let it begin no earlier."""
        start = -int(-self._selection.start // packet.time_base)
        early = start - (packet.pts or 0)
        if 0 < early < (packet.duration or 0):
            packet.pts, packet.duration = start, packet.duration - early
            packet.dts = None if packet.dts is None else max(packet.dts, start)
        return self._selection.holds(second_of(packet, packet.pts))

    def _refuse_cut(self, format: str) -> None:
        """Refuse a file whose end is missing."""
        loss = missing(self._file, format) if self._selection.whole else None
        if loss is not None:
            self._refuse(loss)

    def _refuse_short(self, container: av.container.InputContainer) -> None:
        """Refuse a file that is shorter than it declares, where nothing else can show it."""
        start = Fraction(min(container.start_time or 0, 0), av.time_base)
        declared = Fraction(container.duration or 0, av.time_base) + start - self._header.origin
        if self._end + ROUNDING < declared:
            self._refuse(
                f"{self._count} of about {self._header.count} frames, "
                f"{float(self._end):.2f} of {float(declared):.2f} s"
            )

    def _refuse(self, loss: str, cause: Exception | None = None) -> None:
        refuse_truncated(self._notes, self._name, loss, self._reading, cause)
