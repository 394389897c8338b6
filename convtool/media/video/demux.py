"""Yield the packets of a video at their times, from a keyframe on that comes before a second."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import Any

import av

from convtool.errors import IndivisibleError
from convtool.media.video.clock import JUMPING, Clock
from convtool.media.video.header import Header
from convtool.media.video.reach import Key

Stream = Any  # PyAV's streams, of several types
Packet = Any  # PyAV's packets of these

SEEKABLE = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "avi"})  # by their indices
WARM_UP = Fraction(1, 4)  # seconds that a decoder of audio may need before its first good sample
MAX_GOP = 2000  # packets that are kept until it is known whether their frames are asked for


class Demuxer:
    """One pass over the packets of a file.

    Args:
        container: PyAV's container, at its beginning.
        header: of the video.
        start: the second after the first frame from which on frames are asked for.
        note: told where times jump.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        header: Header,
        start: Fraction,
        note: Callable[[str], None],
    ) -> None:
        self._container, self._header, self._start = container, header, start
        self._clock = Clock(header.origin, jumping=container.format.name in JUMPING, note=note)

    def packets(self, streams: Sequence[Stream]) -> Iterator[Packet]:
        """Yield packets whose times count from the first frame.

        Args:
            streams: to read, first the video.

        Raises:
            FFmpegError: the file cannot be read further.
        """
        video = streams[0]
        seekable = self._container.format.name in SEEKABLE
        # without times, frames are counted from the first where their order changes
        if not self._start or not (self._header.timed or video.codec_context.reorder_depth == 0):
            yield from self._all(streams)
        elif seekable:
            delay = (2 + video.codec_context.reorder_depth) / self._header.rate
            first = max(Fraction(0), self._start - max(delay, WARM_UP)) + self._header.origin
            self._container.seek(int(first / video.time_base), stream=video, backward=True)
            yield from self._all(streams)
        else:
            yield from self._from_keyframe(self._all(streams), video)

    def packets_from(self, streams: Sequence[Stream], key: Key) -> Iterator[Packet]:
        """Yield packets whose times count from the first frame, the video's from a key frame on.

        Args:
            streams: to read, first the video.
            key: the packet.

        Raises:
            FFmpegError: the file cannot be read further.
            IndivisibleError: there is no such packet.
        """
        video = streams[0]
        if self._container.format.name in SEEKABLE:
            tick = key.decoded + round(self._header.origin / video.time_base)
            with suppress(av.FFmpegError):  # then it is read from the beginning
                self._container.seek(tick, stream=video, backward=True)
        has_begun = False
        for packet in self._all(streams):
            if packet.stream is video and not has_begun:
                has_begun = packet.is_keyframe and packet.pts == key.shown
                if not has_begun:
                    continue
            yield packet
        if not has_begun:
            raise IndivisibleError("its key frames are not found where its packets promise them")

    def _all(self, streams: Sequence[Stream]) -> Iterator[Packet]:
        for packet in self._container.demux(list(streams)):
            if self._clock.correct(packet):
                yield packet

    def _from_keyframe(self, packets: Iterator[Packet], video: Stream) -> Iterator[Packet]:
        """Leave out packets before the last keyframe from which the first frame is decoded."""
        kept = list[Packet]()
        for packet in packets:
            if packet.stream is not video:
                kept.append(packet)
                continue
            if packet.is_keyframe and second_of(packet, packet.pts) <= self._start:
                kept = [each for each in kept if each.stream is not video]
            kept.append(packet)
            if len(kept) > MAX_GOP or second_of(packet, packet.dts) > self._start:
                break
        yield from kept
        yield from packets


def second_of(packet: Packet, ticks: int | None) -> Fraction:
    """Return the time of a packet; the file's first where it has none."""
    return Fraction(0) if ticks is None else ticks * Fraction(packet.time_base)
