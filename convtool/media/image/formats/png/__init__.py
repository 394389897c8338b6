"""PNG and animated PNG, in all of their depths: the file is taken apart and put together here.

`chunks` knows how a file is laid out, `layout` how pixels are stored, `pixels` decodes them,
`animation` knows frames, `text` and `metadata` what lies beside them; `writer` writes files.
"""

from collections.abc import Iterable, Sequence
from typing import BinaryIO

import torch

from convtool.media.image.format import Format
from convtool.media.image.formats.png import text, writer
from convtool.media.image.formats.png.chunks import SIGNATURE
from convtool.media.image.formats.png.deflating import BAND
from convtool.media.image.formats.png.layout import ROWS
from convtool.media.image.formats.png.reader import PngReader
from convtool.media.image.metadata import Metadata
from convtool.media.image.reader import ImageInput, Reader
from convtool.media.image.row_writer import RowWriter
from convtool.media.image.samples import Frame
from convtool.media.image.timing import FRACTIONS

COPIES = 24  # of a band: filtered and deflated, by several threads


class Png(Format):
    """PNG: 8 and 16 bits, with transparency, metadata and animations."""

    name = "PNG"
    suffixes = (".png", ".apng")
    signatures = (SIGNATURE,)
    dtypes = (torch.uint8, torch.uint16)
    alpha = True
    frames = True
    timed = True
    clock = FRACTIONS
    repeats = True
    hides = True
    reads = ROWS
    holds = frozenset({"icc", "exif", "dpi", "xmp", "iptc", "text", "colour", "chunks"})

    def losses(self, metadata: Metadata) -> Iterable[str]:
        """Yield what is lost: texts with keywords that PNG cannot hold."""
        yield from super().losses(metadata)
        for keyword, _ in metadata.text:
            if not text.fits(keyword):
                yield f"text '{keyword}' dropped: keywords of PNG are 1 to 79 Latin letters"

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading."""
        return PngReader(file)

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write finished images."""
        del quality  # it is lossless
        writer.save(file, frames, metadata, self.exif(metadata))

    def held(self, row: int, metadata: Metadata) -> int:
        """Return an estimate of the bytes held while an image is written row by row."""
        del metadata  # it takes no room
        return COPIES * max(row, BAND)

    def rows(self, file: BinaryIO, like: Frame, metadata: Metadata, quality: int) -> RowWriter:
        """Begin a file of one image, whose rows follow."""
        del quality  # it is lossless
        return writer.rows(file, like, metadata, self.exif(metadata))


FORMAT = Png()
