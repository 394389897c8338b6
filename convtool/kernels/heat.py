"""Draw weights as heat maps: red above zero, blue below, white at zero.

It knows arrays only; `table` has the same colours in HTML.
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL import ImageDraw

Weights = NDArray[np.float64]
Colours = NDArray[np.uint8]

POSITIVE, NEGATIVE, WHITE = (178, 24, 43), (33, 102, 172), (255, 255, 255)
GREY = 221  # of the lines between cells
LUMINANCE = (0.2126, 0.7152, 0.0722)  # of red, green and blue
EVEN = 0.179  # luminance on which black and white have equal contrast
MOST_NUMBERS = 13  # taps along an axis up to which numbers are shown
CELL, NUMBERED = 44, 28  # pixels of a cell at most, and of one with a number at least
TEXT = 4  # of a cell's pixels, so many per pixel of its number
EXTENT = (
    CELL * MOST_NUMBERS
)  # pixels of a plane per axis, and taps: beyond, groups of taps are shown
THICK = 24  # pixels of a single row without numbers
GAP = 12  # pixels between planes
WIDTH = 900  # pixels of planes side by side at most
PLANES = 64  # the most that are drawn


class Plane(NamedTuple):
    """Two axes of weights.

    Attributes:
        title: its position along the other axes; empty where there are none.
        weights: of shape (H, W).
        largest: the size of a weight in full colour.
    """

    title: str
    weights: Weights
    largest: float


def planes(weights: Weights, dims: int) -> list[Plane]:
    """Return weights as planes, in colours of one scale.

    Args:
        weights: of shape (*K), or (out, in/groups, *K).
        dims: the number of axes that the kernel moves along.

    >>> [plane.title for plane in planes(np.zeros((2, 1, 3, 3)), 2)]
    ['output 0, input 0', 'output 1, input 0']
    """
    largest = float(np.abs(weights).max()) or 1.0
    channels = ["output", "input"] if weights.ndim > dims else []
    if dims == 1:
        weights = weights[..., None, :]
    names = [*channels, *(["time"] if dims == 3 else [])]
    shown = []
    for position in np.ndindex(weights.shape[:-2]):
        places = (f"{name} {place}" for name, place in zip(names, position, strict=True))
        shown.append(Plane(", ".join(places), weights[position], largest))
    return shown


def colours(plane: Weights, largest: float) -> Colours:
    """Return the colour of each weight.

    Args:
        plane: the weights.
        largest: the size of a weight in full colour.

    Shape: (H, W) → (H, W, 3)

    >>> colours(np.array([[1.0, 0.0, -0.5]]), 1.0).tolist()
    [[[178, 24, 43], [255, 255, 255], [144, 178, 214]]]
    """
    share = np.clip(plane / largest, -1, 1)[..., None]
    full = np.where(share < 0, NEGATIVE, POSITIVE)
    mixed: Weights = np.array(WHITE) + np.abs(share) * (full - np.array(WHITE))
    return np.rint(mixed).astype(np.uint8)


def is_dark(colour: Colours) -> bool:
    """Return whether white text has more contrast on a colour than black.

    Source: the relative luminance of WCAG 2, with a gamma of 2.2
    """
    luminance = float(np.dot(LUMINANCE, (colour / 255) ** 2.2))
    return luminance < EVEN


def has_numbers(plane: Weights) -> bool:
    """Return whether a plane is small enough to show its numbers."""
    return bool(max(plane.shape) <= MOST_NUMBERS)


def thinned(plane: Weights, most: int) -> Weights:
    """Return a plane of at most so many weights per axis: of each group of taps the strongest."""
    for axis in (0, 1):
        taps = plane.shape[axis]
        every = -(-taps // most)
        if every > 1:
            first = np.moveaxis(plane, axis, 0)
            padded = np.pad(first, ((0, -taps % every), (0, 0)))
            groups = padded.reshape(-1, every, padded.shape[1])
            best = np.abs(groups).argmax(1)[:, None]
            plane = np.moveaxis(np.take_along_axis(groups, best, 1)[:, 0], 0, axis)
    return plane


def png(shown: Sequence[Plane], extent: int = EXTENT) -> bytes:
    """Return a picture of planes in rows, with numbers where they fit.

    Args:
        shown: the planes; the first PLANES of them are drawn.
        extent: pixels per axis of a plane at most.
    """
    from PIL import Image  # noqa: PLC0415  # kernels are loaded without it

    drawn = [_drawn(plane.weights, plane.largest, extent) for plane in shown[:PLANES]]
    width = max(each.shape[1] for each in drawn)
    together = max(1, (WIDTH + GAP) // (width + GAP))
    rows = [_row(drawn[first : first + together]) for first in range(0, len(drawn), together)]
    widest = max(row.shape[1] for row in rows)
    sheet = np.concatenate([_padded(row, len(row) + GAP, widest) for row in rows])[:-GAP]
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _row(drawn: Sequence[Colours]) -> Colours:
    """Return pictures side by side."""
    height = max(len(each) for each in drawn)
    padded = [_padded(each, height, each.shape[1] + GAP) for each in drawn]
    return np.concatenate(padded, 1)[:, :-GAP]


def _padded(image: Colours, height: int, width: int) -> Colours:
    """Return a picture with white to its right and below it."""
    missing = (0, height - len(image)), (0, width - image.shape[1]), (0, 0)
    return np.pad(image, missing, constant_values=255)


def _drawn(plane: Weights, largest: float, extent: int) -> Colours:
    plane = thinned(plane, extent)
    cell = max(1, min(CELL, extent // max(plane.shape)))
    if cell >= NUMBERED:
        return _numbered(plane, largest, cell)
    rows = THICK if len(plane) == 1 else cell
    large = colours(plane, largest).repeat(rows, 0).repeat(cell, 1)
    return np.pad(large, ((1, 1), (1, 1), (0, 0)), constant_values=GREY)


def _numbered(plane: Weights, largest: float, cell: int) -> Colours:
    from PIL import Image, ImageDraw  # noqa: PLC0415  # kernels are loaded without it

    shades = colours(plane, largest)
    large = shades.repeat(cell, 0).repeat(cell, 1)
    large[::cell] = large[:, ::cell] = large[-1] = large[:, -1] = GREY
    image = Image.fromarray(large)
    draw = ImageDraw.Draw(image)
    for row, column in np.ndindex(plane.shape):
        middle = (column + 0.5) * cell, (row + 0.5) * cell
        fill = "white" if is_dark(shades[row, column]) else "black"
        _write(draw, middle, f"{plane[row, column]:.3g}", fill, cell)
    return np.array(image)


def _write(
    draw: "ImageDraw.ImageDraw", middle: tuple[float, float], text: str, fill: str, cell: int
) -> None:
    """Write a number into its cell, smaller where it is long."""
    from PIL import ImageFont  # noqa: PLC0415  # kernels are loaded without it

    size = float(cell // TEXT)
    font = ImageFont.load_default(size)
    while font.getlength(text) > cell - 4 and size > 5:
        size -= 0.5
        font = ImageFont.load_default(size)
    draw.text(middle, text, fill=fill, font=font, anchor="mm")
