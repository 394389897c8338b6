"""Draw kernels in the terminal: numbers, signed shades, and what a sound's kernel does to frequencies."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convtool.kernels.frequency import decibels
from convtool.kernels.kernel import Bank, Kernel

MOST_NUMBERS = 13
MOST_CELLS = 33
SHADES = " ░▒▓█"
COLUMNS, ROWS = 64, 12
ROW_DECIBELS = 6
LOWEST = 20.0  # Hz, where hearing begins
EIGHTHS = " ▁▂▃▄▅▆▇█"
MARKS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)


def draw(bank: Bank, rate: float | None) -> None:
    """Print the kernels of a bank.

    Args:
        bank: the kernels.
        rate: samples a second, for kernels of sounds; None for others.
    """
    console = Console(highlight=False, markup=False)
    if len(bank.kernels) > 1:
        console.print(
            f"{bank.label}: a bank of {len(bank.kernels)}, combined by {bank.combine or 'nothing'}\n"
        )
    if rate is not None:
        console.print(f"for {rate:g} samples a second")
    for kernel in bank.kernels:
        _draw(console, kernel, rate)


def _draw(console: Console, kernel: Kernel, rate: float | None) -> None:
    low, high = kernel.reach if rate is None else kernel.reach_signed
    console.print(f"{kernel.label}  {'×'.join(map(str, kernel.weights.shape))}")
    console.print(
        f"sum        {kernel.total:g}" + (f", bias {kernel.bias:g}" if kernel.bias else "")
    )
    console.print(f"reaches    {low:g} … {high:g} for inputs in {'0' if rate is None else '-1'}…1")
    console.print(f"separable  {'yes' if kernel.separable else 'no'}")
    console.print(f"output     {'signed' if kernel.signed else 'unsigned'}\n")
    for title, plane in _planes(kernel.weights):
        if title:
            console.print(title)
        if max(plane.shape) <= MOST_NUMBERS:
            grid = Table(box=None, show_header=False, pad_edge=False)
            for row in plane:
                grid.add_row(*(Text(f"{weight:.4g}", justify="right") for weight in row))
            console.print(grid)
            console.print()
        console.print(heat_map(plane))
        if rate is not None and plane.shape[1] > 1:
            for taps in plane:
                console.print(magnitude(taps, rate), soft_wrap=True)
                console.print()


def _planes(weights: NDArray[np.float64]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield the weights as 2-D grids, each with the place that it has on the other axes."""
    planes = weights.reshape(-1, *weights.shape[-2:]) if weights.ndim > 1 else weights[None, None]
    for place, plane in zip(np.ndindex(weights.shape[:-2]), planes, strict=True):
        yield (f"at {', '.join(map(str, place))}" if place else ""), plane


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
        lines.append(
            f"{top - (ROWS - 1 - row) * ROW_DECIBELS:+4d} dB │{''.join(EIGHTHS[n] for n in filled)}"
        )
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
