"""Draw the cells: the input and its padding, the window with its weights, the output."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from convtool.convolve.geometry import extent
from convtool.look.animation.layout import Page
from convtool.look.animation.numbers import short
from convtool.look.animation.scene import CAP_HEIGHT, Item, Rect, Sprite, Text, text_width
from convtool.look.animation.storyboard import Step, Storyboard
from convtool.look.animation.theme import (
    CURRENT,
    EDGE,
    EMPTY,
    INK,
    INPUT,
    INPUT_LINE,
    MUTED,
    OUTPUT,
    OUTPUT_LINE,
    PADDING,
    PADDING_LINE,
    WEIGHT,
)

VALUE_SIZE, WEIGHT_SIZE = 0.36, 0.26  # of a cell: the size of its texts
VALUE_MIDDLE, WEIGHT_MIDDLE = 0.4, 0.8  # of a cell: where they stand
VALUE_ROOM, WEIGHT_ROOM = 0.84, 0.94  # of a cell: their width at most
FRAME, THIN = 4, 2  # pixels
DASHES = 16  # and spaces, per side of a cell

Place = tuple[int, ...]  # of an element: channel and position
Corner = tuple[float, float]  # left and top of a cell


class Cells:
    """The cells of a storyboard on a page.

    Args:
        board: the steps.
        page: where its arrays stand.
    """

    def __init__(self, board: Storyboard, page: Page) -> None:
        self._board, self._page = board, page
        self._cell = page.input.cell
        values = map(short, board.samples)
        weights = (f"×{short(each)}" for each in board.weights)
        totals = (short(step.total) for step in board.steps)
        self._value_size = self._fitting(values, VALUE_SIZE, VALUE_ROOM)
        self._total_size = self._fitting(totals, VALUE_SIZE, VALUE_ROOM, bold=True)
        smaller = WEIGHT_SIZE / VALUE_SIZE * self._value_size
        self._weight_size = min(smaller, self._fitting(weights, WEIGHT_SIZE, WEIGHT_ROOM))

    @property
    def smallest(self) -> float:
        """The size of the smallest text, in pixels."""
        return min(self._value_size, self._weight_size, self._total_size)

    def sprites(self) -> Iterator[Sprite]:
        """Yield all, from the back to the front."""
        yield Sprite(tuple(self._inputs()))
        yield Sprite(tuple(self._outputs()))
        yield from self._moving(self._shades)
        yield Sprite(tuple(self._values()))
        yield from self._moving(self._weights)
        yield from self._results()

    def _fitting(
        self, texts: Iterable[str], part: float, room: float, *, bold: bool = False
    ) -> float:
        """Return the size in which the longest of some texts fits a cell."""
        widest = max(text_width(text, 1, bold=bold) for text in set(texts))
        return min(part * self._cell, room * self._cell / widest)

    def _inputs(self) -> Iterator[Rect]:
        """Yield the input's cells after those of the padding, whose lines they share."""
        for place in sorted(self._places(), key=self._is_input):
            corner = self._page.input.place(place)
            if self._is_input(place):
                yield self._square(corner, INPUT, INPUT_LINE)
            else:
                yield self._square(corner, PADDING, PADDING_LINE, dash=self._cell / DASHES)

    def _values(self) -> Iterator[Text]:
        for place in self._places():
            text = short(float(self._board.padded[place]))
            colour = INK if self._is_input(place) else MUTED
            corner = self._page.input.place(place)
            yield self._text(corner, VALUE_MIDDLE, Text(0, 0, text, self._value_size, colour))

    def _outputs(self) -> Iterator[Rect]:
        for step in self._board.steps:
            yield self._square(self._output(step), EMPTY, OUTPUT_LINE)

    def _moving(self, drawn: Callable[[Step], Iterator[Item]]) -> Iterator[Sprite]:
        """Yield what moves with the window: one drawing per output channel, and per slice."""
        made: dict[Place, tuple[Item, ...]] = {}
        for index, step in enumerate(self._board.steps):
            where = (step.output[0], *step.corner[:-2])
            if where not in made:
                made[where] = tuple(drawn(step))
            yield Sprite(made[where], index, index, *self._window(step))

    def _shades(self, step: Step) -> Iterator[Rect]:
        for corner, _ in self._taps(step):
            yield self._square(corner, CURRENT, EDGE)

    def _weights(self, step: Step) -> Iterator[Item]:
        """Yield the weights, and the frames: one per plane, where taps lie apart one per tap."""
        for corner, tap in self._taps(step):
            text = f"×{short(float(step.weights[tap]))}"
            yield self._text(corner, WEIGHT_MIDDLE, Text(0, 0, text, self._weight_size, WEIGHT))
        height, width = (1, *extent(self._board.conv))[-2:]
        apart = set(self._board.conv.dilation[-2:]) != {1}
        dash, stroke = (self._cell / DASHES, THIN) if apart else (0, FRAME)
        for corner, tap in self._taps(step):
            if not any(tap[1:][-2:]):
                size = width * self._cell, height * self._cell
                yield Rect(*corner, *size, None, EDGE, stroke, dash)
        if apart:
            for corner, _ in self._taps(step):
                yield self._square(corner, None, EDGE, stroke=FRAME)

    def _taps(self, step: Step) -> Iterator[tuple[Corner, Place]]:
        """Yield where each tap of a window is, from the window's corner."""
        x, y = self._window(step)
        for tap, covered in self._board.covered(step):
            left, top = self._page.input.place(covered)
            yield (left - x, top - y), tap

    def _window(self, step: Step) -> Corner:
        return self._page.input.place((step.channel, *step.corner))

    def _results(self) -> Iterator[Sprite]:
        last = len(self._board.steps) - 1
        filled = (self._square((0, 0), OUTPUT, OUTPUT_LINE),)
        current = (self._square((0, 0), CURRENT, EDGE, stroke=FRAME),)
        for index, step in enumerate(self._board.steps):
            corner = self._output(step)
            number = Text(0, 0, short(step.total), self._total_size, INK, bold=True)
            yield Sprite(filled, index, last, *corner)
            yield Sprite(current, index, index, *corner)
            yield Sprite((self._text(corner, 0.5, number),), index, last)

    def _output(self, step: Step) -> Corner:
        return self._page.output.place(step.output)

    def _places(self) -> Iterator[Place]:
        size = self._board.padded.shape[1:]
        return ((channel, *at) for channel in self._board.inputs for at in np.ndindex(*size))

    def _is_input(self, place: Place) -> bool:
        return not self._board.is_added(place[1:])

    def _square(
        self,
        corner: Corner,
        fill: str | None,
        line: str,
        *,
        stroke: float = 1,
        dash: float = 0,
    ) -> Rect:
        return Rect(*corner, self._cell, self._cell, fill, line, stroke, dash)

    def _text(self, corner: Corner, middle: float, text: Text) -> Text:
        """Return a text moved into a cell, its digits around a height of the cell."""
        left, top = corner
        down = middle * self._cell + CAP_HEIGHT / 2 * text.size
        return replace(text, x=left + self._cell / 2, y=top + down)
