"""Lay tiles out as one image: the grid of feature maps of images and of the frames of videos."""

import math
from collections.abc import Sequence

import numpy as np
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
    across = math.ceil(math.sqrt(count))
    down = math.ceil(count / across)
    return down * (height + GAP) + GAP, across * (width + GAP) + GAP


def arrange(tiles: Sequence[Tensor], white: float) -> Tensor:
    """Return tiles as one image with white gaps, grey only where all of them are.

    Args:
        tiles: of 1 or 3 channels each; smaller ones stand at the top left of their cells.
        white: the number that stands for white.

    Shape: (1 or 3, H, W) each → (1 or 3, H', W')
    """
    if len(tiles) == 1:
        return tiles[0]
    colours = max(len(tile) for tile in tiles)
    height, width = (max(tile.shape[axis] for tile in tiles) for axis in (1, 2))
    size = grid_size(len(tiles), height, width)
    # NumPy copies strided bytes several times as fast as torch; encoders take channels innermost
    grid = np.full((*size, colours), white, tiles[0].numpy().dtype)
    across = math.ceil(math.sqrt(len(tiles)))
    for place, tile in enumerate(tiles):
        top = GAP + place // across * (height + GAP)
        left = GAP + place % across * (width + GAP)
        cell = grid[top : top + tile.shape[1], left : left + tile.shape[2]]
        cell[...] = tile.permute(1, 2, 0).numpy()
    return torch.from_numpy(grid).permute(2, 0, 1)
