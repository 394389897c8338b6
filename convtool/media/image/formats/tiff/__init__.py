"""TIFF: 8 bits by Pillow, everything else by tifffile, in `deep`."""

import io
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

import torch
from PIL import Image, UnidentifiedImageError

from convtool.media.image.format import Format
from convtool.media.image.pillow import PillowReader
from convtool.media.image.reader import ImageInput, Reader
from convtool.media.image.samples import DESCRIPTIVE_TAGS, Frame, Metadata, descriptive


class PlainReader(PillowReader):
    """A TIFF file of 8-bit pages, which Pillow turns upright itself."""

    uniform = False

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Yield the height and width of every page."""
        for index in range(self.count):
            with self.settings():
                self.seek(index)
            width, height = self.image.size
            yield height, width

    def read_exif(self) -> Image.Exif:
        """Return the tags that describe the image."""
        return descriptive(Image.Image.getexif(self.image))


class Tiff(Format):
    """TIFF: 8 and 16 bits and floats, with transparency, metadata and pages."""

    name = "TIFF"
    suffixes = (".tif", ".tiff")
    signatures = (b"II*\0", b"MM\0*", b"MM*\0", b"II\0*", b"MM\0+", b"II+\0")  # as Pillow has them
    dtypes = (torch.uint8, torch.uint16, torch.float32)
    alpha = True
    frames = True
    holds = frozenset({"icc", "exif", "dpi"})

    def open(self, file: ImageInput) -> Reader:
        """Open a file, by tifffile where Pillow would lose depth or cannot open it."""
        from convtool.media.image.formats.tiff import deep  # noqa: PLC0415  # takes 0.2 s

        plain = None
        with suppress(UnidentifiedImageError):
            plain = PlainReader(self.name, file, frames=True)
        pages = deep.pages_of(file)
        if plain is None:
            return deep.DeepReader(file, pages)
        return deep.DeepReader(file, pages, plain.metadata) if deep.is_deep(pages[0]) else plain

    def losses(self, metadata: Metadata) -> Iterable[str]:
        """Yield what is lost; of EXIF tags all but the few that mean the same in every file."""
        yield from super().losses(metadata)
        if metadata.exif is not None and not set(metadata.exif) <= set(DESCRIPTIVE_TAGS):
            yield "EXIF dropped except the tags that describe the image and its camera"

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write finished images, deep colour ones by tifffile."""
        memory = io.BytesIO()  # libtiff prints its errors for a file; tifffile needs one by name
        first = frames[0]
        if first.fits_pillow:
            super().save(memory, frames, metadata, quality)
        else:
            from convtool.media.image.formats.tiff import deep  # noqa: PLC0415  # takes 0.2 s

            deep.save(memory, frames, metadata)
        file.write(memory.getbuffer())

    def options(self, frames: Sequence[Frame], metadata: Metadata, quality: int) -> dict[str, Any]:
        """Return Pillow's options for saving."""
        return super().options(frames, metadata, quality) | {"compression": "tiff_adobe_deflate"}

    def exif(self, metadata: Metadata) -> bytes:
        """Return the tags that describe the image."""
        return b"" if metadata.exif is None else descriptive(metadata.exif).tobytes()

    def timing(self, frames: Sequence[Frame], metadata: Metadata) -> dict[str, Any]:
        """Return no options: pages have no durations."""
        del frames, metadata
        return {}


FORMAT = Tiff()
