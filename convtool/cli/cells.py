"""Tables of numbers for the terminal: grids, and a window beside its weights and products."""

from collections.abc import Iterator

import torch
from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text
from torch import Tensor

from convtool.look import steps

DIGITS = 4  # of numbers in tables that are not whole


def tables(
    parts: list[Tensor], outside: Tensor, places: list[str], console: Console, columns: int
) -> Iterator[RenderableType]:
    """Yield window, weights and products: of one axis below each other, of more side by side.

    Args:
        parts: the three. Shape: (*K)
        outside: whether a tap lies in the padding. Shape: (*K)
        places: what each position of the leading axis is called.
        console: that prints them.
        columns: that they should fit into.
    """
    if outside.ndim == 1:
        rows = _rows(parts, outside)
        yield rows if _fits(rows, console, columns) else _listed(parts, outside, places)
        return
    window, weights, products = (part.reshape(-1, *part.shape[-2:]) for part in parts)
    for plane, where in enumerate(outside.reshape(window.shape)):
        if outside.ndim == 3:
            yield Text(places[plane])
        tables = [
            _titled("window", table_of(window[plane], where)),
            _titled("weights", table_of(weights[plane], None)),
            _titled("products", table_of(products[plane], None)),
        ]
        side = Table.grid(padding=(0, 4))
        side.add_row(*tables)
        yield from [side] if _fits(side, console, columns) else tables


def _fits(table: Table, console: Console, columns: int) -> bool:
    return Measurement.get(console, console.options, table).maximum <= columns


def _titled(title: str, table: Table) -> Table:
    outer = Table.grid()
    outer.add_row(Text(title, style="bold"))
    outer.add_row(table)
    return outer


def _rows(parts: list[Tensor], outside: Tensor) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    for name, part in zip(("window", "weights", "products"), parts, strict=True):
        marked = outside if name == "window" else torch.zeros_like(outside)
        table.add_row(Text(name, style="bold"), *map(cell, part.tolist(), marked.tolist()))
    return table


def _listed(parts: list[Tensor], outside: Tensor, places: list[str]) -> Table:
    """Return one row per tap, where a row of all taps is too wide."""
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="bold")
    for name in ("", "window", "weight", "product"):
        table.add_column(name, justify="right")
    for place, sample, weight, product, marked in zip(
        places, *(part.tolist() for part in parts), outside.tolist(), strict=True
    ):
        table.add_row(place, cell(sample, marked), _number(weight), _number(product))
    return table


def table_of(plane: Tensor, outside: Tensor | None) -> Table:
    """Return numbers as a table; those of padding stand in parentheses."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    marked = torch.zeros(plane.shape, dtype=torch.bool) if outside is None else outside
    for row, marks in zip(plane, marked, strict=True):
        table.add_row(*map(cell, row.tolist(), marks.tolist()))
    return table


def _number(value: float) -> str:
    return steps.number(value, DIGITS)


def cell(value: float, outside: bool) -> Text:  # noqa: FBT001  # one of two columns
    """Return a number as a cell; one of padding stands in parentheses."""
    text = _number(value)
    if outside:
        return Text(f"({text})", style="dim", justify="right")
    return Text(text, justify="right")
