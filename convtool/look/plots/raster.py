"""Panels of pictures: samples, axes in pixels, numbers in cells.

Pictures are reduced by means to the pixels that they are drawn on, and enlarged without blurring.
"""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator
from torch import Tensor
from torch.nn import functional

from convtool.look.plots.colours import BAR_ROOM, LEAST_BAR, Levels, Scale, colour_bar, coloured
from convtool.look.plots.page import Cell, Page
from convtool.look.plots.style import INK, USUAL, plain
from convtool.look.plots.tiles import Tile

TITLE, BELOW, BESIDE = 0.17, 0.17, 0.3  # inches of a title, of ticks below, of ticks beside
MOST_NUMBERS = 12  # samples per axis up to which each has its number
CELL, CELL_OF_COLOURS = 0.24, 0.34  # inches of a sample that a number fits in, or three
TICK = 0.14  # inches that a tick takes
MOST_ENLARGED = 0.36  # inches of a sample
EVENLY = 4  # from this factor on, all samples are enlarged alike
LETTERS = 17  # of a title, per inch
SQUARES, LIGHT, DARK = 8, 255, 214  # pixels of a checkerboard's squares, and its levels


class Picture:
    """A panel with a picture, its axes in pixels.

    Args:
        tile: its title, which channels, in which colours.
        samples: those kept, where 1 is white.
        size: height and width of the whole image, which the axes count.
        alpha: the opacity of each sample; None where all are opaque.
        numbers: what is written into the cells of small images; None for nothing.

    Attributes:
        has_numbers: these fit, and are written; known once `cell` has been called.
        reduction: samples along each side that a pixel shows the mean of; known then, too.

    Shape: samples (C, H, W), alpha (H, W), numbers (C, H, W)
    """

    def __init__(
        self,
        tile: Tile,
        samples: Tensor,
        size: Sequence[int],
        alpha: Tensor | None = None,
        numbers: Tensor | None = None,
    ) -> None:
        self._tile, self._size = tile, tuple(size)
        self._samples, self._alpha = samples[list(tile.channels)], alpha
        small = max(self._size) <= MOST_NUMBERS and self._samples.shape[1:] == self._size
        self._numbers = numbers[list(tile.channels)] if small and numbers is not None else None
        self.has_numbers, self.reduction = False, 1.0

    @property
    def has_bar(self) -> bool:
        """True where a colour bar stands beside it."""
        return bool(self.scale.ticks)

    @property
    def scale(self) -> Scale:
        """Its colours."""
        return self._tile.scale

    @property
    def is_detail(self) -> bool:
        """True where it shows one of the channels of another picture."""
        return self._tile.detail

    def cell(self, page: Page, width: float, height: float) -> Cell:
        """Return the panel.

        Args:
            page: that it is put on.
            width: inches for the picture, at most.
            height: the same.
        """
        pixels = fitted(self._samples.shape[1:], width * page.dpi, height * page.dpi)
        largest = MOST_ENLARGED * page.dpi
        factor = min(pixels[0] / self._samples.shape[1], largest)
        if factor == largest:
            pixels = tuple(round(n * factor) for n in self._samples.shape[1:])
        tall, wide = (n / page.dpi for n in pixels)
        self.reduction = max(1.0, self._size[1] / pixels[1])
        if self._numbers is not None:
            room = CELL if len(self._numbers) == 1 else CELL_OF_COLOURS
            self.has_numbers = tall / self._size[0] >= room

        def draw(page: Page, left: float, top: float) -> None:
            axes = page.axes(left + BESIDE, top + TITLE, wide, tall)
            axes.set_title(plain(self._tile.title, int(width * LETTERS)))
            show(axes, self._coloured(pixels), self._size)
            if self.has_numbers:
                self._write(axes, tall / self._size[0])
            if self.has_bar:
                below = top + TITLE + tall + BELOW
                colour_bar(page, self._tile.scale, left + BESIDE, below, max(wide, LEAST_BAR))

        bar = BAR_ROOM if self.has_bar else 0
        return Cell(BESIDE + width, TITLE + tall + BELOW + bar, draw)

    def _coloured(self, pixels: Sequence[int]) -> Levels:
        samples = shrunk(self._samples, pixels)
        levels = coloured(samples.numpy(), self._tile.scale)
        if self._alpha is None or self._tile.scale.ticks:
            return levels
        return over_checks(levels, shrunk(self._alpha[None], pixels)[0])

    def _write(self, axes: Axes, inches: float) -> None:
        """Write the number of each sample into its cell."""
        assert self._numbers is not None
        shades = coloured(self._samples.numpy(), self._tile.scale).mean(2)
        size = min(USUAL, 72 * inches / max(3.2, 1.5 * len(self._numbers)))
        for row, column in np.ndindex(*self._size):
            texts = [cell_number(float(value)) for value in self._numbers[:, row, column]]
            ink = INK if shades[row, column] > 128 else "white"
            axes.text(column, row, "\n".join(texts), size=size, color=ink, ha="center", va="center")


def cell_number(value: float) -> str:
    """Return the number of a sample: whole ones without a point."""
    return f"{value:g}" if value.is_integer() else f"{value:.3g}"


def fitted(size: Sequence[int], width: float, height: float) -> tuple[int, ...]:
    """Return the pixels, height and width, that an image is drawn on.

    Args:
        size: its height and width.
        width: pixels that there are.
        height: the same.

    >>> fitted((300, 400), 200, 200), fitted((3, 4), 50, 200)
    ((150, 200), (36, 48))
    """
    factor = min(height / size[0], width / size[1])
    if factor >= EVENLY:
        factor = int(factor)
    return tuple(max(1, round(n * factor)) for n in size)


def shrunk(samples: Tensor, pixels: Sequence[int]) -> Tensor:
    """Return samples reduced by means to the pixels that they are drawn on, if these are fewer.

    Shape: (C, H, W) → (C, H', W'), of float32
    """
    target = [min(n, wanted) for n, wanted in zip(samples.shape[1:], pixels, strict=True)]
    if target == list(samples.shape[1:]):
        return samples.float()
    return functional.interpolate(samples[None].float(), target, mode="area")[0]


def over_checks(levels: Levels, alpha: Tensor) -> Levels:
    """Return a picture over a checkerboard, which transparent pixels let through.

    Shape: (H, W, 3), (H, W) → (H, W, 3)
    """
    height, width = alpha.shape
    squares = max(1, min(SQUARES, min(height, width) // 4))
    rows, columns = torch.arange(height) // squares, torch.arange(width) // squares
    checks = torch.where((rows[:, None] + columns) % 2 == 0, LIGHT, DARK)[..., None]
    opacity = alpha.clamp(0, 1)[..., None]
    mixed = torch.lerp(checks.float(), torch.from_numpy(levels).float(), opacity)
    return mixed.round().to(torch.uint8).numpy()


def show(axes: Axes, levels: Levels, size: Sequence[int]) -> None:
    """Show a picture on axes that count the samples of the whole image."""
    height, width = size
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(levels, extent=extent, aspect="auto", interpolation="none")
    box = axes.get_window_extent()
    for axis, count, pixels in ((axes.xaxis, width, box.width), (axes.yaxis, height, box.height)):
        room = pixels / axes.figure.dpi / TICK
        if count > MOST_NUMBERS:
            axis.set_major_locator(MaxNLocator(max(1, min(4, int(room))), integer=True))
        else:
            axis.set_major_locator(FixedLocator(list(range(count if room >= count else 1))))
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
