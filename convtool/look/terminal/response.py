"""Draw what a kernel does to frequencies: dB over hertz for audio, the magnitude for images."""

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from convtool.kernels.frequency import decibels, magnitude
from convtool.look.terminal.picture import SHADES, lacking, picture, space
from convtool.look.terminal.probe import probed

COLUMNS, ROWS = 64, 12
LEFT = 9  # columns of the numbers of decibels
ROW_DECIBELS = 6
LOWEST = 20.0  # Hz, where hearing begins
EIGHTHS = " ▁▂▃▄▅▆▇█"
MARKS = (20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000)  # Hz

POINTS = 65  # frequencies along an axis of an image, zero in the middle
PLAIN_POINTS = 17  # likewise where they are printed as text
TIME_COLUMNS, TIME_ROWS = 48, 6


def response(taps: NDArray[np.float64], rate: float, console: Console) -> None:
    """Draw the magnitude response in dB, over a logarithmic axis of frequencies.

    Args:
        taps: an audio kernel.
        rate: samples per second.
        console: what it is printed on.
    """
    columns = COLUMNS if lacking(console) else max(24, min(100, console.width - 1 - LEFT))
    _say(console, f"gain at {columns} frequencies:")
    for line in _decibels(taps, rate, columns):
        _say(console, line)


def _decibels(taps: NDArray[np.float64], rate: float, columns: int) -> list[str]:
    nyquist = rate / 2
    hertz = np.geomspace(min(LOWEST, nyquist / 10), nyquist, columns)
    gains = decibels(taps, rate, hertz)
    top = ROW_DECIBELS * int(np.ceil(gains.max() / ROW_DECIBELS - 1e-6))
    heights = (gains - top) / ROW_DECIBELS + ROWS
    lines = [
        f"{top - row * ROW_DECIBELS:+4d} dB │{line}"
        for row, line in enumerate(_bars(heights, ROWS))
    ]
    return [*lines, f"{'└':>{LEFT}}{'─' * columns}", " " * LEFT + _scale(hertz)]


def _scale(hertz: NDArray[np.float64]) -> str:
    """Return the labels below a plot, each starting at the column of its frequency."""
    line, columns = "", len(hertz)
    for mark in MARKS:
        column = int(np.searchsorted(hertz, mark * (1 - 1e-9)))
        label = f"{mark // 1000}k" if mark >= 1000 else str(mark)
        if len(line) <= column and column + len(label) <= columns - 3:
            line = f"{line:<{column}}{label} "
    return f"{line:<{columns - 2}}Hz"


def response_2d(weights: NDArray[np.float64], console: Console) -> None:
    """Show the magnitude response of an image kernel: frequency zero in the middle.

    Args:
        weights: the kernel.
        console: what it is printed on: a picture where it can show one, else text.

    Shape: (KH, KW)
    """
    plain = lacking(console) is not None
    count = PLAIN_POINTS
    if not plain:
        room, rows = space(console)
        count = POINTS if probed(console.file).graphics else min(POINTS, room, 2 * rows)
    count -= (count + 1) % 2  # odd: zero is one of them
    gains = magnitude(weights, count)
    largest = float(gains.max())
    _say(console, f"magnitude at {count}×{count} frequencies, 0 (dark) to {largest:.4g} (bright):")
    _say(console, "middle: constant areas; edges: stripes of one pixel")
    shares = gains / (largest or 1.0)
    if plain:
        _print_framed(shares, console)
    else:
        picture((shares * 255).round().astype(np.uint8), console)


def _print_framed(shares: NDArray[np.float64], console: Console) -> None:
    """Print numbers in 0…1 as shades in a frame, two characters each."""
    line = "─" * (2 * shares.shape[1])
    _say(console, f"┌{line}┐")
    for row in shares:
        inner = "".join(2 * SHADES[round(share * (len(SHADES) - 1))] for share in row)
        _say(console, f"│{inner}│")
    _say(console, f"└{line}┘")


def response_over_time(taps: NDArray[np.float64], console: Console) -> None:
    """Draw the magnitude response of a video kernel along time.

    Args:
        taps: the kernel, one weight per frame.
        console: what it is printed on.
    """
    gains = magnitude(taps, 2 * TIME_COLUMNS - 1)[-TIME_COLUMNS:]  # from zero on
    largest = float(gains.max())
    _say(console, f"magnitude over time, of what changes as a whole, 0 to {largest:.4g}:")
    for line in _bars(gains / (largest or 1.0) * TIME_ROWS, TIME_ROWS):
        _say(console, f"│{line}")
    _say(console, f"└{'─' * TIME_COLUMNS}")
    _say(console, f" {'still':<{TIME_COLUMNS - 16}}every other frame")


def _bars(heights: NDArray[np.float64], rows: int) -> list[str]:
    """Return bars as lines of blocks, the topmost first.

    Args:
        heights: in lines.
        rows: how many lines.
    """
    lines = []
    for row in range(rows - 1, -1, -1):
        filled = ((heights - row).clip(0, 1) * (len(EIGHTHS) - 1)).round().astype(int)
        lines.append("".join(EIGHTHS[eighth] for eighth in filled))
    return lines


def _say(console: Console, line: str) -> None:
    console.print(line.rstrip(), highlight=False, markup=False, soft_wrap=True)
