"""Draw kernels: weights as heat maps around zero, with their numbers, and magnitude responses.

It does without torch, as kernels are shown without it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from convtool.kernels.frequency import cycles, magnitude
from convtool.kernels.kernel import Bank, Kernel
from convtool.look.plots.colours import (
    BAR_ROOM,
    LEAST_BAR,
    Levels,
    Scale,
    colour_bar,
    coloured,
    plain_scale,
)
from convtool.look.plots.page import LINE, Cell, Page
from convtool.look.plots.style import AFTER, GAP, INK, LEVELS, MARGIN, USUAL, WIDTH, number, plain
from convtool.look.plots.taps import HERTZ, response, taps

Plane = NDArray[np.float64]

BESIDE, TITLE, BELOW = 0.36, 0.17, 0.17  # inches of ticks beside, of a title, of ticks below
COLUMNS = 3
NARROW = 4.8  # inches of a figure of few panels
ROOM = (WIDTH - 2 * MARGIN - GAP * (COLUMNS - 1)) / COLUMNS - BESIDE  # inches of a panel
TALLEST, RESPONSE = 2.4, 1.3  # inches of a heat map, at most, and of a response
CELL = 0.36  # inches of a weight, at most
LETTERS = 17  # of a title, per inch
DARK = 128  # levels, from which on texts are black
LEAST = 4.5  # points of a number that can be read
FITS = 0.2  # inches of a weight that its number fits in
MOST = 24  # planes that are drawn
POINTS = 129  # frequencies per axis
AT_END = 0.06  # inches of the half of the last tick


def page(bank: Bank, rate: float | None, dpi: int) -> Page:
    """Return the figure of a bank.

    Args:
        bank: the kernels.
        rate: samples per second, for audio kernels; None for others.
        dpi: pixels per inch.
    """
    kernels = bank.kernels
    titles = [kernel.title for kernel in kernels]
    title = bank.label if len(kernels) > 1 else titles[0]
    sheet = Page(title, list(_texts(bank, rate)), dpi, NARROW)
    if rate is not None:
        for kernel in kernels[:MOST]:
            for name, plane in _channels(kernel):
                sheet.rows.append([taps(sheet, name, plane), response(sheet, plane, rate)])
        if max(kernel.size[0] for kernel in kernels) > HERTZ:
            sheet.notes.append(f"gains at {HERTZ} frequencies; what lies between is not seen")
    else:
        _maps(sheet, kernels)
    sheet.about = f"{title}: the weights of {len(kernels)} kernels, and their magnitude responses"
    return sheet


def _texts(bank: Bank, rate: float | None) -> Iterator[str]:
    """Yield what is known of the kernels, in lines."""
    if len(bank.kernels) > 1:
        how = f"combined by {bank.combine}" if bank.combine else "not combined"
        yield f"a bank of {len(bank.kernels)}, {how}"
        return
    kernel = bank.kernels[0]
    low, high = kernel.output_range(signed=rate is not None)
    shape = "×".join(map(str, kernel.weights.shape))
    inputs = "−1…1" if rate is not None else "0…1"
    at = f" at {rate:g} samples per second" if rate is not None else ""
    yield (
        f"{shape}{at}, sum {number(kernel.total)}, "
        f"range {number(low)} … {number(high)} for inputs in {inputs}"
    )


def _maps(sheet: Page, kernels: Sequence[Kernel]) -> None:
    """Put the planes of kernels in rows, above their responses; a single one beside it."""
    planes = [found for kernel in kernels for found in _planes(kernel)]
    if len(planes) > MOST:
        sheet.notes.append(f"the first {MOST} of {len(planes)} planes")
    flat = kernels[0].dims == 2
    if flat and len(planes) == 1:
        sheet.rows.append([_weights(sheet, *planes[0]), _response(sheet, planes[0][1])])
        return
    cells = [_weights(sheet, *found) for found in planes[:MOST]]
    if not flat:
        lines = [found for kernel in kernels for found in _over_time(kernel)]
        cells += [_response_over_time(sheet, *found) for found in lines[:MOST]]
        sheet.notes += ["gain over time: of frames that change as a whole"] * bool(lines)
    for start in range(0, len(cells), COLUMNS):
        sheet.rows.append(cells[start : start + COLUMNS])
        if flat:
            row = planes[start : min(start + COLUMNS, MOST)]
            sheet.rows.append([_response(sheet, plane) for _, plane, _ in row])


def _planes(kernel: Kernel) -> Iterator[tuple[str, Plane, Scale]]:
    """Yield the weights as planes, each with its title and the colours of the kernel."""
    size = float(np.abs(kernel.weights).max()) or 1.0
    scale = plain_scale(-size, size, "weight")
    whole = kernel.weights.reshape(-1, *kernel.weights.shape[-2:])
    names = list(np.ndindex(kernel.weights.shape[:-2]))
    for place, plane in zip(names, whole, strict=True):
        yield kernel.title + _at(kernel, place), plane, scale


def _over_time(kernel: Kernel) -> Iterator[tuple[str, Plane]]:
    """Yield what a video kernel does to frames of one shade, where it has several: a weight each.

    Shape: (T,)
    """
    if kernel.size[0] == 1:
        return
    for place in np.ndindex(kernel.weights.shape[:-3]):
        yield kernel.title + _at(kernel, place), kernel.weights[place].sum((1, 2))


def _channels(kernel: Kernel) -> Iterator[tuple[str, Plane]]:
    """Yield the taps of an audio kernel, for each pair of channels."""
    lines = kernel.weights.reshape(-1, kernel.weights.shape[-1])
    for place, line in zip(np.ndindex(kernel.weights.shape[:-1]), lines, strict=True):
        yield kernel.title + _at(kernel, place), line


def _at(kernel: Kernel, place: tuple[int, ...]) -> str:
    """Return where weights lie on the axes that are not drawn."""
    names = (["out", "in"] if kernel.has_channel_axes else []) + ["t", "y", "x"][-kernel.dims :]
    known = [f"{name} {index}" for name, index in zip(names, place, strict=False)]
    return f", {', '.join(known)}" if known else ""


def _weights(sheet: Page, title: str, plane: Plane, scale: Scale) -> Cell:
    """Return the heat map of a plane, with its numbers where they fit."""
    cell = min(CELL, ROOM / plane.shape[1], TALLEST / plane.shape[0])
    if cell * sheet.dpi >= 1:
        cell = int(cell * sheet.dpi) / sheet.dpi
    tall, wide = (n * cell for n in plane.shape)

    def draw(page: Page, left: float, top: float) -> None:
        axes = page.axes(left + BESIDE, top + TITLE, wide, tall)
        axes.set_title(plain(title, int(ROOM * LETTERS)))
        most = round(tall * page.dpi), round(wide * page.dpi)
        levels = coloured(_strongest(plane, most)[None], scale)
        extent = (-0.5, plane.shape[1] - 0.5, plane.shape[0] - 0.5, -0.5)
        axes.imshow(levels, extent=extent, aspect="auto", interpolation="none")
        _write(axes, plane, levels, cell)
        axes.set_xticks([])
        axes.set_yticks([])
        colour_bar(page, scale, left + BESIDE, top + TITLE + tall, max(wide, LEAST_BAR))

    return Cell(BESIDE + ROOM, TITLE + tall + BAR_ROOM, draw)


def _write(axes: Axes, plane: Plane, levels: Levels, inches: float) -> None:
    """Write the weights into their cells, where they can be read there."""
    if inches < FITS:
        return
    longest = max(len(number(weight)) for weight in plane.flat)
    size = min(USUAL, 72 * inches * 1.5 / max(longest, 3))
    if size < LEAST:
        return
    for (row, column), weight in np.ndenumerate(plane):
        ink = INK if levels[row, column].mean() > DARK else "white"
        text = number(weight)
        axes.text(column, row, text, size=size, color=ink, ha="center", va="center")


def _strongest(plane: Plane, most: tuple[int, int]) -> Plane:
    """Return a plane reduced to at most so many rows and columns: the strongest of each place."""
    factors = [-(-n // limit) for n, limit in zip(plane.shape, most, strict=True)]
    if factors == [1, 1]:
        return plane
    missing = [(0, -n % factor) for n, factor in zip(plane.shape, factors, strict=True)]
    padded = np.pad(plane, missing)
    rows, columns = (n // factor for n, factor in zip(padded.shape, factors, strict=True))
    patches = padded.reshape(rows, factors[0], columns, factors[1]).swapaxes(1, 2)
    flat = patches.reshape(rows, columns, -1)
    places = np.abs(flat).argmax(2)[..., None]
    strongest: Plane = np.take_along_axis(flat, places, 2)[..., 0]
    return strongest


def _response(sheet: Page, plane: Plane) -> Cell:
    """Return the gain of a plane at all frequencies, zero in the middle."""
    side = sheet.snapped(RESPONSE)
    gains = magnitude(plane, POINTS)
    largest = float(gains.max()) or 1.0
    scale = Scale(0.0, largest, LEVELS, ((0.0, "0"), (largest, number(largest))), "gain")

    def draw(page: Page, left: float, top: float) -> None:
        axes = page.axes(left + BESIDE, top + TITLE, side, side)
        axes.set_title("gain, cycles per pixel")
        edge = 0.5 + (cycles(POINTS)[1] - cycles(POINTS)[0]) / 2
        extent = (-edge, edge, edge, -edge)
        levels = coloured(gains[None], scale)
        axes.imshow(levels, extent=extent, aspect="auto", interpolation="none")
        ticks, texts = (-0.5, 0, 0.5), ("−½", "0", "½")
        axes.set_xticks(ticks, texts)
        axes.set_yticks(ticks, texts)
        colour_bar(page, scale, left + BESIDE, top + TITLE + side + BELOW, side)

    return Cell(BESIDE + ROOM, TITLE + side + BELOW + BAR_ROOM, draw)


def _response_over_time(sheet: Page, title: str, weights: Plane) -> Cell:
    """Return the gain along time, of frames that change as a whole: from still on."""
    wide = sheet.snapped(ROOM - AT_END)
    gains = magnitude(weights, 2 * POINTS - 1)[-POINTS:]

    def draw(page: Page, left: float, top: float) -> None:
        axes = page.axes(left + BESIDE, top + TITLE + LINE, wide, RESPONSE)
        page.text(left + BESIDE, top, plain(title, int(ROOM * LETTERS)), USUAL)
        axes.set_title("gain over time, cycles per frame")
        axes.plot(cycles(2 * POINTS - 1)[-POINTS:], gains, color=AFTER, linewidth=1)
        axes.grid(color="#e6e6e6", linewidth=0.5)
        axes.set_xlim(0, 0.5)
        axes.set_ylim(0, 1.1 * (float(gains.max()) or 1.0))
        axes.set_xticks((0, 0.25, 0.5), ("0", "¼", "½"))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))

    return Cell(BESIDE + ROOM, TITLE + LINE + RESPONSE + BELOW, draw)
