"""Draw weights as a heat map: blue below zero, red above, white at zero, with their numbers.

Signs stand beside shades where there are no colours, as on paper and in a pipe.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from convtool.kernels.heat import colours, has_numbers, is_dark
from convtool.look.terminal.picture import SHADES, coloured, lacking

Plane = NDArray[np.float64]

MOST_CELLS = 33  # cells along an axis
DIGITS = 4  # of a number
STYLES = {  # of numbers in cells, and what is said of them
    f".{DIGITS}g": "",
    ".4f": "(rounded to 4 decimals)",
    ".2f": "(rounded to 2 decimals)",
}
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def heat_map(weights: Plane, console: Console, largest: float | None = None) -> None:
    """Print weights as a heat map.

    Args:
        weights: the plane.
        console: what it is printed on.
        largest: the size of weight that has the full colour; by default the plane's own.

    Shape: (H, W)
    """
    small = has_numbers(weights)
    full = largest or float(np.abs(weights).max()) or 1.0
    if lacking(console) or not coloured(console):
        _print_plain(weights, numbers_of(weights) if small else None, full, console)
        return
    room = console.width - 1
    if small and (fitting := _fitting(weights, room)):
        numbers, note = fitting
        _print_cells(weights / full, numbers, _cell_width(numbers), console)
        if note:
            _say(note, console)
        return
    reduced = strongest(weights, MOST_CELLS)
    _print_cells(reduced / full, None, 2 if 2 * reduced.shape[1] <= room else 1, console)
    _say_reduced(weights, reduced, console)
    _print_legend(full, console)


def numbers_of(weights: Plane, style: str = f".{DIGITS}g") -> list[list[str]]:
    """Return weights as texts.

    Args:
        weights: the plane.
        style: how a number is written.

    >>> numbers_of(np.array([[0.25, -1.0, 0.0]]), ".1f")
    [['0.2', '-1.0', '0']]
    """
    return [[f"{weight:{style}}" if weight else "0" for weight in row] for row in weights]


def _fitting(weights: Plane, room: int) -> tuple[list[list[str]], str] | None:
    """Return weights as texts whose cells fit in so many columns, and how they are rounded."""
    for style, note in STYLES.items():
        numbers = numbers_of(weights, style)
        if weights.shape[1] * _cell_width(numbers) <= room:
            return numbers, note
    return None


def _cell_width(numbers: Sequence[Sequence[str]]) -> int:
    """Return the columns of a cell that each number fits in: even, so that it is nearly square."""
    widest = max(len(number) for row in numbers for number in row) + 2
    return max(4, widest + widest % 2)


def _print_cells(
    shares: Plane, numbers: Sequence[Sequence[str]] | None, width: int, console: Console
) -> None:
    for index, row in enumerate(shares):
        texts = [""] * len(row) if numbers is None else numbers[index]
        line = Text()
        for share, text in zip(row, texts, strict=True):
            line.append(f"{text:>{width - 1}} ", style_of(share))
        console.print(line, soft_wrap=True)


def style_of(share: float) -> Style:
    """Return the colours of a cell.

    Args:
        share: its weight, in units of the largest: -1 to 1.
    """
    ground = colours(np.array([[share]]), 1.0)[0, 0]
    ink = WHITE if is_dark(ground) else BLACK
    return Style(color=Color.from_rgb(*ink), bgcolor=Color.from_rgb(*map(int, ground)))


def _print_legend(largest: float, console: Console) -> None:
    """Print what the colours stand for."""
    line = Text(f"{-largest:.{DIGITS}g} ")
    for share in np.linspace(-1, 1, 17):
        line.append(" ", style_of(float(share)))
    console.print(line.append(f" {largest:.{DIGITS}g}"), soft_wrap=True)


def _print_plain(
    weights: Plane, numbers: Sequence[Sequence[str]] | None, full: float, console: Console
) -> None:
    """Print numbers, then signs and shades."""
    if numbers is not None:
        _print_numbers(numbers, console)
        console.print()
    reduced = strongest(weights, MOST_CELLS)
    for row in reduced:
        line = Text()
        for weight in row:
            line.append(shade(weight / full), style="red" if weight > 0 else "blue")
        line.rstrip()
        console.print(line, soft_wrap=True)
    _say_reduced(weights, reduced, console)


def _print_numbers(numbers: Sequence[Sequence[str]], console: Console) -> None:
    """Print numbers in columns, each aligned on the right; lines are never folded."""
    widths = [max(map(len, column)) for column in zip(*numbers, strict=True)]
    for row in numbers:
        cells = [f"{number:>{width}}" for number, width in zip(row, widths, strict=True)]
        _say("  ".join(cells), console)


def _say_reduced(weights: Plane, reduced: Plane, console: Console) -> None:
    if reduced.shape != weights.shape:
        patch = "×".join(str(-(-n // m)) for n, m in zip(weights.shape, reduced.shape, strict=True))
        _say(f"(each cell shows the strongest of up to {patch} weights)", console)


def _say(line: str, console: Console) -> None:
    console.print(line, highlight=False, markup=False, soft_wrap=True)


def strongest(weights: Plane, most: int) -> Plane:
    """Return a plane of at most so many cells along an axis: the strongest weight of each patch.

    >>> strongest(np.array([[1.0, -3.0, 2.0, 0.0]]), 2).tolist()
    [[-3.0, 2.0]]
    """
    rows, columns = (np.linspace(0, n, min(n, most) + 1).astype(int) for n in weights.shape)
    return np.array(
        [
            [_strongest(weights[top:bottom, left:right]) for left, right in pairwise(columns)]
            for top, bottom in pairwise(rows)
        ]
    )


def _strongest(patch: Plane) -> float:
    return float(patch.flat[np.abs(patch).argmax()])


def shade(share: float) -> str:
    """Return the sign and the shade of a weight, in units of the largest.

    >>> shade(-1.0), shade(0.0), shade(0.1)
    ('-█', '  ', '+░')
    """
    mark = SHADES[int(np.ceil(abs(share) * (len(SHADES) - 1) - 1e-9))]
    if mark == " ":
        return "  "
    return ("+" if share > 0 else "-") + mark
