"""Draw the tiles of a sheet: small ones enlarged, with the values of their cells, and labelled."""

import functools
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from convtool.media.grid import GAP, tiles_per_row

LABEL_HEIGHT = 22
MAX_LABEL = 60  # characters
MAX_WIDTH = 4096  # pixels of a sheet, unless a single tile is wider
ENLARGED = 320  # pixels that smaller images are enlarged to, by whole factors
MAX_FACTOR = 48
VALUE_HEIGHT = 12  # pixels of the text of a value
VALUE_WIDTH = 28  # pixels of a cell that three digits fit in

BLACK, WHITE, HALF = 0, 255, 128


def labelled(
    tiles: Sequence[Tensor], labels: Sequence[str], white: int, factor: int | None = None
) -> list[Tensor]:
    """Return tiles, all enlarged by the same factor, each below a white strip with its label.

    Each is at least as wide as its label; tiles that are narrower get a white margin.

    Args:
        tiles: of 1 or 3 channels, in 8 bits.
        labels: as many.
        white: the number that stands for white.
        factor: by which they are enlarged; by default small ones are, and larger ones are not.

    Shape: (1 or 3, H, W) each → (1 or 3, LABEL_HEIGHT + H · factor, W')
    """
    times = factor or min(factor_of(*tile.shape[1:]) for tile in tiles)
    return [
        _labelled(_enlarged(tile, times), label, white)
        for tile, label in zip(tiles, labels, strict=True)
    ]


def factor_of(height: int, width: int) -> int:
    """Return the whole factor that an image is enlarged by.

    >>> factor_of(7, 6), factor_of(384, 512)
    (45, 1)
    """
    return max(1, min(MAX_FACTOR, ENLARGED // max(height, width)))


def cell_size(sizes: Sequence[Sequence[int]], labels: Sequence[str]) -> tuple[int, int]:
    """Return the height and width of a cell that holds each of some images below its label.

    Args:
        sizes: the height and width of each.
        labels: of all tiles.
    """
    factor = min(factor_of(height, width) for height, width in sizes)
    height = LABEL_HEIGHT + factor * max(height for height, _ in sizes)
    widest = max(factor * max(width for _, width in sizes), *map(_label_width, labels))
    return height, widest


def columns(count: int, width: int) -> int:
    """Return the number of tiles side by side: near to a square, but not wider than MAX_WIDTH.

    >>> columns(41, 1200), columns(4, 100)
    (3, 2)
    """
    return max(1, min(tiles_per_row(count), (MAX_WIDTH - GAP) // (width + GAP)))


def _labelled(tile: Tensor, label: str, white: int) -> Tensor:
    channels, height, tile_width = tile.shape
    width = max(tile_width, _label_width(label))
    cell = tile.new_full((channels, LABEL_HEIGHT + height, width), white)
    cell[:, :LABEL_HEIGHT] = _strip(label, width, white)
    cell[:, LABEL_HEIGHT:, :tile_width] = tile
    return cell


@functools.cache
def _font(height: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(height)


def _shown(label: str) -> str:
    return label if len(label) <= MAX_LABEL else f"{label[: MAX_LABEL - 1]}…"


def _label_width(label: str) -> int:
    return int(_font(LABEL_HEIGHT * 2 // 3).getlength(_shown(label))) + 5


def _strip(label: str, width: int, white: int) -> Tensor:
    """Return a white strip with a text on it. Shape: (LABEL_HEIGHT, width)"""
    strip = Image.new("L", (width, LABEL_HEIGHT), WHITE)
    font = _font(LABEL_HEIGHT * 2 // 3)
    place = 2, LABEL_HEIGHT // 2
    ImageDraw.Draw(strip).text(place, _shown(label), fill=BLACK, font=font, anchor="lm")
    return torch.from_numpy(np.array(strip)).to(torch.int32) * white // WHITE


def _enlarged(tile: Tensor, factor: int) -> Tensor:
    """Return a tile with cells of `factor` pixels, their values printed where they fit."""
    large = tile.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
    if factor < max(VALUE_WIDTH, len(tile) * VALUE_HEIGHT):
        return large
    height, width = large.shape[1:]
    page = Image.new("L", (width, height), BLACK)
    draw, font = ImageDraw.Draw(page), _font(VALUE_HEIGHT)
    for left, top, text in _places(tile, factor):
        draw.text((left, top), text, fill=WHITE, font=font, anchor="mm")
    opacity = torch.from_numpy(np.array(page)).float() / WHITE
    ink = torch.where(large.float().mean(0) < HALF, WHITE, BLACK)
    return torch.lerp(large.float(), ink.float(), opacity).round().to(large.dtype)


def _places(tile: Tensor, factor: int) -> Iterator[tuple[float, float, str]]:
    """Yield the middle of each value and its text: below each other where there are colours."""
    channels, height, width = tile.shape
    for channel, row, column in np.ndindex(channels, height, width):
        line = (channel - (channels - 1) / 2) * VALUE_HEIGHT
        text = str(int(tile[channel, row, column]))
        yield (column + 0.5) * factor, (row + 0.5) * factor + line, text
