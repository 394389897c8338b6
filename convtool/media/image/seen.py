"""Images as layers see them: in blocks of rows, with transparency taken into account."""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor

from convtool.block import AXIS, Block
from convtool.levels import LEAST_WEIGHT, Levels, of, to_float, to_stored
from convtool.media.image.alpha import bleed
from convtool.media.image.samples import Pixels, Samples


class Rows(ABC):
    """An image in memory, given out in blocks of rows.

    Attributes:
        channels: their names.
        size: height and width.
        levels: how its samples are stored.
        memory: as of every Part.
        weighted: the last channel is alpha, which the others are multiplied by.
    """

    channels: tuple[str, ...]
    size: tuple[int, ...]
    levels: Levels
    memory: int
    weighted = False

    @property
    def rate(self) -> None:
        """An image has no time."""
        return

    @property
    @abstractmethod
    def pixels(self) -> Pixels:
        """The decoded image."""

    @property
    @abstractmethod
    def tensor(self) -> Tensor:
        """The whole image. Shape: (1, C, H, W), channels last in memory"""

    def blocks(self, length: int, *, company: bool = False) -> Iterator[Block]:
        """Yield the image in blocks of at most `length` rows."""
        del company  # nothing travels beside pixels
        for rows in torch.split(self.tensor, length, AXIS):
            yield Block(rows, self.levels)

    def tail(self, length: int) -> Tensor:
        """Return the last `length` rows."""
        return self.tensor[:, :, self.size[0] - min(length, self.size[0]) :]


class SeenImage(Rows):
    """An image as a layer sees it; its samples are made when they are first asked for.

    Args:
        part: the image.
    """

    def __init__(self, part: Rows) -> None:
        self._part = part
        self.channels, self.size, self.levels = part.channels, part.size, part.levels
        self.memory = part.memory
        self._made: Tensor | None = None

    @property
    def pixels(self) -> Pixels:
        """The decoded image."""
        return self._part.pixels

    @property
    def tensor(self) -> Tensor:
        """The whole image. Shape: (1, C, H, W), channels last in memory"""
        if self._made is None:
            self._made = self._make()
        return self._made

    @abstractmethod
    def _make(self) -> Tensor:
        """Return the whole image. Shape: (1, C, H, W), channels last in memory"""


class FilledImage(SeenImage):
    """An image whose fully transparent pixels have the colours around them."""

    def _make(self) -> Tensor:
        return filled(self._part.pixels)


class WeightedImage(SeenImage):
    """An image in floats, each colour multiplied by alpha, which is the last channel."""

    weighted = True

    def __init__(self, part: Rows) -> None:
        super().__init__(part)
        self.channels = (*part.channels, "a")
        self.levels = of(torch.float32)

    def _make(self) -> Tensor:
        colours, alpha = self._part.tensor, self._part.pixels.alpha
        samples = torch.ones((*self.size, len(self.channels))).permute(2, 0, 1)[None]
        samples[:, :-1] = to_float(colours)
        if alpha is not None:
            samples[:, -1] = to_float(torch.from_numpy(alpha)).clamp_(min=LEAST_WEIGHT)
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
