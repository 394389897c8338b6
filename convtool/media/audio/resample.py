"""Resample a sound block by block: `soxr`, the library behind librosa's own resampling, with a state between blocks."""

from collections.abc import Iterator

import numpy as np
import soxr

from convtool.levels import Levels
from convtool.media.audio.streams import Samples

QUALITY = "VHQ"


def resampled_length(length: int, rate: int, wanted: int) -> int:
    """Return how many samples a sound has at another rate, the nearest number.

    >>> resampled_length(44100, 44100, 48000)
    48000
    """
    return max(1, round(length * wanted / rate))


def resampled(
    blocks: Iterator[Samples],
    rate: int,
    wanted: int,
    channels: int,
    full: int,
    levels: Levels,
    length: int,
) -> Iterator[Samples]:
    """Yield a sound at another rate, as floats.

    Args:
        blocks: the sound. Shape: (L, C)
        rate: its samples a second.
        wanted: those wanted.
        channels: how many.
        full: the number in `blocks` that stands for 1.
        levels: float32 or float64.
        length: the longest block to yield.
    """
    dtype = np.float64 if levels.wide else np.float32
    stream = soxr.ResampleStream(rate, wanted, channels, dtype=dtype, quality=QUALITY)
    read = made = 0
    for block in blocks:
        read += len(block)
        ready = stream.resample_chunk(np.ascontiguousarray(block / dtype(full), dtype))
        made += len(ready)
        yield from _cut(ready, length)
    rest = stream.resample_chunk(np.empty((0, channels), dtype), last=True)
    lacking = resampled_length(read, rate, wanted) - made
    rest = np.pad(rest[:lacking], ((0, max(0, lacking - len(rest))), (0, 0)))
    yield from _cut(rest, length)


def _cut(samples: Samples, length: int) -> Iterator[Samples]:
    for start in range(0, len(samples), length):
        yield samples[start : start + length]
