"""Windows bitmaps: read by modules of this folder, as libraries differ in bit fields and OS/2."""

from convtool.media.image.format import Format
from convtool.media.image.formats.bmp.header import ROWS
from convtool.media.image.formats.bmp.reader import BmpReader
from convtool.media.image.reader import ImageInput, Reader


class Bmp(Format):
    """BMP: written in 8 bits, without transparency or metadata but the resolution."""

    name = "BMP"
    suffixes = (".bmp", ".dib")
    signatures = (b"BM",)
    holds = frozenset({"dpi"})
    reads = ROWS

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading."""
        return BmpReader(file)


FORMAT = Bmp()
