"""Portable bitmaps of Netpbm: PBM, PGM and PPM, binary and text, one or several images.

`header` and `reader` also serve PAM and PFM, which are formats of their own.
"""

from collections.abc import Iterable, Sequence
from typing import BinaryIO

import numpy as np
import torch

from convtool.media.image.format import Format, Row
from convtool.media.image.formats.ppm.header import BINARY, PLAIN
from convtool.media.image.formats.ppm.reader import NetpbmReader
from convtool.media.image.metadata import COMMENT, Metadata
from convtool.media.image.reader import ImageInput, Reader
from convtool.media.image.samples import Frame, Samples

WHITES = "whites from 1 to 65535"


class Netpbm(Format):
    """What Netpbm's formats have in common: comments are all that they hold beside pixels."""

    holds = frozenset({"text"})

    def losses(self, metadata: Metadata) -> Iterable[str]:
        """Yield what is lost; of texts all but comments."""
        yield from super().losses(metadata)
        if any(keyword != COMMENT for keyword, _ in metadata.text):
            yield f"text dropped except comments, which {self.name} can hold"

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading."""
        return NetpbmReader(file)


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

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write a finished image."""
        del quality  # it is lossless
        (frame,) = frames
        height, width = frame.samples.shape[:2]
        magic = "P6" if frame.channels == 3 else "P5"
        head = f"{magic}\n{comments(metadata)}{width} {height}\n{white(frame.samples)}\n"
        file.write(head.encode())
        file.write(big_endian(frame.samples))


def comments(metadata: Metadata) -> str:
    """Return the lines of a header that hold comments."""
    words = [words for keyword, words in metadata.text if keyword == COMMENT]
    return "".join(f"# {line}\n" for text in words for line in text.splitlines())


def white(samples: Samples) -> int:
    """Return the number that stands for white in samples of integers."""
    return int(np.iinfo(samples.dtype).max)


def big_endian(samples: Samples) -> bytes:
    """Return samples in the order of Netpbm's bytes."""
    return samples.astype(samples.dtype.newbyteorder(">"), copy=False).tobytes()


FORMAT = Ppm()
