"""Write the frames of a video as a folder of numbered PNG images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av

from convtool.block import Block
from convtool.convolve.geometry import Placement
from convtool.media.contract import Tile
from convtool.media.policies import Notes
from convtool.media.video.pixels import BRIGHT, WIDE, Packer
from convtool.media.video.read import VideoPart
from convtool.media.video.storage import Storage
from convtool.media.video.tiles import TileGrid

FIRST = 1  # the number of the first image
FAST = {"compression_level": "1"}  # as images have it


class FramesEncoder(Notes):
    """A folder of images being made.

    Args:
        folder: where they go; it is empty.
        storage: how they are stored.
        tiles: what each shows.
    """

    def __init__(self, folder: Path, storage: Storage, tiles: Sequence[Tile]) -> None:
        super().__init__()
        self._folder, self._storage = folder, storage
        self._grid = TileGrid(tiles, storage.packed.levels.scale)
        self._pack = Packer(storage.packed, storage.frame_format, storage.colours)
        self._number = FIRST

    def begin(self, part: VideoPart, placement: Placement, *_: object) -> None:
        """Start the images of a part's result."""
        encoder = self._encoder = self._opened()
        encoder.height, encoder.width = self._storage.size
        encoder.pix_fmt = self._storage.pixel_format
        encoder.time_base = placement.stride[0] / part.header.rate
        encoder.options = FAST
        if part.header.aspect:  # FFmpeg stores it as pixels per length, the inverse
            encoder.sample_aspect_ratio = 1 / part.header.aspect

    def _opened(self) -> Any:
        """Return PyAV's encoder, not yet configured."""
        return av.CodecContext.create(self._storage.codec.encoder, "w")

    def prepare(self, block: Block) -> list[av.VideoFrame]:
        """Return the frames of a block."""
        frames = [self._pack(samples) for samples in self._grid.frames(block.tensor)]
        colours = self._storage.colours
        if colours.primaries in WIDE or colours.transfer in BRIGHT:
            for frame in frames:  # the encoder states them in each image
                frame.color_primaries, frame.color_trc = colours.primaries, colours.transfer
        return frames

    def write(self, prepared: list[av.VideoFrame]) -> None:
        """Write the next frames."""
        for frame in prepared:
            frame.pts = self._number
            self._store(self._encoder.encode(frame))

    def close(self) -> None:
        """Write the frames that the encoder still holds."""
        self._store(self._encoder.encode(None))

    def drop(self) -> None:
        """Do nothing: no file stays open."""

    def _store(self, packets: Sequence[Any]) -> None:
        for packet in packets:
            (self._folder / f"{self._number:06}.png").write_bytes(bytes(packet))
            self._number += 1
