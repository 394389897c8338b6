"""Choose how audio is encoded for a container that cannot hold it as it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from operator import attrgetter
from typing import Any

import av

from convtool.media.video.carried import Shape
from convtool.media.video.containers import Container

FEWER = ("7.1", "5.1", "stereo", "mono")  # layouts to mix down to
BIT_RATES = {"aac": 96_000, "libopus": 64_000, "libmp3lame": 96_000}  # per channel
# samples by which encoder and decoder together delay audio, where the container cannot say it
DELAYS = {"libmp3lame": 1105, "ac3": 256}
UNNAMED = "channels"


@dataclass(frozen=True)
class Sound:
    """How audio is encoded.

    Attributes:
        encoder: FFmpeg's name of the encoder.
        rate: samples per second.
        given: the layout that the input's channels are taken for.
        layout: of the output.
        format: FFmpeg's name of the samples that the encoder takes.
        bit_rate: bits per second; 0 for the encoder's own.
        delay: samples to leave out at the beginning, so that the result is not late.
        changed: what is not as in the input, for a note.
    """

    encoder: str
    rate: int
    given: str
    layout: str
    format: str
    bit_rate: int
    delay: int
    changed: str

    @property
    def text(self) -> str:
        """What a note calls it."""
        return f"{av.codec.Codec(self.encoder, 'w').canonical_name}{self.changed}"


def context_for(sound: Sound) -> Any:
    """Return an encoder, not yet opened."""
    context: Any = av.CodecContext.create(sound.encoder, "w")
    configure(context, sound)
    return context


def configure(context: Any, sound: Sound) -> None:
    """Tell an encoder what it gets."""
    context.sample_rate = sound.rate
    context.layout = sound.layout
    context.format = sound.format
    if sound.bit_rate:
        context.bit_rate = sound.bit_rate


@cache
def sound_for(shape: Shape, container: Container) -> Sound | None:
    """Return the best way to encode audio for a container, or None where there is none.

    All channels are kept where one of the container's encoders takes them.

    Args:
        shape: of the audio.
        container: the container.
    """
    given = _named(shape)
    encoders = container.lossless if shape.lossless else container.audio
    if given is None:
        return None
    fewer = [layout for layout in FEWER if av.AudioLayout(layout).nb_channels < shape.channels]
    layouts = dict.fromkeys([given, *_usual(shape.channels), *fewer])
    for layout, (encoder, exact) in product(layouts, _widths(encoders, shape.width)):
        sound = _sound(shape, container, encoder, given, layout, exact)
        if _is_taken(sound):
            return sound
    return None


def _widths(encoders: tuple[str, ...], width: int) -> list[tuple[str, str]]:
    """Return encoders with their formats of samples: those as wide as the input's before others."""
    pairs = []
    for encoder in encoders:
        formats = av.codec.Codec(encoder, "w").audio_formats or []
        wide = [format for format in formats if format.bytes >= width] or formats
        best = min(wide, key=attrgetter("bytes"))
        pairs.append((encoder, best.name, best.bytes >= width))
    return [(encoder, format) for encoder, format, _ in sorted(pairs, key=lambda pair: not pair[2])]


def _sound(
    shape: Shape, container: Container, encoder: str, given: str, layout: str, format: str
) -> Sound:
    rate = _rate(encoder, shape.rate)
    channels = av.AudioLayout(layout).nb_channels
    changed = f", mixed down to {layout}" if channels < shape.channels else ""
    if rate < shape.rate:
        changed += f", at {rate} Hz"
    return Sound(
        encoder,
        rate,
        given,
        layout,
        format,
        channels * BIT_RATES.get(encoder, 0),
        0 if container.timed else DELAYS.get(encoder, 0),
        changed,
    )


def _is_taken(sound: Sound) -> bool:
    try:
        context_for(sound).open()
    except av.FFmpegError:
        return False
    return True


def _named(shape: Shape) -> str | None:
    """Return the layout of audio: its own, or the usual one where it has no name."""
    if UNNAMED not in shape.layout:
        return shape.layout
    return next(_usual(shape.channels), None)


def _usual(channels: int) -> Iterator[str]:
    """Yield the usual layout of a number of channels, where there is one."""
    try:
        yield av.AudioLayout(f"{channels}c").name
    except ValueError:
        return


def _rate(encoder: str, rate: int) -> int:
    """Return the lowest rate of an encoder that loses nothing, or its highest."""
    rates = av.codec.Codec(encoder, "w").audio_rates or [rate]
    return min((each for each in rates if each >= rate), default=max(rates))
