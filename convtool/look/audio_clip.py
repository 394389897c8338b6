"""Keep audio as something to be heard: without loss where it is short, else as Opus.

Opus in WebM is played by Chromium, Firefox and Safari. Its bit rate is what a page has room for.
"""

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from convtool.levels import Levels
from convtool.look.clip import Behind, Clip

LOSSLESS_BYTES = 700_000  # of a WAV file
BYTES = 1_080_000  # of an Opus file: with another one beside it, ten minutes fit in 4 MB of text
LEAST_RATE, MOST_RATE = 8_000, 96_000  # of a WAV file that every browser plays
OPUS_RATES = 8_000, 12_000, 16_000, 24_000, 48_000
PLAIN_BITS, PLAIN_RATE = 20_000, 24_000  # few bits carry no more than 12 kHz
LEAST_BITS, STEREO_BITS, MOST_BITS = 14_000, 40_000, 128_000  # per second
EFFORT = "0"  # of the encoder: a fifth of the time of its usual 10, at the same size
CHUNK = 48_000  # samples per call of the encoder

Samples = NDArray[np.float32]


class AudioClip:
    """Keeps what is heard of a part, or of its result.

    Args:
        length: samples of the part, which may be an estimate.
        rate: of them, per second.
        levels: how they are stored.
        channels: those that are heard, one or two.
    """

    def __init__(self, length: int, rate: float, levels: Levels, channels: Sequence[int]) -> None:
        self._levels, self._channels = levels, list(channels)
        plain = round(rate) == rate and LEAST_RATE <= rate <= MOST_RATE
        size = length * len(channels) * (2 if _is_short(levels) else 4)
        file = _Wave if plain and size <= LOSSLESS_BYTES else _Opus
        self._file: _Wave | _Opus = file(length, rate, len(channels), short=_is_short(levels))
        self._clip: Clip | None = None

    def take(self, samples: Tensor, start: int) -> None:
        """Take the next block."""
        del start  # blocks follow each other
        heard = samples[self._channels].numpy()
        if _is_short(self._levels) and isinstance(self._file, _Wave):
            self._file.write(heard)
            return
        self._file.write((heard / np.float32(self._levels.scale)).astype(np.float32))

    @property
    def clip(self) -> Clip:
        """What is heard, once all blocks have been taken."""
        if self._clip is None:
            self._clip = self._file.close()
        return self._clip


def _is_short(levels: Levels) -> bool:
    """Return whether samples are those of a 16-bit file."""
    return not levels.floats and levels.signed and levels.scale == 2**15


class _Wave:
    """A WAV file with all samples as they are.

    Args:
        length: samples that will come, about; no more are kept than twice as many.
        rate: samples per second.
        channels: one or two.
        short: samples have 16 bits, else they are floats.
    """

    def __init__(self, length: int, rate: float, channels: int, *, short: bool) -> None:
        del channels
        self._rate, self._short = round(rate), short
        self._room = 2 * max(1, length)
        self._kept: list[NDArray[Any]] = []

    def write(self, samples: NDArray[Any]) -> None:
        """Take the next samples. Shape: (C, L)"""
        self._kept.append(samples[:, : self._room])
        self._room -= self._kept[-1].shape[1]

    def close(self) -> Clip:
        """Return the file."""
        import soundfile  # noqa: PLC0415  # loads a library

        samples = np.concatenate(self._kept, axis=1).T
        file, subtype = io.BytesIO(), "PCM_16" if self._short else "FLOAT"
        soundfile.write(file, samples, self._rate, subtype, format="WAV")
        return Clip(file.getvalue(), "audio/wav", len(samples), self._rate, "")


