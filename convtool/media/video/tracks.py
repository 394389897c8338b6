"""Carry the audio and the subtitles of a video over to an output.

Packets stay as they are where the container can hold them; other audio is re-encoded.
"""

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, Protocol

import av

from convtool.media.video.decode import StreamPacket
from convtool.media.video.demux import Packet
from convtool.media.video.formats import Container
from convtool.media.video.read import VideoSource


class Track(Protocol):
    """One track of an output."""

    def take(self, packet: Packet, offset: Fraction) -> None:
        """Write the next packet of the input, `offset` seconds earlier than it states."""

    def close(self) -> None:
        """Write what is left."""


class Copy:
    """A track whose packets stay as they are.

    Args:
        output: PyAV's output container.
        stream: the input's stream.
    """

    def __init__(self, output: Any, stream: Any) -> None:
        self._output = output
        self._stream = output.add_stream_from_template(stream)

    def take(self, packet: Packet, offset: Fraction) -> None:
        """Write a copy of a packet; several outputs may share the packet itself."""
        copy: Packet = av.Packet(bytes(packet))
        shift = round(offset / packet.time_base)
        copy.time_base, copy.duration = packet.time_base, packet.duration
        copy.is_keyframe = packet.is_keyframe
        copy.pts = None if packet.pts is None else packet.pts - shift
        copy.dts = None if packet.dts is None else packet.dts - shift
        copy.stream = self._stream
        self._output.mux(copy)

    def close(self) -> None:
        """Do nothing: nothing is held."""


class Reencode:
    """A track of audio that is decoded, and encoded for the container.

    Args:
        output: PyAV's output container.
        stream: the input's stream.
        encoder: FFmpeg's name of the encoder.
    """

    def __init__(self, output: Any, stream: Any, encoder: str) -> None:
        self._output = output
        rates = av.codec.Codec(encoder, "w").audio_rates
        rate = stream.codec_context.sample_rate
        if rates and rate not in rates:
            rate = max(rates)
        self._stream = output.add_stream(encoder, rate=rate)
        self._stream.codec_context.layout = stream.codec_context.layout

    def take(self, packet: Packet, offset: Fraction) -> None:
        """Encode the audio of a packet."""
        for frame in packet.decode():
            if frame.pts is not None and frame.time_base is not None:
                frame.pts -= round(offset / frame.time_base)
            self._output.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder holds."""
        self._output.mux(self._stream.encode(None))


class Tracks:
    """All tracks of an output but its video.

    Args:
        source: the input.
        output: PyAV's output container.
        container: its format.
        note: told what is re-encoded or dropped.
    """

    def __init__(
        self,
        source: VideoSource,
        output: Any,
        container: Container,
        note: Callable[[str], None],
    ) -> None:
        self._offset = source.selection.start - source.header.lead
        self._tracks: dict[int, Track] = {}
        with source.opened() as (opened, _):
            for stream in (*opened.streams.audio, *opened.streams.subtitles):
                track = _track(output, stream, container, note)
                if track is not None:
                    self._tracks[stream.index] = track

    def write(self, packets: Iterable[StreamPacket]) -> None:
        """Write the next packets."""
        for index, packet in packets:
            if index in self._tracks:
                self._tracks[index].take(packet, self._offset)

    def close(self) -> None:
        """Write what is left."""
        for track in self._tracks.values():
            track.close()


def _track(
    output: Any, stream: Any, container: Container, note: Callable[[str], None]
) -> Track | None:
    """Return the track for a stream of the input; None where the container can hold none."""
    if _holds(output, stream):
        return Copy(output, stream)
    name = stream.codec_context.name if stream.codec_context else "an unknown codec"
    reason = f"{container.muxer} cannot hold {name}"
    if stream.type == "audio" and container.audio and stream.codec_context:
        note(f"audio re-encoded: {reason}")
        return Reencode(output, stream, container.audio)
    kind = "audio" if stream.type == "audio" else "subtitles"
    note(f"{kind} dropped: {reason}")
    return None


def _holds(output: Any, stream: Any) -> bool:
    """Return whether a container can hold a stream as it is."""
    if stream.codec_context is None:
        return False
    names = {stream.codec_context.name, stream.codec_context.codec.canonical_name}
    return bool(names & output.supported_codecs)
