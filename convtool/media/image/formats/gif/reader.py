"""Read GIF: the frames as they look on the screen."""

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import repeat

import numpy as np
import torch

from convtool.media.image.canvas import Drawing, Player, Region, leaves_gaps
from convtool.media.image.formats.gif.blocks import Picture, blocks_of
from convtool.media.image.formats.gif.pixels import decode
from convtool.media.image.metadata import COMMENT, Metadata
from convtool.media.image.reader import ImageInput
from convtool.media.image.samples import GREY, RGB, Header, Pixels
from convtool.media.policies import listed

SMALL = 2**20  # pixels of an image that may lie outside the screen for the most part
OVER = 4  # times as large as the screen a larger one may be
RAMP = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1)  # the palette of a grey image


class GifReader:
    """A GIF file.

    Args:
        file: the file.

    Attributes:
        count, metadata, tolerant: as of every Reader.

    Raises:
        ReadError: it is damaged or truncated.
    """

    tolerant = True

    def __init__(self, file: ImageInput) -> None:
        self._file = file
        blocks = blocks_of(file)
        self._size, self._pictures = blocks.size, blocks.pictures
        height, width = blocks.size
        self._screen = Region(0, 0, width, height)
        self._drawings = [self._clipped(picture) for picture in blocks.pictures]
        self.count = len(self._pictures)
        clear = any(picture.clear is not None for picture in self._pictures)
        self._transparent = clear or leaves_gaps(self._drawings, self._screen)
        self._grey = self.count == 1 and np.array_equal(self._pictures[0].palette, RAMP)
        self.metadata = Metadata(blocks.profile, xmp=blocks.xmp)
        self.metadata.text = tuple((COMMENT, words) for words in blocks.comments)
        if self.count > 1:
            self.metadata.plays = blocks.plays
        elif not self._grey:
            file.note("palette converted to RGB")
        if blocks.dropped:
            file.note(f"{listed(list(dict.fromkeys(blocks.dropped)))} of the GIF dropped")
        self._player = Player(
            self._size,
            1 if self._grey else 3,
            np.uint8,
            self._drawings,
            self._picture,
            transparent=self._transparent,
        )

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of every frame."""
        return repeat(self._size, self.count)

    def header(self, index: int) -> Header:
        """Return what is known of a frame before it is decoded."""
        del index  # frames are alike
        return Header(self._size, GREY if self._grey else RGB, torch.uint8, self._transparent)

    def decode(self, index: int) -> Pixels:
        """Return a frame as it looks on the screen.

        Raises:
            ReadError: it is damaged or truncated.
        """
        return self._player.show(index)

    def _clipped(self, picture: Picture) -> Drawing:
        """Return how an image is drawn, without what lies outside the screen."""
        region = picture.drawing.region
        if self._screen.covers(region):
            return picture.drawing
        words = (
            f"an image of {region.width}×{region.height} pixels at ({region.left}, {region.top}) "
            f"lies outside the screen of {self._screen.width}×{self._screen.height}"
        )
        self._file.refuse_damaged(words)
        if region.width * region.height > max(SMALL, OVER * math.prod(self._size)):
            raise ValueError(words)
        left, top = min(region.left, self._screen.width), min(region.top, self._screen.height)
        width = min(region.width, self._screen.width - left)
        height = min(region.height, self._screen.height - top)
        return replace(picture.drawing, region=Region(left, top, width, height))

    def _picture(self, index: int) -> Pixels:
        """Return the part of an image that lies on the screen."""
        pixels = decode(self._pictures[index], self._file)
        region = self._drawings[index].region
        samples = pixels.samples[: region.height, : region.width, : 1 if self._grey else 3]
        alpha = pixels.alpha
        return Pixels(samples, None if alpha is None else alpha[: region.height, : region.width])
