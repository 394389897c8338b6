"""One image of a file, as the pipeline takes it: decoded when asked for."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from convtool.errors import ReadError
from convtool.levels import Levels, of
from convtool.limits import IMAGE_BLEED_BYTES
from convtool.media.image.samples import Header, Pixels
from convtool.media.image.seen import FilledImage, Rows, WeightedImage, nchw
from convtool.sizes import size_text


class ImagePart(Rows):
    """One image of a file; its pixels are decoded when they are first asked for.

    They are kept by hand: `functools.cached_property` of Python 3.11 holds one lock for all
    instances, in which threads would decode their images one at a time.

    Args:
        header: what is known of it.
        decode: decodes it.

    Attributes:
        channels: `l`, or `r g b`, or numbers of bands.
        size: height and width.
        levels: how its samples are stored.
        memory: an estimate of the bytes held while it is read, beside its blocks.
    """

    def __init__(self, header: Header, decode: Callable[[], Pixels]) -> None:
        self.size = header.size
        self.channels = header.channels
        self.levels: Levels = of(header.dtype)
        samples = math.prod(header.size) * (len(self.channels) + header.transparent)
        self.memory = samples * header.dtype.itemsize
        if header.transparent:
            self.memory += samples * IMAGE_BLEED_BYTES
        self._transparent = header.transparent
        self._decode = decode
        self._pixels: Pixels | None = None

    @property
    def pixels(self) -> Pixels:
        """The decoded image.

        Raises:
            ReadError: it is damaged.
        """
        if self._pixels is None:
            self._pixels = self._decoded()
        return self._pixels

    def _decoded(self) -> Pixels:
        pixels = self._decode()
        # It refers to the source, which refers to this part: a cycle would outlive both.
        del self._decode
        found = pixels.samples.shape, torch.from_numpy(pixels.samples[:1]).dtype
        if found != ((*self.size, len(self.channels)), self.levels.dtype):
            raise ReadError(
                "the image does not match its header: "
                f"{size_text(pixels.samples.shape)} samples of {pixels.samples.dtype}, not "
                f"{size_text((*self.size, len(self.channels)))} of {self.levels}"
            )
        return pixels

    @property
    def tensor(self) -> Tensor:
        """The colours as they are stored. Shape: (1, C, H, W), channels last in memory"""
        return nchw(self.pixels.samples)

    def seen_by(self, *, sees_neighbours: bool, smooths: bool) -> Rows:
        """Return the image as a layer should see it; nothing is decoded yet.

        Colours of fully transparent pixels are arbitrary, mostly black. A mean weights colours by
        their opacity, which it is taken of, too. Any other layer that sees neighbours sees the
        colours around such pixels in their place, and leaves the opacity alone.
        """
        if not self._transparent or not sees_neighbours:
            return self
        return WeightedImage(self) if smooths else FilledImage(self)
