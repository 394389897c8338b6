"""Lay the tiles of a frame side by side."""

import math
from collections.abc import Sequence

import numpy as np

from convtool.media import Tile
from convtool.media.video.pixels import Samples

GAP = 4  # pixels between the tiles of a grid


class Show:
    """Lays tiles side by side.

    Args:
        tiles: what is shown.
        size: height and width of a tile.
    """

    def __init__(self, tiles: Sequence[Tile], size: Sequence[int]) -> None:
        self._tiles, (self._height, self._width) = tiles, size
        self._across = math.ceil(math.sqrt(len(tiles)))
        down = math.ceil(len(tiles) / self._across)
        self.channels = max(len(tile.channels) for tile in tiles)
        self.size = down * (self._height + GAP) - GAP, self._across * (self._width + GAP) - GAP

    def __call__(self, samples: Samples) -> Samples:
        """Return a frame. Shape: (H, W, C) → (H', W', 1 or 3)"""
        if len(self._tiles) == 1:
            channels = list(self._tiles[0].channels)
            return samples if channels == list(range(samples.shape[2])) else samples[..., channels]
        grid = np.zeros((*self.size, self.channels), samples.dtype)
        for place, tile in enumerate(self._tiles):
            top, left = (
                place // self._across * (self._height + GAP),
                place % self._across * (self._width + GAP),
            )
            grid[top : top + self._height, left : left + self._width] = samples[
                ..., list(tile.channels)
            ]
        return grid
