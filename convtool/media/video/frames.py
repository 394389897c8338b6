"""Write videos as folders of PNG images."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
from torch import Tensor

from convtool.layers.build import Layer
from convtool.levels import Levels
from convtool.media import Tile
from convtool.media.video.formats import Codec
from convtool.media.video.pixel_formats import pixel_format
from convtool.media.video.pixels import FULL, Colours, Packer, packed
from convtool.media.video.read import Film, FilmSource, Packet
from convtool.media.video.tiles import Show

RGB = 0  # FFmpeg's number of a colour space
FIRST = 1  # the number of the first picture in a folder


class FramesSink:
    """A folder of numbered PNG pictures being made.

    Args:
        folder: where they go.
        codec: how they are encoded.
        tiles: what is shown; more than one make a grid.
        levels: how samples come.
        source: the input.
    """

    def __init__(
        self, folder: Path, codec: Codec, tiles: Sequence[Tile], levels: Levels, source: FilmSource
    ) -> None:
        self._folder, self._codec, self._tiles = folder, codec, tiles
        self._levels, self._source, self._number = levels, source, FIRST

    def begin(self, part: Film, layer: Layer) -> None:
        """Start the pictures that `layer` makes of a film."""
        self._show = Show(self._tiles, layer.output_size(part.size)[1:])
        header, channels = self._source.header, self._show.channels
        format = pixel_format(self._codec, header.format, self._show.size, channels, None)
        self._pack = Packer(
            packed(self._levels.scale.bit_length(), channels), format, Colours(RGB, FULL)
        )
        encoder: Any = av.CodecContext.create(self._codec.encoder, "w")
        encoder.height, encoder.width = self._show.size
        encoder.pix_fmt, encoder.time_base = format, 1 / header.rate
        self._encoder = encoder
        encoder.options = {"compression_level": "1"}  # as pictures have it

    def prepare(self, block: Tensor) -> list[av.VideoFrame]:
        """Return the frames that show all of the layer's results. Shape: (1, C, D, H, W)"""
        return [self._pack(self._show(samples)) for samples in block[0].permute(1, 2, 3, 0).numpy()]

    def write(self, prepared: list[av.VideoFrame]) -> None:
        """Take the next frames."""
        for frame in prepared:
            frame.pts = self._number
            self._store(self._encoder.encode(frame))

    def close(self) -> None:
        """Write what is left."""
        self._store(self._encoder.encode(None))

    def drop(self) -> None:
        """There is no file to let go of."""

    def _store(self, packets: Sequence[Packet]) -> None:
        for packet in packets:
            (self._folder / f"{self._number:06}.png").write_bytes(bytes(packet))
            self._number += 1
