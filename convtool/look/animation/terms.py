"""The arithmetic below the picture: the products of a window, laid out like its kernel.

Where they are too many to be read, those of a plane are added up, or only their number is given.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from convtool.look.animation.numbers import factor, short
from convtool.look.animation.scene import Rect, Sprite, Text, text_width
from convtool.look.animation.storyboard import Step, Storyboard
from convtool.look.animation.theme import CURRENT, EDGE, INK, MUTED
from convtool.look.equality import Printed, printed, sign

SIZE = 24  # pixels of the text
LINE = 38  # from one row to the next
PLUS = 36  # pixels that a plus sign stands in
MOST_ROWS = 6

Tap = tuple[int, ...]
Table = list[list[tuple[Tap, ...]]]  # rows of cells; each is a product, or the sum of several


@dataclass(frozen=True)
class Terms:
    """The arithmetic of all steps.

    Attributes:
        board: the steps.
        table: which products stand where.
        columns: pixels of the columns of the table.
        total: pixels of the sum.
    """

    board: Storyboard
    table: Table
    columns: tuple[float, ...]
    total: float

    @property
    def width(self) -> float:
        """The pixels of all."""
        return self._end + self.total

    @property
    def height(self) -> float:
        """The pixels of all."""
        return len(self.table) * LINE

    @property
    def _end(self) -> float:
        return self._left(len(self.table[-1])) - PLUS

    def sprites(self, x: float, y: float) -> Iterator[Sprite]:
        """Yield the plus signs, and the numbers of each step.

        Args:
            x: the left.
            y: the top.
        """
        yield Sprite(tuple(self._signs(x, y)))
        for index, step in enumerate(self.board.steps):
            yield Sprite((*self._numbers(step, x, y), *self._total(step, x, y)), index, index)

    @property
    def _lead(self) -> str:
        """What the numbers are, where they are no single products."""
        first = self.table[0][0]
        several = len(self.table[0]) > 1 and len(first) > 1
        return f"sums of {len(first)} products:" if several else ""

    def _left(self, column: int) -> float:
        """Return where a column begins; rows below the first one begin with a plus sign."""
        lead = text_width(self._lead, SIZE) + PLUS / 2 if self._lead else 0
        begin = max(lead, PLUS * (len(self.table) > 1))
        return begin + sum(self.columns[:column]) + column * PLUS

    def _baseline(self, row: int) -> float:
        return row * LINE + LINE * 0.68

    def _signs(self, x: float, y: float) -> Iterator[Text]:
        if self._lead:
            yield Text(x, y + self._baseline(0), self._lead, SIZE, MUTED, "start")
        for row, cells in enumerate(self.table):
            for column in range(len(cells)):
                if row or column:
                    left = x + self._left(column) - PLUS / 2
                    yield Text(left, y + self._baseline(row), "+", SIZE, MUTED)

    def _numbers(self, step: Step, x: float, y: float) -> Iterator[Text]:
        added = {tap: self.board.is_added(place[1:]) for tap, place in self.board.covered(step)}
        for row, cells in enumerate(self.table):
            for column, cell in enumerate(cells):
                left = x + self._left(column) + self.columns[column] / 2
                colour = MUTED if all(added[tap] for tap in cell) else INK
                yield Text(left, y + self._baseline(row), _text(step, cell), SIZE, colour)

    def _total(self, step: Step, x: float, y: float) -> Iterator[Text | Rect]:
        left, row = x + self._end, len(self.table) - 1
        down = y + self._baseline(row)
        before = _before_total(step, _sign(step, self.table))
        yield Text(left + 12, down, before, SIZE, INK, "start")
        start = left + 12 + text_width(before, SIZE) + 10
        width = text_width(short(step.total), SIZE, bold=True) + 20
        yield Rect(start, y + row * LINE + 1, width, LINE - 2, CURRENT, EDGE, 2)
        yield Text(start + width / 2, down, short(step.total), SIZE, INK, bold=True)


def terms(board: Storyboard, width: float) -> Terms:
    """Return the arithmetic of all steps, at most as wide as given where that is possible."""
    total = max(
        12
        + text_width(_before_total(step, "≈"), SIZE)
        + 10
        + text_width(short(step.total), SIZE, bold=True)
        + 22
        for step in board.steps
    )
    for table in _tables(board.steps[0].weights.shape):
        columns = tuple(
            max(text_width(_text(step, cell), SIZE) for step in board.steps for cell in column)
            for column in _columns(table)
        )
        made = Terms(board, table, columns, total)
        if made.width <= width and len(table) <= MOST_ROWS:
            break
    return made


def _tables(shape: Sequence[int]) -> Iterator[Table]:
    """Yield ways to lay out products, the most telling first.

    Args:
        shape: that of the weights: channels, and the kernel's size.
    """
    channels, *kernel = shape
    depth, height, width = (1,) * (3 - len(kernel)) + tuple(kernel)
    taps = np.empty((channels, depth, height, width), object)
    for place in np.ndindex(*taps.shape):
        taps[place] = (((place[0], *place[1:][3 - len(kernel) :])),)
    if len(kernel) == 1:
        yield _rows(taps[:, 0, 0])
        half = -(-width // 2)
        yield [row for c in taps[:, 0, 0] for row in (list(c[:half]), list(c[half:])) if row]
    else:
        yield _rows(taps.transpose(2, 0, 1, 3).reshape(height, -1))
        yield _rows(taps.transpose(0, 2, 1, 3).reshape(channels * height, -1))
    planes = taps.reshape(channels, depth, -1)
    yield [[_joined(plane) for plane in planes.reshape(channels * depth, -1)]]
    yield [[_joined(planes.reshape(-1))]]


def _columns(table: Table) -> Iterator[list[tuple[Tap, ...]]]:
    """Yield the columns of a table, whose last rows may be shorter."""
    for index in range(len(table[0])):
        yield [row[index] for row in table if index < len(row)]


def _rows(taps: np.ndarray) -> Table:
    return [list(row) for row in taps]


def _joined(cells: np.ndarray) -> tuple[Tap, ...]:
    return tuple(tap for cell in cells for tap in cell)


def _text(step: Step, cell: tuple[Tap, ...]) -> str:
    if len(cell) == step.weights.numel() > 1:
        return f"the sum of {len(cell)} products"
    if len(cell) > 1:
        return factor(float(sum(step.products[tap] for tap in cell)))
    (tap,) = cell
    return f"{short(float(step.values[tap]))}×{factor(float(step.weights[tap]))}"


def _before_total(step: Step, equals: str) -> str:
    """Return what stands between the products and the sum."""
    return equals if step.bias is None else f"+ bias {short(step.bias)}  {equals}"


def _sign(step: Step, table: Table) -> str:
    """Return = where the sum is that of the numbers as they are written, else ≈."""
    stated = sum(_stated(step, cell) for row in table for cell in row)
    if step.bias is not None:
        stated += printed(short(step.bias))
    return sign(stated, short(step.total))


def _stated(step: Step, cell: tuple[Tap, ...]) -> Printed:
    """Return what a cell comes to by its text; where it has no numbers, without rounding."""
    if len(cell) == step.weights.numel() > 1:
        return step.total - (step.bias or 0.0)
    parts = _text(step, cell).split("×")
    return prod(map(printed, parts))
