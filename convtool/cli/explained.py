"""Print an explanation: tables of window, weights and products, the steps that follow, grids."""

from collections.abc import Sequence

import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from rich.text import Text
from torch import Tensor

from convtool.cli.cells import table_of, tables
from convtool.cli.messages import printable
from convtool.cli.shape import chain_lines, formula_lines, layer_line
from convtool.convolve.beyond import PADDED
from convtool.look.element import Element, Response
from convtool.look.explain import LARGEST, Explained
from convtool.look.steps import arithmetic, disagreement, number, steps
from convtool.padding import text_of
from convtool.sizes import counted, size_text

MOST = {1: 12, 2: 7, 3: 5}  # taps that are shown along each axis, by the number of axes
ALIKE = 0.05  # by which sums of products may differ for the middle of a kernel to be shown
MOST_CHANNELS = 4  # input channels of a response that are shown
MOST_RESULTS = 8  # channels of a small result
WIDE = 2**14  # columns: numbers are never cut, even where a terminal is narrower
NOWHERE = "–"  # in place of a position: zeros are added there
AXES = {1: (), 2: ("columns",), 3: ("rows", "columns")}  # behind the leading one
LEADING = {1: "positions", 2: "rows", 3: "planes"}


def show(
    explained: Explained, *, name: str, suffix: str, leading: str, numbers: Tensor | None
) -> None:
    """Print an explanation.

    Args:
        explained: the explanation.
        name: of the input.
        suffix: of the output that is explained; empty for none.
        leading: the word for positions of the leading axis.
        numbers: the padded input, where it was typed, with NaN where zeros were added.
    """
    console = Console(highlight=False, markup=False, soft_wrap=True, width=WIDE)
    with console.capture() as capture:
        title = f"{name}, as {suffix}" if suffix else name
        _show(console, explained, title, leading, numbers)
    print("\n".join(line.rstrip() for line in capture.get().splitlines()))


def _show(
    console: Console, explained: Explained, title: str, leading: str, numbers: Tensor | None
) -> None:
    console.print(_heading(explained, title))
    for line in [*chain_lines(explained.shape), layer_line(explained.shape)]:
        console.print(line)
    if numbers is not None:
        _show_numbers(console, explained, numbers)
    axes = [leading, *AXES[len(explained.size)]]
    for response in _responses(explained.element):
        console.print()
        _show_response(console, explained, response, axes)
    console.print()
    console.print(_steps_table(explained.element))
    for response in _responses(explained.element):
        console.print()
        console.print(arithmetic(response))
    if different := disagreement(explained.element):
        console.print(f"\nnote: {different}")
    if explained.result is not None and numbers is None:
        console.print(f"\nresult, {explained.name}")
        _show_grids(console, explained.result, None)


def _responses(element: Element) -> list[Response]:
    return [*element.responses, *([] if element.weight is None else [element.weight])]


def _heading(explained: Explained, title: str) -> str:
    """Return which element it is."""
    element = explained.element
    at = ",".join(map(str, element.place))
    when = "" if explained.seconds is None else f" ({explained.seconds:.6g} s)"
    size = size_text(explained.shape.output)
    if not explained.read:
        size += " by its header"
    one = f"{printable(explained.name)} (channel {explained.number}), element {at}{when} of {size}"
    return f"{printable(title)}: {one}"


def _show_numbers(console: Console, explained: Explained, padded: Tensor) -> None:
    """Print the whole padded input, and the result, with the formula of its size."""
    console.print()
    for line in formula_lines(explained.shape):
        console.print(line)
    marked = any(map(any, explained.shape.window.pads))
    note = ", padding in parentheses" if marked else ""
    if padded[0].numel() > LARGEST or explained.result is None:
        console.print(
            f"\ninput and result have more than {LARGEST} numbers, and are not shown whole"
        )
        return
    for channel, grid in enumerate(padded.unbind(0), start=1):
        title = f"input, channel {channel}" if len(padded) > 1 else "input"
        console.print(f"\n{title}{note}")
        _show_grids(console, grid, _outside(explained))
    stored = explained.view.stored
    for place, channel in enumerate(explained.order[:MOST_RESULTS]):
        title = f"result, channel {place} ({explained.names[place]})"
        console.print(f"\n{title if len(stored) > 1 else 'result'}")
        _show_grids(console, stored[channel], None)
    if len(stored) > MOST_RESULTS:
        console.print(f"\nand {counted(len(stored) - MOST_RESULTS, 'more channel')}")


def _outside(explained: Explained) -> Tensor:
    """Return which positions of the padded input are padding. Shape: as the padded input"""
    outside = torch.zeros((), dtype=torch.bool)
    axes = zip(explained.size, explained.shape.window.pads, strict=True)
    for length, (before, after) in axes:
        places = torch.arange(-before, length + after)
        outside = outside[..., None] | (places < 0) | (places >= length)
    return outside


def _show_grids(console: Console, values: Tensor, outside: Tensor | None) -> None:
    """Print a row, a grid, or planes one after the other."""
    if outside is None:
        outside = torch.zeros_like(values, dtype=torch.bool)
    planes = values.reshape(-1, *values.shape[-2:]) if values.ndim > 1 else values[None, None]
    for place, (plane, where) in enumerate(zip(planes, outside.reshape(planes.shape), strict=True)):
        if place:
            console.print()
        console.print(table_of(plane, where))


