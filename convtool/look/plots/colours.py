"""The colours of numbers: scales, and colour bars that say what they stand for.

It does without torch, as kernels are drawn without it.
"""

from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray

from convtool.look.plots.page import Page
from convtool.look.plots.style import DIVERGING, GREY, number

Levels = NDArray[np.uint8]  # (H, W, 3)

BAR, GAP_ABOVE, TICKS = 0.07, 0.05, 0.16  # inches of a colour bar, above it, and of its ticks
BAR_ROOM = GAP_ABOVE + BAR + TICKS
LEAST_BAR = 1.0  # inches of its length
LETTERS = 17  # per inch, that ticks have beside each other


@dataclass(frozen=True)
class Scale:
    """The colours of stored numbers, and what they stand for.

    Attributes:
        low: the number drawn in the first colour of the map.
        high: the one in the last colour.
        colours: the map.
        ticks: of a colour bar: stored numbers, and what they stand for; none where it says nothing.
        label: the unit of the ticks.
    """

    low: float = 0.0
    high: float = 1.0
    colours: str = GREY
    ticks: tuple[tuple[float, str], ...] = ()
    label: str = ""


BLACK_TO_WHITE = Scale()


def plain_scale(low: float, high: float, label: str) -> Scale:
    """Return the colours of numbers that stand for themselves, beyond black and white."""
    if low < 0:
        size = max(-low, high)
        ticks = tuple((value, number(value)) for value in (-size, 0.0, size))
        return Scale(-size, size, DIVERGING, ticks, label)
    ticks = tuple((value, number(value)) for value in (0.0, high))
    return Scale(0.0, high, GREY, ticks, label)


def coloured(numbers: NDArray[np.floating], scale: Scale) -> Levels:
    """Return numbers in the colours of a scale.

    Shape: (1 or 3, H, W) → (H, W, 3)
    """
    width = scale.high - scale.low or 1.0
    wide = numbers.astype(np.float64)  # the width of a scale may be beyond float32
    shares = ((wide - scale.low) / width).clip(0, 1)
    levels: Levels
    if len(shares) == 3 or scale.colours == GREY:
        shades = (shares * 255).round().astype(np.uint8)
        levels = np.ascontiguousarray(
            np.broadcast_to(shades, (3, *shades.shape[1:])).transpose(1, 2, 0)
        )
    else:
        levels = mpl.colormaps[scale.colours](shares[0], bytes=True)[..., :3]
    return levels


def colour_bar(page: Page, scale: Scale, left: float, top: float, width: float) -> None:
    """Draw a colour bar with the ticks of a scale below it; it is `BAR_ROOM` high."""
    axes = page.axes(left, top + GAP_ABOVE, width, BAR)
    shades = np.linspace(scale.low, scale.high, 256)[None, None]
    extent = (scale.low, scale.high, 0, 1)
    axes.imshow(coloured(shades, scale), extent=extent, aspect="auto", interpolation="none")
    axes.set_yticks([])
    places, texts = zip(*scale.ticks, strict=True)
    if sum(map(len, texts)) > LETTERS * width:
        texts = (texts[0], *[""] * (len(texts) - 2), texts[-1])
    axes.set_xticks(places, texts)
    axes.set_xlim(scale.low, scale.high)
    first, *_, last = axes.get_xticklabels()
    first.set_horizontalalignment("left")
    last.set_horizontalalignment("right")
