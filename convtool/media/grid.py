"""Lay tiles out side by side: the grid of feature maps of images and of the frames of videos."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

GAP = 4  # pixels around each tile


def grid_size(count: int, height: int, width: int) -> tuple[int, int]:
    """Return the height and width of a grid of tiles of one size, those of a single tile as it is.

    >>> grid_size(1, 10, 20), grid_size(3, 10, 20)
    ((10, 20), (32, 52))
    """
    if count == 1:
        return height, width
    across = tiles_per_row(count)
    down = math.ceil(count / across)
    return down * (height + GAP) + GAP, across * (width + GAP) + GAP


def tiles_per_row(count: int) -> int:
    """Return the number of tiles side by side, as near to a square as they come."""
    return math.ceil(math.sqrt(count))


def corner(index: int, count: int, height: int, width: int) -> tuple[int, int]:
    """Return the top and left of a tile in a grid.

    >>> corner(0, 3, 10, 20), corner(2, 3, 10, 20)
    ((4, 4), (18, 4))
    """
    row, column = divmod(index, tiles_per_row(count))
    return GAP + row * (height + GAP), GAP + column * (width + GAP)


def arrange(tiles: Sequence[Tensor], white: float, across: int | None = None) -> Tensor:
    """Return tiles as one image with white gaps, grey only where all of them are.

    Args:
        tiles: of 1 or 3 channels each; smaller ones stand at the top left of their cells.
        white: the number that stands for white.
        across: the number of tiles side by side; by default as near to a square as they come.

    Shape: (1 or 3, H, W) each → (1 or 3, H', W')
    """
    if len(tiles) == 1:
        return tiles[0]
    from torchvision.utils import make_grid  # noqa: PLC0415  # takes longer to import than torch

    colours = max(len(tile) for tile in tiles)
    height, width = (max(tile.shape[axis] for tile in tiles) for axis in (1, 2))
    cells = torch.full((len(tiles), colours, height, width), white, dtype=tiles[0].dtype)
    for cell, tile in zip(cells, tiles, strict=True):
        cell[:, : tile.shape[1], : tile.shape[2]] = tile
    grid: Tensor = make_grid(cells, across or tiles_per_row(len(tiles)), GAP, pad_value=white)
    return grid[:colours]