def _show_response(
    console: Console, explained: Explained, response: Response, axes: Sequence[str]
) -> None:
    """Print the window, weights and products of one response."""
    element = explained.element
    shown, columns = _shown_taps(response), Console().width
    leading = zip(element.sources[0][shown[0]], element.outside[0][shown[0]], strict=True)
    places = [f"{axes[0][:-1]} {_position(int(source), bool(out))}" for source, out in leading]
    console.print(_taken_from(explained, response, axes))
    for place, channel in enumerate(response.inputs[:MOST_CHANNELS]):
        if len(response.inputs) > 1:
            console.print(f"on {_input_name(explained, channel)}")
        parts = [
            tensor[place][shown]
            for tensor in (response.window, response.weights, response.products)
        ]
        for table in tables(parts, element.padding[shown], places, console, columns):
            console.print(table)
    if left := _left_out(response, shown, places):
        console.print(left)


def _taken_from(explained: Explained, response: Response, axes: Sequence[str]) -> str:
    """Return where the samples of the window come from; those of padding in parentheses."""
    element = explained.element
    along = zip(axes, element.sources, element.outside, strict=True)
    where = [f"{axis} {_positions(at.tolist(), out.tolist())}" for axis, at, out in along]
    what = f"kernel {response.channel}" if len(element.responses) > 1 else "window"
    if response is element.weight:
        what = "opacity"
    if len(response.inputs) == 1 and len(explained.view.work.seen.channels) > 1:
        what += f" on {_input_name(explained, response.inputs[0])}"
    if element.weight is not None and response is not element.weight:
        what += " × opacity"
    modes, said = explained.shape.window.modes, f"{what}: {', '.join(where)}"
    marks = sorted({NOWHERE if mode.fills else "in parentheses" for mode in modes})
    marked = bool(element.padding.any())
    return f"{said} ({' or '.join(marks)}: padding, {text_of(modes)})" if marked else said


def _positions(sources: list[int], outside: list[bool]) -> str:
    if len(sources) > max(MOST.values()):
        return f"{_position(sources[0], outside[0])} … {_position(sources[-1], outside[-1])}"
    return " ".join(map(_position, sources, outside))


def _position(source: int, outside: bool) -> str:  # noqa: FBT001  # one of two columns
    if source == PADDED:
        return NOWHERE
    return f"({source})" if outside else str(source)


def _input_name(explained: Explained, channel: int) -> str:
    name = str(explained.view.work.seen.channels[channel])
    return f"channel {name}" if name.isdecimal() else name


def _shown_taps(response: Response) -> tuple[slice | Tensor, ...]:
    """Return the part of a kernel that is shown: all of it, or where products are largest.

    Of a line of few products that are not zero, such as an echo's, these are shown alone.
    """
    sizes = response.products.abs().sum(0)
    if sizes.ndim == 1 and len(sizes) > MOST[1] >= int(sizes.count_nonzero()) > 0:
        return (sizes.nonzero().flatten(),)
    taps: list[slice | Tensor] = []
    for axis, count in enumerate(sizes.shape):
        most = min(MOST[sizes.ndim], count)
        others = [other for other in range(sizes.ndim) if other != axis]
        along = sizes.sum(others) if others else sizes
        sums = along.unfold(0, most, 1).sum(1)
        middle = (torch.arange(len(sums)) - (count - most) // 2).abs()
        best = sums >= sums.max() * (1 - ALIKE)
        start = int(torch.where(best, middle, count).argmin())
        taps.append(slice(start, start + most))
    return tuple(taps)


def _left_out(response: Response, shown: tuple[slice | Tensor, ...], places: Sequence[str]) -> str:
    """Return what is said of the products that are not shown; empty where all are."""
    visible = response.products[(slice(MOST_CHANNELS), *shown)]
    rest = response.products.numel() - visible.numel()
    if not rest:
        return ""
    channels, *taps = response.weights.shape
    parts = []
    if visible[0].numel() < response.weights[0].numel():
        of = f"{size_text(visible.shape[1:])} of {size_text(taps)} taps"
        apart = isinstance(shown[0], Tensor)
        parts.append(f"{', '.join(places)}: {of}" if apart else f"{of}, where products are largest")
    if len(visible) < channels:
        parts.append(f"{len(visible)} of {channels} input channels")
    left = number(response.total - float(visible.sum()))
    others = "the other product is" if rest == 1 else f"the other {rest} products sum to"
    return f"shown: {', '.join(parts)}; {others} {left}"


def _steps_table(element: Element) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2))
    for step in steps(element):
        last = step.name == "stored"
        value = _exact(element) if last else number(step.value)
        style = "bold" if last else ""
        table.add_row(Text(step.name), Text(step.formula), Text(value, style, justify="right"))
    return table


def _exact(element: Element) -> str:
    """Return the stored sample, floats with as many digits as tell them apart."""
    if not element.levels.floats:
        return number(element.stored)
    kind = str(element.levels.dtype).removeprefix("torch.")
    text = str(np.dtype(kind).type(element.stored))
    return number(element.stored) if float(text).is_integer() else text.replace("-", "−")
