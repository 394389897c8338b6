"""Decide once how an image is stored; everything about an output follows from it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import torch

from convtool.errors import UsageError, WriteError
from convtool.levels import Levels, of
from convtool.limits import (
    IMAGE_GRID_CHANNELS,
    IMAGE_GRID_COPIES,
    IMAGE_SHEET_TILES,
    worth_rows,
)
from convtool.media.contract import Tile, Wanted
from convtool.media.image.encoder import ImageEncoder
from convtool.media.image.format import Format
from convtool.media.image.formats import format_of
from convtool.media.image.metadata import Metadata
from convtool.media.image.part import ImagePart
from convtool.media.image.row_encoder import RowEncoder
from convtool.media.image.sheet import cell_size
from convtool.media.image.source import ImageSource

if TYPE_CHECKING:
    from convtool.options.output import ImageOutput


@dataclass(frozen=True)
class ImageEncoding:
    """The one decision about an output.

    Attributes:
        format: its format.
        levels: how samples are stored.
        memory: an estimate of the bytes that it holds while it is made.
        notes: what it cannot carry.
        metadata: what is kept of the input beside its pixels.
        sheet: begin with the input, and label all tiles.
        quality: 1 to 100, for lossy formats.
        by_rows: it is written row by row, not collected first.
    """

    format: Format
    levels: Levels
    memory: int
    notes: tuple[str, ...]
    metadata: Metadata
    sheet: bool
    quality: int
    by_rows: bool

    def open(self, place: BinaryIO | Path, tiles: Sequence[Tile]) -> ImageEncoder | RowEncoder:
        """Begin an output.

        Args:
            place: a file open for writing.
            tiles: what it shows of the first page; several make a grid.
        """
        assert not isinstance(place, Path)  # no image format is a folder
        del tiles  # pages can differ: each says what is shown of it
        if self.by_rows:
            return RowEncoder(place, self.format, self.metadata, quality=self.quality)
        return ImageEncoder(
            place,
            self.format,
            self.metadata,
            sheet=self.sheet,
            quality=self.quality,
        )


def encoding(source: ImageSource, part: ImagePart, wanted: Wanted) -> ImageEncoding:
    """Decide how the result of a part is stored, nearest to how the part itself is.

    Raises:
        UsageError: the suffix names no format, or a sheet is wanted where it cannot be drawn.
        WriteError: raw floats are wanted, and the format cannot hold them.
    """
    format = format_of(wanted.suffix)
    options = cast("ImageOutput", wanted.options)
    if options.sheet and torch.uint8 not in format.dtypes:
        raise UsageError(f"--sheet draws an image, which {format.name} cannot hold")
    sample = torch.float32 if wanted.raw else part.levels.dtype
    if options.sheet:
        stored = format.dtypes[0]
    else:
        stored = format.dtype_for(sample, several=source.animated)
    if wanted.raw and not stored.is_floating_point:
        raise WriteError(
            f"--normalize none writes raw floats, which {wanted.suffix} cannot hold",
            hint="--format npy",
        )
    metadata = source.metadata
    notes = list(format.losses(metadata))
    if "pyramid" in format.holds:
        metadata = _tiled(metadata, options, notes, alone=not source.animated)
    tiles = format.layout(wanted.tiles, sheet=options.sheet)
    whole = tuple(wanted.size) == part.size and len(tiles) == 1 and not options.sheet
    if metadata.geo and "geo" in format.holds and not whole:
        metadata = replace(metadata, geo={})
        notes.append("GeoTIFF tags dropped: they are for an image of another size")
    has = sample.itemsize * 8 if wanted.raw else source.metadata.bits or sample.itemsize * 8
    gets = format.bits(stored, metadata)
    if gets < has:
        notes.insert(0, f"{has}-bit samples stored as {gets}-bit in {format.name}")
    needed = _memory(source, part, wanted, format, stored, sheet=options.sheet)
    row = wanted.size[1] * (len(tiles[0].channels) + 1) * stored.itemsize  # perhaps with alpha
    alone = len(tiles) == 1 and not options.sheet and not source.animated
    held = format.held(row, metadata) if alone else None
    by_rows = worth_rows(needed // format.copies, held)  # samples alone, as of inputs
    return ImageEncoding(
        format,
        of(stored),
        held if by_rows and held is not None else needed,
        tuple(notes),
        metadata,
        options.sheet,
        options.quality,
        by_rows,
    )


def _tiled(
    metadata: Metadata, options: "ImageOutput", notes: list[str], *, alone: bool
) -> Metadata:
    """Return metadata with the tiles and the reduced images that an output has.

    Args:
        metadata: the input's.
        options: of the output.
        notes: where it is added what the output has not.
        alone: it has one page.
    """
    if options.tile is not None:
        tile = (options.tile, options.tile) if options.tile else None
        metadata = replace(metadata, tile=tile)
    pyramid = metadata.pyramid or options.pyramid
    if pyramid and not alone:
        notes.append("no reduced images: only a single page can have them")
        pyramid = False
    if pyramid and options.tile == 0:
        notes.append("reduced images dropped: they are stored in tiles only")
        pyramid = False
    return replace(metadata, pyramid=pyramid)


def _memory(
    source: ImageSource,
    part: ImagePart,
    wanted: Wanted,
    format: Format,
    stored: torch.dtype,
    *,
    sheet: bool,
) -> int:
    """Return an estimate of the bytes of all pages of an output, and of its encoder's copies."""
    pages = source.pixels // math.prod(part.size)
    tiles, copies = format.layout(wanted.tiles, sheet=sheet), format.copies
    samples = math.prod(wanted.size) * len(tiles[0].channels)
    if len(tiles) > 1 or sheet:
        copies = max(copies, IMAGE_GRID_COPIES)
        shown = len(tiles) + (IMAGE_SHEET_TILES if sheet else 0)
        labels = [tile.label for tile in tiles]
        cell = cell_size([part.size, wanted.size], labels) if sheet else wanted.size
        samples = math.prod(cell) * IMAGE_GRID_CHANNELS * shown
    return pages * samples * stored.itemsize * copies
