"""PNG and animated PNG: 8 bits by Pillow, 16-bit colour by OpenCV."""

import io
import math
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image

from convtool.limits import refuse_larger
from convtool.media.image import opencv
from convtool.media.image.format import Format
from convtool.media.image.pillow import PillowReader
from convtool.media.image.samples import Frame, Metadata, Pixels

LEVEL = 1  # level 6, the usual one, takes four times as long for files 5 % smaller
SIGNATURE = b"\x89PNG\r\n\x1a\n"
TEXT = (b"eXIf", b"iTXt", b"tEXt", b"zTXt")  # chunks that can hold EXIF tags
IMAGE_DATA = b"IDAT"
BYTES_PER_PIXEL = 4  # at most, in Pillow's memory


class PngReader(PillowReader):
    """A PNG file."""

    @property
    def _sixteen_bit(self) -> bool:
        """True for 16-bit colour, which Pillow would reduce to 8 bits."""
        if self.count > 1 or self.image.mode not in ("RGB", "RGBA", "LA"):
            return False
        return any(";16" in str(tile.args) for tile in getattr(self.image, "tile", ()))

    def dtype(self, mode: str) -> torch.dtype:
        """Return the type of samples of a plain mode."""
        return torch.uint16 if self._sixteen_bit else super().dtype(mode)

    def pixels(self) -> Pixels:
        """Return the frame that Pillow is at."""
        return self._pixels_by_opencv() if self._sixteen_bit else super().pixels()

    def _pixels_by_opencv(self) -> Pixels:
        self.file.stream.seek(0)
        data = self.file.stream.read()
        if not self.file.reading.allow_truncated:
            with self.settings():  # OpenCV does not report that a file is truncated
                Image.open(io.BytesIO(data), formats=["PNG"]).verify()
        samples = opencv.decode(data)
        channels = [0] if self.image.mode == "LA" else [2, 1, 0]
        alpha = np.ascontiguousarray(samples[..., 3]) if samples.shape[2] == 4 else None
        return Pixels(np.ascontiguousarray(samples[..., channels]), alpha)

    def read_exif(self) -> Image.Exif | None:
        """Return the EXIF tags, for which an image is decoded if they come after its pixels.

        Raises:
            LimitError: that takes too much memory.
        """
        if has_text_after_pixels(self.file.stream):
            needed = BYTES_PER_PIXEL * math.prod(self.image.size)
            limit = self.file.reading.max_memory
            refuse_larger(f"{self.file.name}: the image", needed, limit)
            self.image.load()
        return super().read_exif()


class Png(Format):
    """PNG: 8 and 16 bits, with transparency and metadata; animations of 8 bits."""

    name = "PNG"
    suffixes = (".png", ".apng")
    signatures = (SIGNATURE,)
    dtypes = (torch.uint8, torch.uint16)
    alpha = True
    frames = True
    timed = True
    holds = frozenset({"icc", "exif", "dpi"})
    reader = PngReader

    def dtype_for(self, wanted: torch.dtype, *, several: bool = False) -> torch.dtype:
        """Return the sample type that keeps most of `wanted`; animations have 8 bits."""
        return torch.uint8 if several else super().dtype_for(wanted)

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write finished images."""
        first = frames[0]
        if first.fits_pillow:
            super().save(file, frames, metadata, quality)
            return
        exif = self.exif(metadata).removeprefix(b"Exif\0\0")
        profile = metadata.profile(3)  # OpenCV writes grey with alpha as RGBA
        data = opencv.encode(".png", first.samples, profile=profile, exif=exif, compression=LEVEL)
        file.write(data)

    def options(self, frames: Sequence[Frame], metadata: Metadata, quality: int) -> dict[str, Any]:
        """Return Pillow's options for saving."""
        return super().options(frames, metadata, quality) | {"compress_level": LEVEL}


def has_text_after_pixels(file: BinaryIO) -> bool:
    """Return True where text or EXIF tags come after the pixels.

    Args:
        file: all bytes of the image; its position is kept.
    """
    place = file.tell()
    file.seek(len(SIGNATURE))
    behind = False
    try:
        while len(head := file.read(8)) == 8:
            length, kind = int.from_bytes(head[:4]), head[4:]
            if behind and kind in TEXT:
                return True
            behind = behind or kind == IMAGE_DATA
            file.seek(length + 4, io.SEEK_CUR)  # the chunk and its checksum
    finally:
        file.seek(place)
    return False


FORMAT = Png()
