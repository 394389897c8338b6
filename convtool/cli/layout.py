"""Lay out the pages of `--help`: headings, and rows of two columns, within the terminal's width."""

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

Row = tuple[str, str]

USUAL_WIDTH, MOST_WIDTH = 80, 100  # columns, of no terminal and of the widest that is filled
LEFT = 26  # columns, usually
INDENT = "  "


class Section(NamedTuple):
    """A part of a page.

    Attributes:
        heading: empty for none.
        rows: in order.
        left: columns of first cells, by default those of the longest up to `LEFT`; a longer one
            has a line of its own.
    """

    heading: str
    rows: Sequence[Row]
    left: int = 0


def page(usage: str, summary: str, sections: Iterable[Section], closing: str = "") -> str:
    """Return a page of help, without a line break at its end.

    Args:
        usage: the words of the call.
        summary: paragraphs, with an empty line between them.
        sections: in order; those without rows are left out.
        closing: a paragraph at the end.
    """
    width = min(shutil.get_terminal_size((USUAL_WIDTH, 24)).columns, MOST_WIDTH) - 1
    parts = ["\n".join(_wrapped(f"Usage: {usage}", width))]
    parts += ["\n".join(_wrapped(text, width)) for text in summary.split("\n\n")]
    parts += ["\n".join(_section(section, width)) for section in sections if section.rows]
    parts += ["\n".join(_wrapped(closing, width))] if closing else []
    return "\n\n".join(parts)


def _section(section: Section, width: int) -> Iterator[str]:
    if section.heading:
        yield f"{section.heading}:"
    left = section.left or columns_of(section.rows)
    for first, second in section.rows:
        yield from _row(first, second, left, width)


def columns_of(rows: Iterable[Row], most: int = LEFT) -> int:
    """Return the columns of the longest first cell of rows, up to a number of them."""
    return min(most, max((len(first) for first, _ in rows), default=0))


def _row(first: str, second: str, left: int, width: int) -> Iterator[str]:
    """Yield the lines of a row; a long first cell has a line of its own."""
    column = len(INDENT) + left + len(INDENT)
    lines = _wrapped(second, max(20, width - column))
    if len(first) > left:
        yield f"{INDENT}{first}"
    elif lines:
        yield f"{INDENT}{first:<{left}}{INDENT}{lines.pop(0)}"
    else:
        yield f"{INDENT}{first}"
    yield from (" " * column + line for line in lines)


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()), width, break_long_words=False, break_on_hyphens=False
    )
