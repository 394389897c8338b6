"""Streams of audio samples: what decoders offer, and what takes and changes it.

A stream can be read more than once. Its blocks are NumPy arrays of shape (L, C), as decoders
deliver them. It must not import a library that decodes.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media.audio.metadata.model import Metadata
from convtool.media.audio.subtypes import FLOAT32, FLOAT64

Samples = NDArray[Any]


class AudioStream(Protocol):
    """Audio samples, block by block."""

    @property
    def rate(self) -> int:
        """Samples per second."""

    @property
    def channels(self) -> int:
        """The number of channels."""

    @property
    def length(self) -> int:
        """Samples per channel; an estimate where only decoding would tell."""

    @property
    def levels(self) -> Levels:
        """How its blocks store samples."""

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples, from the first, in blocks of at most `length`.

        Shape: (L, C)

        Raises:
            ReadError: the file is damaged.
        """


class AudioDecoder(AudioStream, Protocol):
    """An audio file, opened."""

    @property
    def declared(self) -> int | None:
        """Samples per channel that the header declares; None where an end marker is missing."""

    @property
    def slack(self) -> int:
        """Samples per channel that may be missing from a complete file."""

    @property
    def subtype(self) -> str:
        """How the file stores samples, by libsndfile's name."""

    @property
    def layout(self) -> int:
        """The mask of the channels' positions; 0 where they are not known."""

    @property
    def metadata(self) -> Metadata:
        """What the file says beside its samples."""

    @property
    def flaw(self) -> str:
        """What is wrong with the file; empty where nothing is known to be."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of it."""


class MonoStream:
    """The mean of all channels of a stream, as floats.

    Args:
        stream: the stream.
    """

    channels = 1

    def __init__(self, stream: AudioStream) -> None:
        self.rate, self.length = stream.rate, stream.length
        self.levels = float_levels(stream.levels)
        self._stream = stream

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`.

        Shape: (L, 1)
        """
        dtype = numpy_dtype(self.levels)
        scale = dtype.type(self._stream.levels.scale)
        for block in self._stream.blocks(length):
            yield block.mean(1, dtype, keepdims=True) / scale


def float_levels(levels: Levels) -> Levels:
    """Return floats that hold all digits of stored samples, or nearly."""
    return FLOAT64 if levels.wide else FLOAT32


def numpy_dtype(levels: Levels) -> np.dtype[Any]:
    """Return NumPy's type of stored samples.

    >>> numpy_dtype(FLOAT32)
    dtype('float32')
    """
    return np.dtype(str(levels.dtype).removeprefix("torch."))


def regroup(blocks: Iterator[Samples], length: int) -> Iterator[Samples]:
    """Yield samples in blocks of `length`, and the rest at the end or before damage.

    Shape: (L, C) each

    >>> [len(block) for block in regroup(iter([np.zeros((5, 1))] * 3), 6)]
    [6, 6, 3]
    """
    held: list[Samples] = []
    count = 0
    try:
        for block in blocks:
            held.append(block)
            count += len(block)
            if count < length:
                continue
            joined = np.concatenate(held)
            whole = count // length * length
            yield from split(joined[:whole], length)
            held, count = [joined[whole:]], count - whole
    except ReadError:
        if count:
            yield np.concatenate(held)
        raise
    if count:
        yield np.concatenate(held)


def split(samples: Samples, length: int) -> Iterator[Samples]:
    """Yield samples in blocks of `length`, the last one possibly shorter.

    Shape: (L, C)
    """
    for start in range(0, len(samples), length):
        yield samples[start : start + length]


def first_samples(blocks: Iterator[Samples], count: int) -> Iterator[Samples]:
    """Yield the first `count` samples.

    Shape: (L, C) each

    >>> [len(block) for block in first_samples(iter([np.zeros((5, 1))] * 3), 12)]
    [5, 5, 2]
    """
    for block in blocks:
        yield block[:count]
        count -= len(block)
        if count <= 0:
            return


def without_first(blocks: Iterator[Samples], count: int) -> Iterator[Samples]:
    """Yield all samples but the first `count`.

    Shape: (L, C) each

    >>> [len(block) for block in without_first(iter([np.zeros((5, 1))] * 3), 7)]
    [3, 5]
    """
    for block in blocks:
        if count < len(block):
            yield block[count:]
        count = max(0, count - len(block))
