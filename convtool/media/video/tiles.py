"""Choose the channels that an output shows, and lay them out in its frames."""

from collections.abc import Iterator, Sequence

from torch import Tensor

from convtool.media.contract import Tile
from convtool.media.grid import arrange
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
        for frame in tensor[0].unbind(1):
            tiles = [_channels(frame, tile.channels) for tile in self._tiles]
            yield arrange(tiles, self._white).permute(1, 2, 0).numpy()


def _channels(frame: Tensor, channels: Sequence[int]) -> Tensor:
    """Return channels of a frame, without a copy where they lie side by side."""
    first, count = channels[0], len(channels)
    if list(channels) == list(range(first, first + count)):
        return frame.narrow(0, first, count)
    return frame[list(channels)]
