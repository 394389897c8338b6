"""Portable bitmaps of Netpbm: PBM, PGM and PPM, binary and text, one or several images.

`header` and `reader` also serve PAM and PFM, which are formats of their own.
"""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import BinaryIO

import numpy as np
import torch

from convtool.media.image.format import Format, Row
from convtool.media.image.formats.ppm.header import BINARY, PLAIN
from convtool.media.image.formats.ppm.reader import NetpbmReader
from convtool.media.image.metadata import COMMENT, Metadata
from convtool.media.image.reader import ImageInput, Reader
from convtool.media.image.row_writer import RowWriter
from convtool.media.image.samples import Frame, Samples

WHITES = "whites from 1 to 65535"


class Netpbm(Format):
    """What Netpbm's formats have in common: comments are all that they hold beside pixels."""

    holds = frozenset({"text"})
    order = ">"  # of the bytes of a sample

    def losses(self, metadata: Metadata) -> Iterable[str]:
        """Yield what is lost; of texts all but comments."""
        yield from super().losses(metadata)
        if any(keyword != COMMENT for keyword, _ in metadata.text):
            yield f"text dropped except comments, which {self.name} can hold"

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading."""
        return NetpbmReader(file)

    @abstractmethod
    def head(self, like: Frame, metadata: Metadata) -> str:
        """Return the header of a file.

        Args:
            like: a frame of the same shape and type.
            metadata: the input's.
        """

    def held(self, row: int, metadata: Metadata) -> int:
        """Return an estimate of the bytes held while an image is written row by row."""
        del metadata  # it takes no room
        return row

    def rows(self, file: BinaryIO, like: Frame, metadata: Metadata, quality: int) -> RowWriter:
        """Begin a file whose rows follow."""
        del quality  # it is lossless
        file.write(self.head(like, metadata).encode())
        return Plain(file, self.order)

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write a finished image."""
        (frame,) = frames
        writer = self.rows(file, frame, metadata, quality)
        writer.write(frame.samples)
        writer.close()


class Plain:
    """Rows as they are, one behind the other.

    Args:
        file: takes them.
        order: of the bytes of a sample.
    """

    def __init__(self, file: BinaryIO, order: str) -> None:
        self._file, self._order = file, order

    def write(self, rows: Samples) -> None:
        """Write the next rows, alpha last. Shape: (h, W, C)"""
        order = f"{self._order}{rows.dtype.char}"
        self._file.write(rows.astype(order, copy=False).tobytes())

    def close(self) -> None:
        """Do nothing: nothing is left."""


class Ppm(Netpbm):
    """Portable bitmaps: 8 and 16 bits, without transparency."""

    name = "PPM"
    suffixes = (".ppm", ".pgm", ".pnm")
    signatures = (*PLAIN, *BINARY)
    dtypes = (torch.uint8, torch.uint16)
    reads = (
        Row("PBM, text and binary", "1 bit", "grey"),
        Row("PGM, text and binary", WHITES, "grey"),
        Row("PPM, text and binary", WHITES, "RGB"),
    )

    def head(self, like: Frame, metadata: Metadata) -> str:
        """Return the header of a file."""
        height, width = like.samples.shape[:2]
        magic = "P6" if like.channels == 3 else "P5"
        return f"{magic}\n{comments(metadata)}{width} {height}\n{white(like.samples)}\n"


def comments(metadata: Metadata) -> str:
    """Return the lines of a header that hold comments."""
    words = [words for keyword, words in metadata.text if keyword == COMMENT]
    return "".join(f"# {line}\n" for text in words for line in text.splitlines())


def white(samples: Samples) -> int:
    """Return the number that stands for white in samples of integers."""
    return int(np.iinfo(samples.dtype).max)


FORMAT = Ppm()
