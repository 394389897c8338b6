"""Place panels on a page: in rows, below a title, above notes. It draws no samples.

All places are in inches from the upper left corner, and lie on whole pixels, so that pictures are
neither blurred nor shifted.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from convtool.look.plots.style import FAINT, GAP, LARGE, MARGIN, SMALL, WIDTH, plain, styled

TITLE, LINE = 0.2, 0.13  # inches of the title, and of a line of text
CHARACTERS = 18  # of small text, per inch


class Drawn(Figure):
    """A figure that a notebook shows where a cell ends in it."""

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        with styled():
            self.savefig(buffer, format="png", dpi=self.dpi)
        return buffer.getvalue()


@dataclass(frozen=True)
class Cell:
    """A panel with what belongs to it: title, ticks, colour bar.

    Attributes:
        width: of all of it.
        height: of all of it.
        draw: draws it; called with the page and its left and top.
    """

    width: float
    height: float
    draw: Callable[["Page", float, float], None]


@dataclass
class Page:
    """A figure being put together.

    Attributes:
        title: of the figure.
        subtitles: lines below it.
        dpi: pixels per inch.
        width: the least, which the title and notes are fitted into.
        rows: of cells, side by side, aligned at their tops.
        notes: lines at the bottom.
        about: what the figure shows, in a sentence, for those who do not see it.
    """

    title: str
    subtitles: Sequence[str] = ()
    dpi: int = 150
    width: float = WIDTH
    rows: list[list[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    about: str = ""

    def snapped(self, inches: float) -> float:
        """Return the nearest length of whole pixels."""
        return round(inches * self.dpi) / self.dpi

    def figure(self) -> Figure:
        """Return the figure."""
        wide = max((_width(row) for row in self.rows), default=0.0) + 2 * MARGIN
        self._wide = self.snapped(max(self.width, wide))
        longest = int(self._wide * CHARACTERS)
        notes = [line for note in self.notes for line in _wrapped(note, longest)]
        heading = [line for each in self.subtitles for line in _wrapped(each, longest)]
        heads = MARGIN + TITLE + LINE * len(heading) + 0.08
        tall = sum(_height(row) + GAP for row in self.rows)
        self._tall = self.snapped(heads + tall + LINE * len(notes) + MARGIN)
        self._figure = Drawn(figsize=(self._wide, self._tall), dpi=self.dpi, facecolor="white")
        self.text(MARGIN, MARGIN, plain(self.title, longest * 2 // 3), LARGE, weight="bold")
        for index, line in enumerate(heading):
            self.text(MARGIN, MARGIN + TITLE + index * LINE, line, SMALL, FAINT)
        top = heads
        for row in self.rows:
            left = MARGIN
            for cell in row:
                cell.draw(self, left, top)
                left += cell.width + GAP
            top += _height(row) + GAP
        for index, line in enumerate(notes):
            self.text(MARGIN, top + index * LINE, line, SMALL, FAINT)
        return self._figure

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return new axes."""
        left, top, width, height = map(self.snapped, (left, top, width, height))
        bottom = self._tall - top - height
        wide, tall = self._wide, self._tall
        return self._figure.add_axes((left / wide, bottom / tall, width / wide, height / tall))

    def text(
        self,
        left: float,
        top: float,
        text: str,
        size: float,
        colour: str = "#222222",
        **how: Any,
    ) -> None:
        """Write a line; its upper left corner is given."""
        how = {"va": "top", **how}
        x, y = left / self._wide, 1 - top / self._tall
        self._figure.text(x, y, text, size=size, color=colour, **how)


def _width(row: Sequence[Cell]) -> float:
    return sum(cell.width for cell in row) + GAP * (len(row) - 1)


def _height(row: Sequence[Cell]) -> float:
    return max(cell.height for cell in row)


def _wrapped(text: str, longest: int) -> list[str]:
    """Return a text in lines of at most `longest` characters, broken between words."""
    lines = [""]
    for word in plain(text, 4 * longest).split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > longest:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
