"""Choose the channels that an output shows, and lay them out in its frames.

The layout is that of `media.grid`. Its `arrange` makes the same pixels, but copies each tile
several times, which a single image bears and every frame of a video does not.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from torch import Tensor

from convtool.media.contract import Tile
from convtool.media.grid import corner, grid_size
from convtool.media.video.pixels import Samples


class TileGrid:
    """Makes frames of a result's channels: one tile as it is, several side by side.

    Args:
        tiles: what a frame shows.
        white: the number that stands for white, between the tiles.
    """

    def __init__(self, tiles: Sequence[Tile], white: int) -> None:
        self._tiles, self._white = tiles, white

    def frames(self, tensor: Tensor) -> Iterator[Samples]:
        """Yield the frames of a block.

        Shape: (1, C, D, H, W) → (H', W', 1 or 3) each
        """
        for frame in tensor[0].permute(1, 2, 3, 0).numpy():
            tiles = [_channels(frame, tile.channels) for tile in self._tiles]
            yield tiles[0] if len(tiles) == 1 else self._grid(tiles)

    def _grid(self, tiles: Sequence[Samples]) -> Samples:
        """Return tiles of one size as one frame. Shape: (H, W, 1 or 3) each → (H', W', 1 or 3)"""
        height, width = tiles[0].shape[:2]
        colours = max(tile.shape[2] for tile in tiles)
        size = grid_size(len(tiles), height, width)
        grid = np.full((*size, colours), self._white, tiles[0].dtype)
        for index, tile in enumerate(tiles):
            top, left = corner(index, len(tiles), height, width)
            grid[top : top + height, left : left + width] = tile
        return grid


def _channels(frame: Samples, channels: Sequence[int]) -> Samples:
    """Return channels of a frame, without a copy where they lie side by side."""
    first, count = channels[0], len(channels)
    if list(channels) == list(range(first, first + count)):
        return frame[..., first : first + count]
    return frame[..., list(channels)]
