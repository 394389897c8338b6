"""PFM, Netpbm's format of floats."""

from typing import BinaryIO

import torch

from convtool.media.image.format import Row
from convtool.media.image.formats.ppm import Netpbm
from convtool.media.image.formats.ppm.header import FLOATS
from convtool.media.image.metadata import Metadata
from convtool.media.image.row_writer import RowWriter
from convtool.media.image.samples import Frame, Samples


class Pfm(Netpbm):
    """PFM: floats, in grey or RGB, without anything beside them."""

    name = "PFM"
    suffixes = (".pfm",)
    signatures = FLOATS
    dtypes = (torch.float32,)
    holds = frozenset()
    order = "<"
    reads = (Row("floats", "32 bits, both byte orders", "grey or RGB"),)

    def head(self, like: Frame, metadata: Metadata) -> str:
        """Return the header of a file."""
        del metadata  # there is no room for comments
        height, width = like.samples.shape[:2]
        magic = "PF" if like.channels == 3 else "Pf"
        return f"{magic}\n{width} {height}\n-1.0\n"

    def rows(self, file: BinaryIO, like: Frame, metadata: Metadata, quality: int) -> RowWriter:
        """Begin a file whose rows follow."""
        rows = super().rows(file, like, metadata, quality)
        return Upwards(file, like, rows)


class Upwards:
    """Rows from the last one, which comes first in the file.

    Args:
        file: where they go; seekable.
        like: a frame of the same shape and type.
        rows: writes some of them.
    """

    def __init__(self, file: BinaryIO, like: Frame, rows: RowWriter) -> None:
        self._file, self._rows = file, rows
        self._row = like.samples[:1].nbytes
        self._start = file.tell()
        self._left = len(like.samples)

    def write(self, rows: Samples) -> None:
        """Write the next rows. Shape: (h, W, C)"""
        self._left -= len(rows)
        self._file.seek(self._start + self._left * self._row)
        self._rows.write(rows[::-1])

    def close(self) -> None:
        """Do nothing: nothing is left."""


FORMAT = Pfm()
