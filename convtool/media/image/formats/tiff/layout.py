"""What a page of a TIFF file is: its size, the kind of its samples, and how they are packed."""

import math
from dataclasses import dataclass, replace

import torch

from convtool.media.image.formats.tiff.models import MODELS, Model
from convtool.media.image.formats.tiff.tags import Compression, Photometric
from convtool.media.image.orientation import upright_size

PREMULTIPLIED, STRAIGHT = 1, 2  # kinds of extra samples
PLAIN, DIFFERENCES, FLOAT_DIFFERENCES = 1, 2, 3  # predictors
GREY = (Photometric.WHITE_IS_ZERO, Photometric.BLACK_IS_ZERO)
LAB = (Photometric.CIE_LAB, Photometric.ICC_LAB)


@dataclass(frozen=True)
class Layout:
    """How the samples of a page are stored.

    Attributes:
        height, width: as stored.
        orientation: of EXIF.
        photometric: the colour model.
        samples: per pixel.
        kind: of samples: `u`, `i` or `f`.
        bits: per sample.
        planar: each sample has a plane of its own.
        extras: what the samples after the colours are.
        compression, predictor: how segments are coded.
        reversed: the bits of each byte are in the opposite order.
        tile: the height and width of tiles; strips have all columns.
        tiled: segments are tiles.
        offsets, counts: where segments lie, and their bytes.
        subsampling: how many columns and rows share a chroma sample.
    """

    height: int
    width: int
    orientation: int
    photometric: Photometric
    samples: int
    kind: str
    bits: int
    planar: bool
    extras: tuple[int, ...]
    compression: Compression
    predictor: int
    reversed: bool
    tile: tuple[int, int]
    tiled: bool
    offsets: tuple[int, ...]
    counts: tuple[int, ...]
    subsampling: tuple[int, int]

    @property
    def model(self) -> Model:
        """The colour model."""
        return MODELS[self.photometric]

    @property
    def size(self) -> tuple[int, int]:
        """The height and width of the upright image."""
        return upright_size(self.height, self.width, self.orientation)

    @property
    def dtype(self) -> torch.dtype:
        """The type of the samples that are filtered."""
        if self.kind == "f" or self.bits > 16:
            return torch.float32
        return torch.uint8 if self.bits <= 8 else torch.uint16

    @property
    def by_range(self) -> bool:
        """True for integers that are read by their own range."""
        return self.kind == "i" or (self.kind == "u" and self.bits > 16)

    @property
    def alpha(self) -> int | None:
        """Which sample is alpha."""
        kinds = (PREMULTIPLIED, STRAIGHT)
        found = (index for index, kind in enumerate(self.extras) if kind in kinds)
        index = next(found, None)
        return None if index is None else self.model.colours + index

    @property
    def premultiplied(self) -> bool:
        """True where colours are multiplied by alpha."""
        return self.alpha is not None and self.extras[self.alpha - self.model.colours] == 1

    @property
    def bands(self) -> tuple[int, ...]:
        """The samples that are no alpha, where there are more than the colours."""
        alpha = self.alpha
        rest = [index for index in range(self.samples) if index != alpha]
        is_plain = self.photometric in (*GREY, Photometric.RGB)
        return tuple(rest) if is_plain and len(rest) > self.model.colours else ()

    @property
    def depth(self) -> int:
        """The samples of a pixel in one segment."""
        return 1 if self.planar else self.samples

    @property
    def grid(self) -> tuple[int, int]:
        """The rows and columns of segments in a plane."""
        return math.ceil(self.height / self.tile[0]), math.ceil(self.width / self.tile[1])

    @property
    def row_bytes(self) -> int:
        """The bytes of a row of an uncompressed segment."""
        return -(-self.tile[1] * self.depth * self.bits // 8)

    def plane(self, index: int) -> "Layout":
        """Return the layout of a plane that follows the first one without a directory."""
        length = self.row_bytes * self.height
        place = self.offsets[0] + index * length
        return replace(self, tile=(self.height, self.width), offsets=(place,), counts=(length,))

    def in_strips(self, length: int) -> "Layout":
        """Return the same layout, one uncompressed strip taken for several of about so many bytes.

        Args:
            length: bytes.
        """
        rows = max(1, length // self.row_bytes)
        is_plain = self.compression == Compression.NONE and self.subsampling == (1, 1)
        if self.tiled or not is_plain or self.grid != (1, 1) or rows >= self.height:
            return self
        starts = range(0, self.height, rows)
        offsets = [first + row * self.row_bytes for first in self.offsets for row in starts]
        counts = [min(rows, self.height - row) * self.row_bytes for row in starts]
        return replace(
            self,
            tile=(rows, self.width),
            offsets=tuple(offsets),
            counts=tuple(counts * len(self.offsets)),
        )
