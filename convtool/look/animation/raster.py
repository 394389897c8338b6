"""Draw the frames of a film as pixels."""

import math
from collections.abc import Iterator

from PIL import Image, ImageDraw

from convtool.look.animation.scene import Film, Item, Rect, Text, font

ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def size_of(film: Film, scale: float) -> tuple[int, int]:
    """Return the size of frames in pixels, which is even, as videos have it."""
    return round(film.width * scale / 2) * 2, round(film.height * scale / 2) * 2


def frame(film: Film, step: int, scale: float = 1) -> Image.Image:
    """Return what is seen in one step of a film.

    Args:
        film: what is drawn.
        step: its number.
        scale: pixels per pixel of the film.
    """
    image = Image.new("RGB", size_of(film, scale), film.background)
    pen = _Pen(image, scale)
    for sprite in film.sprites:
        if sprite.shown(step):
            for item in sprite.items:
                pen.draw(item, sprite.x, sprite.y)
    return image


class _Pen:
    def __init__(self, image: Image.Image, scale: float) -> None:
        self._draw, self._scale = ImageDraw.Draw(image), scale

    def draw(self, item: Item, x: float, y: float) -> None:
        if isinstance(item, Rect):
            self._rect(item, x, y)
        else:
            self._text(item, x, y)

    def _text(self, text: Text, x: float, y: float) -> None:
        self._draw.text(
            ((text.x + x) * self._scale, (text.y + y) * self._scale),
            text.text,
            fill=text.colour,
            font=font(text.size * self._scale, bold=text.bold),
            anchor=ANCHORS[text.anchor],
        )

    def _rect(self, rect: Rect, x: float, y: float) -> None:
        half = rect.stroke / 2 if rect.line else 0
        left, top = rect.x + x - half, rect.y + y - half
        right, bottom = left + rect.width + 2 * half, top + rect.height + 2 * half
        box = [_pixel(side * self._scale) for side in (left, top, right, bottom)]
        box[2:] = box[2] - 1, box[3] - 1  # Pillow's boxes include their last pixels
        stroke = max(1, round(rect.stroke * self._scale)) if rect.line else 0
        if not rect.dash:
            self._draw.rectangle(box, rect.fill, rect.line, stroke)
            return
        self._draw.rectangle(box, rect.fill)
        self._dashes(box, stroke, rect.line, rect.dash * self._scale)

    def _dashes(self, box: list[int], stroke: int, colour: str | None, dash: float) -> None:
        """Draw the four sides of a dashed box, each beginning and ending in half a dash."""
        left, top, right, bottom = box
        inside = stroke - 1
        for start, end in _dashed(left, right, dash):
            self._draw.rectangle([start, top, end, top + inside], colour)
            self._draw.rectangle([start, bottom - inside, end, bottom], colour)
        for start, end in _dashed(top, bottom, dash):
            self._draw.rectangle([left, start, left + inside, end], colour)
            self._draw.rectangle([right - inside, start, right, end], colour)


def _dashed(start: int, end: int, dash: float) -> Iterator[tuple[int, int]]:
    """Yield the first and last pixel of each dash between two pixels."""
    for index in range(_pixel((end - start) / (2 * dash)) + 1):
        middle = start + index * 2 * dash
        yield max(start, _pixel(middle - dash / 2)), min(end, _pixel(middle + dash / 2) - 1)


def _pixel(place: float) -> int:
    """Return the nearest pixel; halves are always rounded up, so that equal sides stay equal."""
    return math.floor(place + 0.5)
