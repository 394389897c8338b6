"""Portable bitmaps: PBM, PGM and PPM, binary and text; 16-bit colour read and written here."""

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import torch

from convtool.media.image import opencv
from convtool.media.image.format import Format
from convtool.media.image.pillow import PillowReader
from convtool.media.image.samples import Frame, Metadata, Pixels, full_range

MAX_UINT8 = 2**8 - 1
BYTES_PER_PIXEL = 6


class PpmReader(PillowReader):
    """A portable bitmap."""

    @property
    def _sixteen_bit(self) -> bool:
        """True for colours of more than 8 bits, which Pillow would reduce."""
        if self.image.mode != "RGB":
            return False
        tiles = getattr(self.image, "tile", ())
        words = [word for tile in tiles if isinstance(tile.args, tuple) for word in tile.args]
        return any(isinstance(word, int) and word > MAX_UINT8 for word in words)

    def dtype(self, mode: str) -> torch.dtype:
        """Return the type of samples of a plain mode."""
        return torch.uint16 if self._sixteen_bit else super().dtype(mode)

    def pixels(self) -> Pixels:
        """Return the image."""
        return self._deep_pixels() if self._sixteen_bit else super().pixels()

    def _deep_pixels(self) -> Pixels:
        """Return big-endian 16-bit samples, scaled from their own maximum to the full range.

        Raises:
            ValueError: the file is a text one, or truncated.
        """
        self.file.stream.seek(0)
        data = self.file.stream.read()
        (tile,) = getattr(self.image, "tile", (None,))
        if not data.startswith(b"P6") or tile is None:
            raise ValueError("a text PPM of more than 8 bits is not supported")
        _, highest = tile.args
        width, height = self.image.size
        needed = width * height * BYTES_PER_PIXEL
        if len(data) < tile.offset + needed:
            raise ValueError(
                f"the file is truncated: {needed} bytes of pixels declared, "
                f"{max(0, len(data) - tile.offset)} found"
            )
        samples = np.frombuffer(data, ">u2", needed // 2, tile.offset)
        return Pixels(full_range(samples.reshape(height, width, 3), highest))


class Ppm(Format):
    """Portable bitmaps: 8 and 16 bits, without transparency or metadata."""

    name = "PPM"
    suffixes = (".ppm", ".pgm", ".pnm")
    # The digits of the netpbm manual, and Pillow's own additions.
    signatures = (b"P1", b"P2", b"P3", b"P4", b"P5", b"P6", b"P0", b"Pf", b"Py")
    dtypes = (torch.uint8, torch.uint16)
    reader = PpmReader

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write a finished image."""
        first = frames[0]
        if first.fits_pillow:
            super().save(file, frames, metadata, quality)
        else:
            file.write(opencv.encode(".ppm", first.samples))


FORMAT = Ppm()
