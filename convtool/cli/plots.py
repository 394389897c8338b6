"""Draw kernels in the terminal: signed shades of their weights, and what a sound's kernel does to frequencies."""

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from convtool.spectrum import decibels

MOST_CELLS = 33
SHADES = " ░▒▓█"
COLUMNS, ROWS = 64, 12
ROW_DECIBELS = 6
LOWEST = 20.0  # Hz, where hearing begins
EIGHTHS = " ▁▂▃▄▅▆▇█"
MARKS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


def heat_map(plane: NDArray[np.float64]) -> Text:
    """Return the grid as signed shades, the strongest weight of each patch where it is too large to draw."""
    edges = [np.linspace(0, n, min(n, MOST_CELLS) + 1).astype(int) for n in plane.shape]
    most = np.abs(plane).max() or 1.0
    text = Text()
    for top, bottom in zip(edges[0][:-1], edges[0][1:], strict=True):
        for left, right in zip(edges[1][:-1], edges[1][1:], strict=True):
            patch = plane[top:bottom, left:right]
            weight = patch.flat[np.abs(patch).argmax()] / most
            shade = SHADES[int(np.ceil(abs(weight) * (len(SHADES) - 1) - 1e-9))]
            sign = " " if shade == " " else "+" if weight > 0 else "-"
            text.append(sign + shade, style="red" if weight > 0 else "blue")
        text.append("\n")
    return text


def magnitude(taps: NDArray[np.float64], rate: float) -> str:
    """Return a plot of the magnitude response in dB over frequencies, which grow by factors.

    Args:
        taps: a sound's kernel.
        rate: samples a second.
    """
    nyquist = rate / 2
    hertz = np.geomspace(min(LOWEST, nyquist / 10), nyquist, COLUMNS)
    gains = decibels(taps, rate, hertz)
    top = ROW_DECIBELS * int(np.ceil(gains.max() / ROW_DECIBELS - 1e-6))
    heights = (gains - top) / ROW_DECIBELS + ROWS
    lines = []
    for row in range(ROWS - 1, -1, -1):
        filled = ((heights - row).clip(0, 1) * (len(EIGHTHS) - 1)).round().astype(int)
        lines.append(f"{top - (ROWS - 1 - row) * ROW_DECIBELS:+4d} dB │{''.join(EIGHTHS[n] for n in filled)}")
    return "\n".join([*lines, "        └" + "─" * COLUMNS, " " * 9 + _scale(hertz)])


def _scale(hertz: NDArray[np.float64]) -> str:
    """Return the frequencies under a plot, each beginning at its column."""
    line = ""
    for mark in MARKS:
        column = int(np.searchsorted(hertz, mark * (1 - 1e-9)))
        word = f"{mark // 1000}k" if mark >= 1000 else str(mark)
        if len(line) <= column and column + len(word) <= COLUMNS - 3:
            line = f"{line:<{column}}{word} "
    return f"{line:<{COLUMNS - 2}}Hz"
