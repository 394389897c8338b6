"""Arrays of NumPy, which are only written: the raw responses of all channels."""

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import torch

from convtool.media.contract import Tile
from convtool.media.image.format import Format
from convtool.media.image.samples import Frame, Metadata


class Npy(Format):
    """NPY: one array of floats of shape (N, C, H, W), whose N are frames or pages."""

    name = "NPY"
    suffixes = (".npy",)
    readable = False
    dtypes = (torch.float32,)
    frames = True
    banded = True

    def layout(self, tiles: Sequence[Tile], *, sheet: bool = False) -> Sequence[Tile]:
        """Return one tile of all channels in the layer's order: an array needs no grid."""
        del sheet  # which an array cannot be
        return (Tile("", tuple(sorted(channel for tile in tiles for channel in tile.channels))),)

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write the frames as one array."""
        del metadata, quality  # an array has neither
        arrays = [frame.samples.transpose(2, 0, 1) for frame in frames]
        np.save(file, np.stack(arrays), allow_pickle=False)


FORMAT = Npy()
