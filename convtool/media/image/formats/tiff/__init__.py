"""TIFF: read and written by modules of this folder, which decode by imagecodecs.

What is read is an allowlist, in `models`. Neither Pillow nor libtiff is asked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import BinaryIO

import torch

from convtool.media.image.format import Format
from convtool.media.image.formats.tiff import stacks
from convtool.media.image.formats.tiff.models import ROWS
from convtool.media.image.metadata import Metadata
from convtool.media.image.reader import ImageInput, Reader
from convtool.media.image.row_writer import RowWriter
from convtool.media.image.samples import Frame


class Tiff(Format):
    """TIFF: 8 and 16 bits and floats, bands, transparency, pages and metadata."""

    name = "TIFF"
    suffixes = (".tif", ".tiff")
    signatures = (b"II*\0", b"MM\0*", b"MM*\0", b"II\0*", b"MM\0+", b"II+\0")
    dtypes = (torch.uint8, torch.uint16, torch.float32)
    alpha = True
    frames = True
    varied = True
    banded = True
    holds = frozenset(
        {"icc", "exif", "dpi", "xmp", "iptc", "text", "geo", "density", "stack", "pyramid"}
    )
    reads = ROWS

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading."""
        from convtool.media.image.formats.tiff.reader import (  # noqa: PLC0415  # needs imagecodecs
            TiffReader,
        )

        return TiffReader(file)

    def losses(self, metadata: Metadata) -> Iterable[str]:
        """Yield what is lost; of texts and colours those without a tag that means the same."""
        from convtool.media.image.formats.tiff import page_tags  # noqa: PLC0415  # the same

        rest = {name: data for name, data in metadata.colour.items() if name != "cHRM"}
        yield from super().losses(replace(metadata, colour=rest))
        lost = [word for word, _ in metadata.text if word not in page_tags.KEYWORDS]
        if lost:
            yield f"text dropped, for which TIFF has no tag: {', '.join(dict.fromkeys(lost))}"

    def unfit(self, frames: Sequence[Frame], metadata: Metadata) -> Iterable[str]:
        """Yield what does not hold for the finished images."""
        from convtool.media.image.formats.tiff import writer  # noqa: PLC0415  # the same

        yield from super().unfit(frames, metadata)
        if (metadata.pyramid or metadata.tile) and writer.is_stack(frames, metadata):
            what = "reduced images" if metadata.pyramid else "tiles"
            yield f"no {what}: they would not lie in one piece, as ImageJ expects"
        if metadata.stack and not stacks.describes(metadata.stack, frames):
            yield "description of a stack dropped: the result is not of its sizes and type"

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write finished images."""
        from convtool.media.image.formats.tiff import writer  # noqa: PLC0415  # the same

        del quality  # it is lossless
        writer.save(file, frames, metadata)

    def held(self, row: int, metadata: Metadata) -> int | None:
        """Return an estimate of the bytes held while an image is written row by row."""
        from convtool.media.image.formats.tiff import writer  # noqa: PLC0415  # the same

        return writer.held(row, metadata)

    def rows(self, file: BinaryIO, like: Frame, metadata: Metadata, quality: int) -> RowWriter:
        """Begin a file of one page, whose rows follow."""
        from convtool.media.image.formats.tiff import writer  # noqa: PLC0415  # the same

        del quality  # it is lossless
        return writer.rows(file, like, metadata)


FORMAT = Tiff()
