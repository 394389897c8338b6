"""Encode the result of a large image row by row; nothing is collected.

It takes stored samples, as `encoder` does, which encodes all other images.
"""

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from convtool.block import Block
from convtool.convolve.geometry import Placement
from convtool.levels import Levels
from convtool.media.contract import Tile
from convtool.media.image.encoder import alpha_of, channels_of, encoding_errors, shows_alpha
from convtool.media.image.format import Format
from convtool.media.image.metadata import Metadata
from convtool.media.image.row_writer import RowWriter
from convtool.media.image.samples import Frame
from convtool.media.image.seen import Rows
from convtool.media.policies import Notes


class RowEncoder(Notes):
    """An image file being made, of one image.

    Args:
        file: where the bytes go; seekable.
        format: its format.
        metadata: the input's.
        quality: 1 to 100, for lossy formats.

    Attributes:
        notes: what was lost on the way.
    """

    def __init__(self, file: BinaryIO, format: Format, metadata: Metadata, *, quality: int) -> None:
        super().__init__()
        self._file, self._format, self._metadata = file, format, metadata
        self._quality = quality
        self._writer: RowWriter | None = None

    def begin(
        self, part: Rows, placement: Placement, levels: Levels, tiles: Sequence[Tile]
    ) -> None:
        """Start the result.

        Args:
            part: the image, as its layer sees it.
            placement: the size of the result, and where its positions lie on the image.
            levels: how its samples are stored.
            tiles: what is shown of it: one.
        """
        (tile,) = self._format.layout(tiles)
        self._part, self._placement, self._channels = part, placement, list(tile.channels)
        self._transparent = shows_alpha(part, self._format, self)
        if part.weighted:
            self._channels.append(len(part.channels) - 1)
        self._rows = 0
        depth = len(tile.channels) + self._transparent
        dtype = torch.empty(0, dtype=levels.dtype).numpy().dtype
        nothing = np.broadcast_to(np.zeros((), dtype), (*placement.size, depth))
        like = Frame(nothing, self._transparent)
        for loss in self._format.unfit([like], self._metadata):
            self.note(loss)
        height, width = placement.size
        metadata = self._metadata.fitted(width, height)
        with encoding_errors(self._format):
            self._writer = self._format.rows(self._file, like, metadata, self._quality)

    def prepare(self, block: Block) -> Tensor:
        """Return the channels that are shown. Shape: (1, C, h, W) → (C', h, W)"""
        return channels_of(block.tensor[0], self._channels)

    def write(self, prepared: Tensor) -> None:
        """Write the next rows. Shape: (C', h, W)"""
        assert self._writer is not None
        image = prepared[:-1] if self._part.weighted else prepared
        if self._transparent:
            alpha = alpha_of(self._part, self._placement, prepared, self._rows)
            image = torch.cat([image, alpha])
        self._rows += image.shape[1]
        with encoding_errors(self._format):
            self._writer.write(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))

    def close(self) -> None:
        """Complete the file.

        Raises:
            WriteError: the format cannot hold the image.
        """
        assert self._writer is not None
        with encoding_errors(self._format):
            self._writer.close()

    def drop(self) -> None:
        """Release the file; nothing was collected."""
