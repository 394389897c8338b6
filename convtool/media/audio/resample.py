"""Resample a stream block by block with soxr, the library behind librosa's own resampling."""

from collections.abc import Iterator

import numpy as np
import soxr

from convtool.media.audio.streams import AudioStream, Samples, float_levels, numpy_dtype, split

QUALITY = "VHQ"


class ResampledStream:
    """A stream at another rate, as floats.

    Args:
        stream: the stream.
        rate: samples per second of the result.
    """

    def __init__(self, stream: AudioStream, rate: int) -> None:
        self.rate, self.channels = rate, stream.channels
        self.length = resampled_length(stream.length, stream.rate, rate)
        self.levels = float_levels(stream.levels)
        self._stream = stream

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`.

        Shape: (L, C)
        """
        dtype = numpy_dtype(self.levels)
        scale = dtype.type(self._stream.levels.scale)
        resampler = soxr.ResampleStream(
            self._stream.rate, self.rate, self.channels, dtype=dtype, quality=QUALITY
        )
        read = made = 0
        for block in self._stream.blocks(length):
            read += len(block)
            floats = np.ascontiguousarray(block / scale, dtype)
            ready = resampler.resample_chunk(floats)
            made += len(ready)
            yield from split(ready, length)
        rest = resampler.resample_chunk(np.empty((0, self.channels), dtype), last=True)
        missing = resampled_length(read, self._stream.rate, self.rate) - made
        yield from split(_with_length(rest, missing), length)


def resampled_length(length: int, rate: int, wanted: int) -> int:
    """Return how many samples audio has at another rate: the nearest whole number, at least 1.

    >>> resampled_length(44100, 44100, 48000)
    48000
    """
    return max(1, round(length * wanted / rate))


def _with_length(samples: Samples, length: int) -> Samples:
    """Return the first samples, followed by zeros up to a length."""
    kept = samples[: max(0, length)]
    return np.pad(kept, ((0, max(0, length - len(kept))), (0, 0)))
