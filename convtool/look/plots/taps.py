"""Panels of audio kernels: their taps, and their response in dB over hertz.

It does without torch, as kernels are shown without it.
"""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator
from numpy.typing import NDArray

from convtool.kernels.frequency import decibels
from convtool.look.plots.page import Cell, Page
from convtool.look.plots.style import AFTER, BEFORE, GAP, MARGIN, USUAL, WIDTH, number, plain

Taps = NDArray[np.float64]

BESIDE, TITLE, BELOW = 0.46, 0.17, 0.17  # inches of ticks beside, of a title, of ticks below
AT_END = 0.12  # inches of the half of the last tick
HEIGHT = 1.5  # inches of a panel
ROOM = (WIDTH - 2 * MARGIN - GAP) / 2 - BESIDE - AT_END  # inches of its width
LETTERS = 17  # of a title, per inch
FEW = 64  # taps that are drawn one by one
NUMBERED = 9  # taps up to which each has its number
HERTZ = 512  # frequencies of a response
LOWEST = 20.0  # hertz, where hearing begins
HEADROOM = 0.05  # of 6 dB, above the largest gain: a line at the edge is not seen
DEEPEST = 80.0  # dB below the largest gain that are drawn


def taps(sheet: Page, title: str, weights: Taps) -> Cell:
    """Return the panel of a kernel's taps.

    Args:
        sheet: that it is put on.
        title: of the kernel.
        weights: its taps.
    """
    width = sheet.snapped(ROOM)

    def draw(page: Page, left: float, top: float) -> None:
        axes = page.axes(left + BESIDE, top + TITLE, width, HEIGHT)
        axes.set_title(plain(title, int(width * LETTERS)))
        axes.axhline(0, color="#dddddd", linewidth=0.5, zorder=0)
        places = np.arange(len(weights))
        if len(weights) <= FEW:
            axes.vlines(places, 0, weights, colors=BEFORE, linewidth=1)
            axes.plot(places, weights, ".", color=BEFORE, markersize=4)
        else:
            axes.plot(places, weights, color=BEFORE, linewidth=0.8)
        axes.margins(x=0.06, y=0.16)
        if len(weights) <= NUMBERED:
            _write(axes, weights)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"tap {value:g}"))
        axes.xaxis.set_major_locator(MaxNLocator(4, integer=True, min_n_ticks=1))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))

    return Cell(BESIDE + width + AT_END, TITLE + HEIGHT + BELOW, draw)


def _write(axes: Axes, weights: Taps) -> None:
    """Write each tap beside its point."""
    for place, weight in enumerate(weights):
        above = weight >= 0
        axes.annotate(
            number(weight),
            (place, weight),
            (0, 3 if above else -3),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            size=USUAL,
        )


def response(sheet: Page, weights: Taps, rate: float) -> Cell:
    """Return the panel of a kernel's gain in dB, over hertz up to half the rate.

    Args:
        sheet: that it is put on.
        weights: the kernel's taps.
        rate: samples per second.
    """
    width = sheet.snapped(ROOM)
    nyquist = rate / 2
    hertz = np.geomspace(min(LOWEST, nyquist / 10), nyquist, HERTZ)
    gains = decibels(weights, rate, hertz)
    highest = math.ceil(float(gains.max()) / 6 + HEADROOM) * 6

    def draw(page: Page, left: float, top: float) -> None:
        axes = page.axes(left + BESIDE, top + TITLE, width, HEIGHT)
        axes.set_title("gain")
        axes.plot(hertz, gains, color=AFTER, linewidth=1)
        axes.set_xscale("log")
        axes.grid(color="#e6e6e6", linewidth=0.5)
        axes.set_xlim(hertz[0], nyquist)
        lowest = max(float(gains.min()) - 3, highest - DEEPEST)
        axes.set_ylim(min(lowest, highest - 12), highest)
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: named(value)))
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{number(value)} dB"))

    return Cell(BESIDE + width + AT_END, TITLE + HEIGHT + BELOW, draw)


def named(hertz: float) -> str:
    """Return a frequency as people write it.

    >>> named(440.0), named(22050.0)
    ('440 Hz', '22.05 kHz')
    """
    return f"{hertz / 1000:g} kHz" if hertz >= 1000 else f"{hertz:g} Hz"
