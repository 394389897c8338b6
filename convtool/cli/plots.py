"""Draw kernels in the terminal: numbers, heat maps, magnitude responses."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convtool.kernels.frequency import decibels
from convtool.kernels.kernel import Bank, Kernel

MOST_NUMBERS = 13  # taps along an axis up to which a plane is printed as numbers
MOST_CELLS = 33  # cells of a heat map along an axis
SHADES = " ░▒▓█"
COLUMNS, ROWS = 64, 12
ROW_DECIBELS = 6
LOWEST = 20.0  # Hz, where hearing begins
EIGHTHS = " ▁▂▃▄▅▆▇█"
MARKS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)  # Hz


def draw(bank: Bank, rate: float | None) -> None:
    """Print the kernels of a bank.

    Args:
        bank: the kernels.
        rate: samples per second, for audio kernels; None for others.
    """
    console = Console(highlight=False, markup=False)
    if len(bank.kernels) > 1:
        how = f"combined by {bank.combine}" if bank.combine else "not combined"
        console.print(f"{bank.label}: a bank of {len(bank.kernels)}, {how}\n")
    if rate is not None:
        console.print(f"at {rate:g} samples per second")
    for kernel in bank.kernels:
        _draw(console, kernel, rate)


def _draw(console: Console, kernel: Kernel, rate: float | None) -> None:
    _describe(console, kernel, signed_input=rate is not None)
    for title, plane in _planes(kernel.weights):
        if title:
            console.print(title)
        if max(plane.shape) <= MOST_NUMBERS:
            console.print(_numbers(plane))
            console.print()
        console.print(heat_map(plane))
        if rate is not None and plane.shape[1] > 1:
            for taps in plane:
                console.print(magnitude(taps, rate), soft_wrap=True)
                console.print()


def _describe(console: Console, kernel: Kernel, *, signed_input: bool) -> None:
    low, high = kernel.output_range(signed=signed_input)
    inputs = "-1…1" if signed_input else "0…1"
    biases = kernel.bias if isinstance(kernel.bias, tuple) else (kernel.bias,)
    bias = f", bias {', '.join(f'{each:g}' for each in biases)}" if any(biases) else ""
    console.print(f"{kernel.label}  {'×'.join(map(str, kernel.weights.shape))}")
    console.print(f"sum        {kernel.total:g}{bias}")
    console.print(f"range      {low:g} … {high:g} for inputs in {inputs}")
    console.print(f"separable  {'yes' if kernel.separable else 'no'}")
    console.print(f"normalize  {kernel.normalize}\n")


def _planes(weights: NDArray[np.float64]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield the weights as 2-D planes, each with its position along the other axes."""
    planes = weights.reshape(-1, *weights.shape[-2:]) if weights.ndim > 1 else weights[None, None]
    for position, plane in zip(np.ndindex(weights.shape[:-2]), planes, strict=True):
        yield (f"at {', '.join(map(str, position))}" if position else ""), plane


def _numbers(plane: NDArray[np.float64]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for row in plane:
        table.add_row(*(Text(f"{weight:.4g}", justify="right") for weight in row))
    return table


def heat_map(plane: NDArray[np.float64]) -> Text:
    """Return a plane as signed shades; where it is too large, by the strongest weight per patch."""
    rows, columns = (np.linspace(0, n, min(n, MOST_CELLS) + 1).astype(int) for n in plane.shape)
    largest = np.abs(plane).max() or 1.0
    text = Text()
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            patch = plane[top:bottom, left:right]
            weight = patch.flat[np.abs(patch).argmax()] / largest
            text.append(_cell(weight), style="red" if weight > 0 else "blue")
        text.append("\n")
    return text


def _cell(weight: float) -> str:
    """Return the sign and the shade of a weight in -1…1."""
    shade = SHADES[int(np.ceil(abs(weight) * (len(SHADES) - 1) - 1e-9))]
    if shade == " ":
        return "  "
    return ("+" if weight > 0 else "-") + shade


def magnitude(taps: NDArray[np.float64], rate: float) -> str:
    """Return a plot of the magnitude response in dB, over a logarithmic axis of frequencies.

    Args:
        taps: an audio kernel.
        rate: samples per second.
    """
    nyquist = rate / 2
    hertz = np.geomspace(min(LOWEST, nyquist / 10), nyquist, COLUMNS)
    gains = decibels(taps, rate, hertz)
    top = ROW_DECIBELS * int(np.ceil(gains.max() / ROW_DECIBELS - 1e-6))
    heights = (gains - top) / ROW_DECIBELS + ROWS
    lines = []
    for row in range(ROWS - 1, -1, -1):
        level = top - (ROWS - 1 - row) * ROW_DECIBELS
        filled = ((heights - row).clip(0, 1) * (len(EIGHTHS) - 1)).round().astype(int)
        lines.append(f"{level:+4d} dB │{''.join(EIGHTHS[eighth] for eighth in filled)}")
    lines.append("        └" + "─" * COLUMNS)
    lines.append(" " * 9 + _scale(hertz))
    return "\n".join(lines)


def _scale(hertz: NDArray[np.float64]) -> str:
    """Return the labels below a plot, each starting at the column of its frequency."""
    line = ""
    for mark in MARKS:
        column = int(np.searchsorted(hertz, mark * (1 - 1e-9)))
        label = f"{mark // 1000}k" if mark >= 1000 else str(mark)
        if len(line) <= column and column + len(label) <= COLUMNS - 3:
            line = f"{line:<{column}}{label} "
    return f"{line:<{COLUMNS - 2}}Hz"
