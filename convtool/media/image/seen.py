"""Images as layers see them: in blocks of rows, with transparency taken into account."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from convtool.block import AXIS, Block
from convtool.levels import LEAST_WEIGHT, Levels, of, to_float, to_stored
from convtool.limits import IMAGE_BLEED_BYTES
from convtool.media.image.alpha import bleed
from convtool.media.image.samples import Pixels, Samples, regrouped


class Timing(NamedTuple):
    """When an image is shown, as in `Pixels`."""

    duration: float | None = None
    hidden: bool = False


class Rows(ABC):
    """An image, given out in blocks of rows.

    Attributes:
        channels: their names.
        size: height and width.
        levels: how its samples are stored.
        weighted: the last channel is alpha, which the others are multiplied by.
    """

    channels: tuple[str, ...]
    size: tuple[int, ...]
    levels: Levels
    weighted = False

    @property
    def rate(self) -> None:
        """An image has no time."""
        return

    @property
    @abstractmethod
    def memory(self) -> int:
        """An estimate of the bytes held while it is read, beside its blocks."""

    @property
    @abstractmethod
    def pixels(self) -> Pixels:
        """The whole image, decoded."""

    @property
    @abstractmethod
    def opaque(self) -> bool:
        """True where it has no transparency."""

    @property
    @abstractmethod
    def timing(self) -> Timing:
        """When it is shown."""

    @abstractmethod
    def bands(self, length: int) -> Iterator[Pixels]:
        """Yield the image in bands of `length` rows, the last of what is left."""

    def samples(self, pixels: Pixels) -> Tensor:
        """Return a band as the layer sees it. Shape: (1, C, h, W), channels last in memory"""
        return nchw(pixels.samples)

    def blocks(self, length: int, *, company: bool = False) -> Iterator[Block]:
        """Yield the image in blocks of at most `length` rows."""
        del company  # nothing travels beside pixels
        for pixels in self.bands(length):
            yield Block(self.samples(pixels), self.levels)

    def tail(self, length: int) -> Tensor:
        """Return the last `length` rows."""
        last: Tensor | None = None
        for block in self.blocks(min(length, self.size[0])):
            last = block.tensor if last is None else torch.cat([last, block.tensor], AXIS)
            last = last[:, :, -length:]
        assert last is not None
        return last


class SeenImage(Rows):
    """An image as a layer sees it.

    Args:
        part: the image.
    """

    def __init__(self, part: Rows) -> None:
        self._part = part
        self.channels, self.size, self.levels = part.channels, part.size, part.levels

    @property
    def pixels(self) -> Pixels:
        """The whole image, decoded."""
        return self._part.pixels

    @property
    def opaque(self) -> bool:
        """True where it has no transparency."""
        return self._part.opaque

    @property
    def timing(self) -> Timing:
        """When it is shown."""
        return self._part.timing


class WholeImage(SeenImage):
    """An image with transparency that is held whole, as its opacity is taken from beside it."""

    @property
    def memory(self) -> int:
        """An estimate of the bytes held while it is read, beside its blocks."""
        samples = math.prod(self.size) * (len(self.channels) + 1)
        return samples * self.levels.dtype.itemsize

    def bands(self, length: int) -> Iterator[Pixels]:
        """Yield the image in bands of `length` rows."""
        return regrouped([self.pixels], length)


class FilledImage(WholeImage):
    """An image whose fully transparent pixels have the colours around them."""

    def __init__(self, part: Rows) -> None:
        super().__init__(part)
        self._filled: Pixels | None = None

    @property
    def memory(self) -> int:
        """An estimate of the bytes held while it is read, beside its blocks."""
        return super().memory * (1 + IMAGE_BLEED_BYTES // self.levels.dtype.itemsize)

    def bands(self, length: int) -> Iterator[Pixels]:
        """Yield the image in bands of `length` rows."""
        if self._filled is None:
            samples = filled(self.pixels)[0].permute(1, 2, 0).numpy()
            self._filled = Pixels(samples)
        return regrouped([self._filled], length)


class WeightedImage(SeenImage):
    """An image in floats, each colour multiplied by alpha, which is the last channel."""

    weighted = True

    def __init__(self, part: Rows) -> None:
        super().__init__(part)
        self.channels = (*part.channels, "a")
        self.levels = of(torch.float32)

    @property
    def memory(self) -> int:
        """An estimate of the bytes held while it is read, beside its blocks."""
        return self._part.memory

    def bands(self, length: int) -> Iterator[Pixels]:
        """Yield the image in bands of `length` rows."""
        return self._part.bands(length)

    def samples(self, pixels: Pixels) -> Tensor:
        """Return a band as the layer sees it. Shape: (1, C, h, W), channels last in memory"""
        height, width = pixels.samples.shape[:2]
        samples = torch.ones((height, width, len(self.channels))).permute(2, 0, 1)[None]
        samples[:, :-1] = to_float(nchw(pixels.samples))
        if pixels.alpha is not None:
            samples[:, -1] = to_float(torch.from_numpy(pixels.alpha)).clamp_(min=LEAST_WEIGHT)
            samples[:, :-1] *= samples[:, -1:]
        return samples


def filled(pixels: Pixels) -> Tensor:
    """Return the colours, those of fully transparent pixels replaced by those around them.

    Shape: (1, C, H, W), channels last in memory
    """
    tensor, alpha = nchw(pixels.samples), pixels.alpha
    if alpha is None or (alpha > 0).all():
        return tensor
    opacity = to_float(nchw(alpha[..., None]))
    around = to_stored(bleed(to_float(tensor), opacity), tensor.dtype)
    return torch.where(opacity > 0, tensor, around)


def nchw(array: Samples) -> Tensor:
    """Return samples as a batch of one. Shape: (H, W, C) → (1, C, H, W)"""
    return torch.from_numpy(array).permute(2, 0, 1)[None]
