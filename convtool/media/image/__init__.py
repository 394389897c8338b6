"""Pictures: what `pipeline` needs to read and write them."""

import math
from collections.abc import Sequence
from typing import Any, BinaryIO

import torch

from convtool.errors import UsageError, WriteError
from convtool.levels import Levels, of
from convtool.media import MEDIA, Sink, Tile
from convtool.media.image.encoder import ImageSink
from convtool.media.image.format import SUFFIXES, format_of
from convtool.media.image.source import ImageSource
from convtool.options.settings import OutputSettings, Settings

GRID_COLOURS, GRID_COPIES = 3, 4  # of a picture with several tiles, grey ones too

__all__ = ["SUFFIXES", "ImageRoom", "ImageSink", "ImageSource", "format_of"]


class ImageRoom:
    """The picture medium."""

    medium = MEDIA[2]

    def open_source(self, file: BinaryIO, name: str, settings: Settings) -> ImageSource:
        """Open a picture file."""
        return ImageSource(file, name, settings)

    def stored(
        self, source: Any, part: Any, suffix: str, output: OutputSettings, *, raw: bool
    ) -> Levels:
        """Return the levels that keep most of a page; animated PNGs and sheets have 8 bits."""
        kind = format_of(suffix)
        wanted = torch.float32 if raw else part.levels.dtype
        small = output.sheet or (source.animated and kind.name == "PNG")
        dtype = kind.dtypes[0] if small else kind.dtype_for(wanted)
        if dtype.itemsize < wanted.itemsize:
            source.note(
                f"{wanted.itemsize * 8}-bit samples stored as {dtype.itemsize * 8}-bit in {kind.name}"
            )
        if raw and not dtype.is_floating_point:
            raise WriteError(
                f"--normalize none writes raw floats, which {suffix} cannot hold",
                hint="--format npy",
            )
        return of(dtype)

    def memory(
        self, source: Any, part: Any, size: Sequence[int], suffix: str, tiles: Sequence[Tile], levels: Levels,
        output: OutputSettings,
    ) -> int:  # fmt: skip
        """Return about how many bytes an output holds: all its pages, and the copies of its encoder."""
        pages: int = source.pixels // math.prod(part.size)
        copies = format_of(suffix).copies
        samples = math.prod(size) * len(tiles[0].channels)
        if len(tiles) > 1 or output.sheet:
            copies = max(copies, GRID_COPIES)
            samples = (
                math.prod(size) * GRID_COLOURS * (len(tiles) + 3 * output.sheet)
            )  # the input, and it as floats
        return pages * samples * levels.dtype.itemsize * copies

    def open_sink(
        self,
        file: BinaryIO,
        suffix: str,
        tiles: Sequence[Tile],
        source: Any,
        levels: Levels,
        output: OutputSettings,
    ) -> Sink:
        """Open a picture file for writing."""
        kind = format_of(suffix)
        if output.sheet and torch.uint8 not in kind.dtypes:
            raise UsageError(f"--sheet draws a picture, and {kind.name} holds none")
        return ImageSink(
            file, kind, tiles, source, levels.dtype, sheet=output.sheet, quality=output.quality
        )
