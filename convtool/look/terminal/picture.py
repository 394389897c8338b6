"""Show images in a terminal: as pixels where it takes them, else as half blocks or shades.

Colours of half blocks need 256 of them; where there are fewer, or none by NO_COLOR, shades show how
bright each place is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.color import Color
from rich.console import Console
from rich.segment import Segment, Segments
from rich.style import Style
from rich.text import Text

from convtool.look.terminal.graphics import kitty, send, sixel
from convtool.look.terminal.probe import Terminal, probed

Pixels = NDArray[np.uint8]
Cells = list[list[Segment]]

SHADES = " ░▒▓█"
UPPER = "▀"
GAP = 2  # columns between pictures
NARROWEST = 24  # columns of a picture that stands beside another
MOST_ROWS = 40
BLACK, WHITE = (0, 0, 0, 1.0), (255, 255, 255, 1.0)


@dataclass(frozen=True)
class Titled:
    """A picture and what it is of.

    Attributes:
        title: a few words.
        pixels: of shape (H, W) in grey, or (H, W, 3) in colour.
        detail: what else is said of it, below all pictures.
    """

    title: str
    pixels: Pixels
    detail: str = ""


def lacking(console: Console) -> str | None:
    """Return why a console can show no pictures; None where it can."""
    if not console.file.isatty():
        return "the output is no terminal"
    if console.is_dumb_terminal:
        return "TERM is dumb"
    try:
        f"{UPPER}{SHADES}⣿".encode(console.encoding)
    except (UnicodeEncodeError, LookupError):
        return f"the terminal's encoding, {console.encoding}, has no block characters"
    return None


def coloured(console: Console) -> bool:
    """Return whether a console has enough colours for pictures."""
    return console.color_system in {"256", "truecolor"} and not console.no_color


def space(console: Console) -> tuple[int, int]:
    """Return the columns and rows that a picture may take."""
    width = console.width - 1  # the last column makes some terminals begin a new line
    return max(1, width), max(4, min(MOST_ROWS, console.height * 3 // 4))


def picture(array: Pixels, console: Console) -> None:
    """Show an image; nothing where the console can show none.

    Args:
        array: the image.
        console: of a terminal.

    Shape: (H, W) or (H, W, 3)
    """
    pictures([Titled("", array)], console)


def pictures(shown: Sequence[Titled], console: Console) -> None:
    """Show images side by side, each below its title; only the last where there is no room.

    A line tells where they are reduced or enlarged.

    Args:
        shown: one or more.
        console: of a terminal; nothing is printed where it can show no pictures.
    """
    if lacking(console):
        return
    width, rows = space(console)
    if (width - GAP * (len(shown) - 1)) // len(shown) < NARROWEST:
        shown = shown[-1:]
    columns = (width - GAP * (len(shown) - 1)) // len(shown)
    terminal = probed(console.file)
    if terminal.graphics:
        _send(shown, columns, rows, terminal, console)
    else:
        _print(shown, columns, rows, terminal, console)


def _print(
    shown: Sequence[Titled], columns: int, rows: int, terminal: Terminal, console: Console
) -> None:
    """Print images as half blocks or shades."""
    images = [_fitted(each.pixels, columns, 2 * rows) for each in shown]
    drawn = half_blocks if coloured(console) else partial(shades, light=terminal.light)
    cells = [drawn(image) for image in images]
    _print_titles(shown, [image.width for image in images], console)
    _print_cells(cells, [image.width for image in images], console)
    _print_scale(shown, images, console)


def _print_titles(shown: Sequence[Titled], widths: Sequence[int], console: Console) -> None:
    if not any(each.title for each in shown):
        return
    line = Text()
    for each, width in zip(shown, widths, strict=True):
        title = Text(on_one_line(each.title))
        title.truncate(max(width, NARROWEST), overflow="ellipsis")
        title.pad_right(width + GAP - title.cell_len)
        line.append_text(title)
    line.rstrip()
    console.print(line, no_wrap=True, overflow="crop")


def on_one_line(title: str) -> str:
    """Return a title without characters that a terminal would obey.

    >>> on_one_line("1 0" + chr(27) + "[2J")
    '1 0 [2J'
    """
    return "".join(character if character.isprintable() else " " for character in title)


def _print_cells(parts: Sequence[Cells], widths: Sequence[int], console: Console) -> None:
    segments: list[Segment] = []
    for row in range(max(map(len, parts))):
        for number, (cells, width) in enumerate(zip(parts, widths, strict=True)):
            if number:
                segments.append(Segment(" " * GAP))
            segments += cells[row] if row < len(cells) else [Segment(" " * width)]
        segments.append(Segment.line())
    console.print(Segments(segments), end="", no_wrap=True, crop=False)


def _print_scale(shown: Sequence[Titled], images: Sequence[Image.Image], console: Console) -> None:
    """Print what became of the images on their way into the terminal."""
    reduced, enlarged = [], []
    for each, image in zip(shown, images, strict=True):
        width = each.pixels.shape[1]
        if image.width < width:
            reduced.append(f"{image.width}×{image.height}")
        elif image.width > width:
            enlarged.append(f"{image.width // width}")
    said = [each.detail for each in shown if each.detail]
    if reduced:
        said.append(f"reduced to {' and '.join(dict.fromkeys(reduced))} pixels")
    if enlarged:
        said.append(f"enlarged {' and '.join(dict.fromkeys(enlarged))} times")
    if said:
        console.print(f"({'; '.join(said)})", highlight=False, markup=False, style="dim")


def half_blocks(image: Image.Image) -> Cells:
    """Return an image as characters with two pixels each, one above the other."""
    array = np.asarray(image.convert("RGB"))
    rows = []
    for top in range(0, len(array), 2):
        pair = array[top : top + 2]
        rows.append([Segment(UPPER, _style(*pair[:, column])) for column in range(pair.shape[1])])
    return rows


def _style(upper: NDArray[Any], lower: NDArray[Any] | None = None) -> Style:
    below = None if lower is None else Color.from_rgb(*map(int, lower))
    return Style(color=Color.from_rgb(*map(int, upper)), bgcolor=below)


def shades(image: Image.Image, *, light: bool) -> Cells:
    """Return how bright an image is, as one character per two pixels, one above the other.

    Args:
        image: in grey or colour.
        light: the terminal's background is light, and full blocks are dark.
    """
    grey = np.asarray(image.convert("L"))
    pairs = [grey[top : top + 2].mean(0) for top in range(0, len(grey), 2)]
    ramp = SHADES[::-1] if light else SHADES
    step = 256 / len(ramp)
    return [[Segment("".join(ramp[int(level / step)] for level in pair))] for pair in pairs]


def _send(
    shown: Sequence[Titled], columns: int, rows: int, terminal: Terminal, console: Console
) -> None:
    """Send images as one, side by side, in the pixels of the terminal."""
    height, width = terminal.cell
    images = [_fitted(each.pixels, columns * width, rows * height) for each in shown]
    joined = _joined(images, terminal)
    across, down = -(-joined.width // width), -(-joined.height // height)
    cells = [-(-image.width // width) for image in images]
    _print_titles(shown, cells, console)
    if terminal.graphics == "kitty":
        whole = Image.new("RGBA", (across * width, down * height))
        whole.paste(joined)
        send(console.file, kitty(whole, across, down))
    else:
        send(console.file, sixel(joined, WHITE if terminal.light else BLACK))
    console.print()
    _print_scale(shown, images, console)


def _joined(images: Sequence[Image.Image], terminal: Terminal) -> Image.Image:
    """Return images side by side on nothing, each at the beginning of a column."""
    cell = terminal.cell[1]
    places, place = [], 0
    for image in images:
        places.append(place)
        place += (-(-image.width // cell) + GAP) * cell
    size = places[-1] + images[-1].width, max(image.height for image in images)
    joined = Image.new("RGBA", size)
    for image, left in zip(images, places, strict=True):
        joined.paste(image.convert("RGB"), (left, 0))
    return joined


def _fitted(pixels: Pixels, width: int, height: int) -> Image.Image:
    """Return an image that fits: reduced to means, or enlarged by a whole factor."""
    image = Image.fromarray(np.ascontiguousarray(pixels))
    factor = min(width / image.width, height / image.height)
    if factor >= 1:
        whole = int(factor)
        size = image.width * whole, image.height * whole
        return image.resize(size, Image.Resampling.NEAREST)
    size = max(1, round(image.width * factor)), max(1, round(image.height * factor))
    return image.resize(size, Image.Resampling.BOX)
