"""Audio as numbers: arrays of NumPy and tables of CSV, of shape (L,) or (L, C).

They state no rate: it is `--rate`, which resamples other files.
"""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from convtool.errors import ReadError
from convtool.limits import refuse_larger
from convtool.media.audio.metadata.model import Metadata
from convtool.media.audio.streams import Samples
from convtool.media.audio.subtypes import levels_of
from convtool.media.csv_file import begins_as_table, read_csv
from convtool.media.npy_file import SIGNATURE, NpyFile
from convtool.options.reading import AudioReading

RATE = 44100  # samples per second, where --rate states none
SNIFFED = 64  # bytes at the beginning of a file
# The types of samples that are read, as NumPy writes them without their byte order.
SUBTYPES = {"i2": "PCM_16", "i4": "PCM_32", "f2": "FLOAT", "f4": "FLOAT", "f8": "DOUBLE"}
TYPES = "int16, int32, float16, float32 and float64"


def open_table(file: BinaryIO, name: str, reading: AudioReading) -> "TableDecoder | None":
    """Return the decoder of a file of numbers; None where it is another file.

    Args:
        file: its bytes, seekable.
        name: of the file, for messages.
        reading: the rate, and the limits.

    Raises:
        ReadError: it is damaged, or holds something else than audio.
    """
    file.seek(0)
    start = file.read(SNIFFED)
    file.seek(0)
    if not start.startswith(SIGNATURE) and not begins_as_table(start):
        return None
    try:
        if start.startswith(SIGNATURE):
            return TableDecoder(_array(file, name, reading), reading)
        table = read_csv(file, name, reading.max_memory)
        return TableDecoder(table.T if len(table) == 1 else table, reading)
    except ValueError as exc:
        raise ReadError(f"{name}: {exc}") from exc


def _array(file: BinaryIO, name: str, reading: AudioReading) -> Samples:
    """Return the samples of a file of NumPy. Shape: (L, C)

    Raises:
        ValueError: they are no audio, or the file is truncated.
    """
    found = NpyFile(file)
    shape, kind = found.shape, found.dtype.str[1:]
    if kind not in SUBTYPES:
        raise ValueError(f"samples of type {found.dtype} are not supported; {TYPES} are")
    if not 1 <= len(shape) <= 2 or (len(shape) == 2 and shape[1] > shape[0]):
        raise ValueError(f"an array of shape {shape}, and (L,) or (L, C) is expected")
    refuse_larger(f"{name}: the array", found.bytes, reading.max_memory)

    def truncated() -> None:
        raise ValueError("truncated: the array ends early")

    samples = found.read(0, shape, truncated)
    return samples[:, None] if samples.ndim == 1 else samples


class TableDecoder:
    """Samples that are in memory.

    Args:
        samples: of shape (L, C).
        reading: the rate.
    """

    slack = 0
    flaw = ""
    layout = 0
    metadata = Metadata()

    def __init__(self, samples: Samples, reading: AudioReading) -> None:
        self.subtype = SUBTYPES[samples.dtype.str[1:]]
        self.levels = levels_of(self.subtype)
        dtype = np.dtype(str(self.levels.dtype).removeprefix("torch."))
        self._samples = np.ascontiguousarray(samples, dtype)
        self.rate = reading.rate or RATE
        self.length, self.channels = samples.shape
        self.declared = self.length
        self.notes = () if reading.rate else (f"no rate is stated: read at {RATE} Hz; --rate HZ",)

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`. Shape: (L, C)"""
        for start in range(0, self.length, length):
            yield self._samples[start : start + length]
