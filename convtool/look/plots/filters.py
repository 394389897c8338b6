"""Draw the filters of a trained layer as pictures, side by side: those of colours in colour.

Grey is zero in filters of three channels; others have the colours of heat maps. Filters of audio
are the rows of one picture, those of video have their taps over time side by side.
"""

import math

import numpy as np
from numpy.typing import NDArray

from convtool.kernels.kernel import Kernel
from convtool.look.plots.colours import BAR_ROOM, Levels, Scale, colour_bar, coloured, plain_scale
from convtool.look.plots.page import Cell, Page
from convtool.look.plots.style import MARGIN, WIDTH, number, plain

MOST = 32  # filters along each side of a picture
FEW = 8  # columns of a picture at least
TILE = 0.8  # inches of a filter, at most
LINE = 0.05  # inches of a filter of audio, at most
SIDE, GAP = 24, 2  # pixels of a filter at least, and between them
GREY, SPAN = 127.5, 127.5  # levels of zero, and from there to the largest weight
COLOURS = 3

Tiles = NDArray[np.float64]  # shape (rows, columns, channels, H, W): 3 channels are a colour


def page(kernel: Kernel, dpi: int) -> Page:
    """Return the figure of a trained layer's filters.

    Args:
        kernel: with axes of output and input channels.
        dpi: pixels per inch.
    """
    largest = float(np.abs(kernel.weights).max()) or 1.0
    scale = plain_scale(-largest, largest, "weight")
    tiles, order = _tiles(kernel)
    levels = _mosaic(tiles, scale, largest)
    shape = "×".join(map(str, kernel.weights.shape))
    spread = f"weights {number(kernel.weights.min())} … {number(kernel.weights.max())}"
    sheet = Page(plain(kernel.title), [f"{shape}, {spread}", order], dpi)
    bar = None if tiles.shape[2] == COLOURS else scale
    sheet.rows.append([_cell(sheet, levels, tiles.shape, bar)])
    if bar is None:
        sheet.notes.append("grey is zero; each colour is brighter where its weight is positive")
    if np.count_nonzero(np.isfinite(tiles)) < kernel.weights.size:
        sheet.notes.append(f"the first filters of {len(kernel.weights)}")
    sheet.about = f"the {len(kernel.weights)} filters of {kernel.title}, as pictures"
    return sheet


def _tiles(kernel: Kernel) -> tuple[Tiles, str]:
    """Return the filters as small pictures in rows, and in which order they stand."""
    weights = kernel.weights
    out, per_group = weights.shape[:2]
    if kernel.dims == 1:
        return weights.reshape(1, 1, 1, out * per_group, -1), "a row per filter, taps to the right"
    if kernel.dims == 3:
        steps = weights.swapaxes(1, 2) if per_group == COLOURS else weights[:, 0, :, None]
        return steps[:MOST, :MOST], "a row per output, taps over time to the right"
    if per_group in (1, COLOURS):
        columns = min(MOST, max(FEW, math.ceil(math.sqrt(out))))
        rows = min(MOST, -(-out // columns))
        filled = np.full((rows * columns, *weights.shape[1:]), np.nan)
        filled[: min(out, len(filled))] = weights[: len(filled)]
        return filled.reshape(rows, columns, *weights.shape[1:]), "outputs row by row"
    return weights[:MOST, :MOST, None], "a row per output, a column per input channel"


def _mosaic(tiles: Tiles, scale: Scale, largest: float) -> Levels:
    """Return filters as one picture, white between them. Shape: (H, W, 3)"""
    rows, columns, channels, *size = tiles.shape
    alone = rows == columns == 1
    times, gap = (1, 0) if alone else (-(-SIDE // max(size)), GAP)
    tall, wide = (times * taps for taps in size)
    whole = np.full((rows * (tall + gap), columns * (wide + gap), 3), 255, dtype=np.uint8)
    for row, column in np.ndindex(rows, columns):
        tile = tiles[row, column]
        if np.isnan(tile).any():
            continue
        if channels == COLOURS:
            drawn = np.rint(GREY + SPAN * tile.transpose(1, 2, 0) / largest).astype(np.uint8)
        else:
            drawn = coloured(tile, scale)
        top, left = row * (tall + gap), column * (wide + gap)
        enlarged = drawn.repeat(times, 0).repeat(times, 1)
        whole[top : top + tall, left : left + wide] = enlarged
    return whole[: len(whole) - gap, : whole.shape[1] - gap]


def _cell(sheet: Page, levels: Levels, shape: tuple[int, ...], bar: Scale | None) -> Cell:
    """Return the panel of a picture."""
    room = WIDTH - 2 * MARGIN
    columns = shape[1]
    tall, wide = levels.shape[:2]
    if shape[0] == columns == 1:
        width, height = room, min(tall * LINE, room)
    else:
        pixel = min(room, columns * TILE) / wide
        pixel = max(1, int(pixel * sheet.dpi)) / sheet.dpi
        width, height = wide * pixel, tall * pixel

    def draw(page: Page, left: float, top: float) -> None:
        axes = page.axes(left, top, width, height)
        axes.imshow(levels, aspect="auto", interpolation="none")
        axes.set_axis_off()
        if bar is not None:
            colour_bar(page, bar, left, top + height, min(width, 2.0))

    return Cell(width, height + (BAR_ROOM if bar is not None else 0), draw)
