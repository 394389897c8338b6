"""Take the sound and the subtitles of a film along.

Packets stay as they are where the container can hold them; sound is encoded anew where it cannot.
"""

from collections import deque
from fractions import Fraction
from typing import Any, Protocol

import av

from convtool.media.video.formats import Container
from convtool.media.video.read import FilmSource, Listener, Packet


class Track(Protocol):
    """One track of an output."""

    def take(self, packet: Packet, late: Fraction) -> None:
        """Write the input's next packet, `late` seconds earlier than it says."""

    def close(self) -> None:
        """Write what is left."""


class Copy:
    """A track whose packets stay as they are.

    Args:
        output: the film being made.
        stream: the input's stream.
    """

    def __init__(self, output: Any, stream: Any) -> None:
        self._output = output
        self._stream = output.add_stream_from_template(stream)

    def take(self, packet: Packet, late: Fraction) -> None:
        """Write a packet, of which the input's own stays untouched."""
        copy: Packet = av.Packet(bytes(packet))
        shift = round(late / packet.time_base)
        copy.time_base, copy.duration, copy.is_keyframe = (
            packet.time_base,
            packet.duration,
            packet.is_keyframe,
        )
        copy.pts = None if packet.pts is None else packet.pts - shift
        copy.dts = None if packet.dts is None else packet.dts - shift
        copy.stream = self._stream
        self._output.mux(copy)

    def close(self) -> None:
        """Nothing is left."""


class Anew:
    """A track of sound that is decoded and encoded as the container wants it.

    Args:
        output: the film being made.
        stream: the input's stream.
        encoder: FFmpeg's name of the encoder.
    """

    def __init__(self, output: Any, stream: Any, encoder: str) -> None:
        self._output = output
        rates = av.codec.Codec(encoder, "w").audio_rates
        rate = stream.codec_context.sample_rate
        self._stream = output.add_stream(
            encoder, rate=rate if not rates or rate in rates else max(rates)
        )
        self._stream.codec_context.layout = stream.codec_context.layout

    def take(self, packet: Packet, late: Fraction) -> None:
        """Write what a packet sounds like."""
        for frame in packet.decode():
            if frame.pts is not None and frame.time_base is not None:
                frame.pts -= round(late / frame.time_base)
            self._output.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder holds."""
        self._output.mux(self._stream.encode(None))


class Tracks:
    """All tracks of a film beside its pictures.

    Args:
        source: the input.
        output: the film being made.
        container: its format.
    """

    def __init__(self, source: FilmSource, output: Any, container: Container) -> None:
        self._late = source.starts
        self._waiting: Listener = deque()
        self._tracks: dict[int, Track] = {}
        with source.opened() as (film, _):
            for stream in (*film.streams.audio, *film.streams.subtitles):
                name = stream.codec_context.name if stream.codec_context else "unknown"
                if _holds(output, stream):
                    self._tracks[stream.index] = Copy(output, stream)
                elif stream.type == "audio" and container.sound:
                    self._tracks[stream.index] = Anew(output, stream, container.sound)
                    source.note(f"sound encoded anew: {container.muxer} cannot hold {name}")
                else:
                    kind = "sound" if stream.type == "audio" else "subtitles"
                    source.note(f"{kind} dropped: {container.muxer} cannot hold {name}")
        if self._tracks:
            source.listeners.append(self._waiting)

    def write(self) -> None:
        """Write what was read so far."""
        while self._waiting:
            index, packet = self._waiting.popleft()
            if index in self._tracks:
                self._tracks[index].take(packet, self._late)

    def close(self) -> None:
        """Write all that is left."""
        self.write()
        for track in self._tracks.values():
            track.close()


def _holds(output: Any, stream: Any) -> bool:
    """Return whether a container can hold a stream as it is."""
    if stream.codec_context is None:
        return False
    names = {stream.codec_context.name, stream.codec_context.codec.canonical_name}
    return bool(names & output.supported_codecs)