class _Opus:
    """A WebM file of Opus, encoded while samples come.

    Args:
        length: samples that will come, about.
        rate: of them, per second.
        channels: one or two.
        short: unused.
    """

    def __init__(self, length: int, rate: float, channels: int, *, short: bool) -> None:
        import av  # noqa: PLC0415  # loads a library

        del short
        bits = min(MOST_BITS, BYTES * 8 * rate / max(1, length))
        self._bits = max(LEAST_BITS, int(bits))
        self._most = int(BYTES * 8 / self._bits * rate)
        self._channels, self._rate = channels, rate
        self._mixed = channels == 2 and self._bits < STEREO_BITS
        self._read, self._written = 0, 0
        self._coded = coded_rate(rate, self._bits)
        self._behind = Behind()
        self._held: Samples = np.zeros((1 if self._mixed else channels, 0), np.float32)
        self._memory = io.BytesIO()
        self._output = av.open(self._memory, "w", format="webm")
        options = {"compression_level": EFFORT, "frame_duration": "120", "vbr": "off"}
        self._stream = self._output.add_stream("libopus", rate=self._coded, options=options)
        self._stream.bit_rate = self._bits
        self._stream.layout, self._stream.format = self._layout, "flt"
        self._resampler = _resampler(rate, self._coded, len(self._held))

    @property
    def _layout(self) -> str:
        return "mono" if len(self._held) == 1 else "stereo"

    def write(self, samples: Samples) -> None:
        """Take the next samples. Shape: (C, L)"""
        samples = samples[:, : max(0, self._most - self._read)]
        if not samples.shape[1]:
            return
        self._read += samples.shape[1]
        self._behind.call(self._take, samples)

    def _take(self, samples: Samples) -> None:
        if self._mixed:
            samples = samples.mean(0, keepdims=True)
        self._encode(self._resampled(samples, last=False))

    def _resampled(self, samples: Samples, *, last: bool) -> Samples:
        if self._resampler is None:
            return samples
        made = self._resampler.resample_chunk(np.ascontiguousarray(samples.T), last=last)
        return np.ascontiguousarray(made.T)

    def _encode(self, samples: Samples, *, last: bool = False) -> None:
        """Encode samples, in chunks of one length but for the last."""
        import av  # noqa: PLC0415

        joined = np.concatenate([self._held, samples.clip(-1, 1)], axis=1)
        end = joined.shape[1] if last else joined.shape[1] // CHUNK * CHUNK
        for start in range(0, end, CHUNK):
            chunk = joined[:, start : min(end, start + CHUNK)]
            packed = np.ascontiguousarray(chunk.T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(packed, format="flt", layout=self._layout)
            frame.sample_rate, frame.pts = self._coded, self._written
            frame.time_base = Fraction(1, self._coded)
            self._written += chunk.shape[1]
            self._output.mux(self._stream.encode(frame))
        self._held = joined[:, end:].copy()

    def close(self) -> Clip:
        """Return the file."""
        self._behind.call(self._finish)
        self._behind.finish()
        reduced = f"Opus at {self._bits / 1000:.0f} kbit/s"
        if self._mixed:
            reduced += ", both channels mixed to one"
        return Clip(self._memory.getvalue(), "audio/webm", self._read, self._rate, reduced)

    def _finish(self) -> None:
        rest: Samples = np.zeros((len(self._held), 0), np.float32)
        self._encode(self._resampled(rest, last=True), last=True)
        self._output.mux(self._stream.encode(None))
        self._output.close()


def coded_rate(rate: float, bits: int) -> int:
    """Return the sample rate at which Opus is given audio: all that it can carry.

    Args:
        rate: of the audio.
        bits: per second of the file.

    >>> coded_rate(44100, 96000), coded_rate(44100, 14000), coded_rate(11025, 96000)
    (48000, 24000, 12000)
    """
    most = PLAIN_RATE if bits < PLAIN_BITS else OPUS_RATES[-1]
    return next((known for known in OPUS_RATES if known >= min(rate, most)), most)


def _resampler(rate: float, coded: int, channels: int) -> Any:
    """Return what brings samples to another rate; None where they are at it."""
    if rate == coded:
        return None
    import soxr  # noqa: PLC0415  # loads a library

    return soxr.ResampleStream(rate, coded, channels, dtype="float32", quality="HQ")
