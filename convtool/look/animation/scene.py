"""What a film is made of: rectangles and texts, each shown during some of the steps.

Renderers draw the sprites in order. Those that show the same drawing at another place share it.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import ImageFont

CAP_HEIGHT = 0.73  # of DejaVu Sans, per unit of size


@dataclass(frozen=True)
class Rect:
    """A rectangle.

    Attributes:
        x, y, width, height: in pixels, the line's middle.
        fill: a colour such as #ffffff, or None.
        line: the colour of its outline, or None.
        stroke: the outline's width in pixels.
        dash: the length of a dash and of a space, twice of which divide the sides; 0 for a solid
            outline.
    """

    x: float
    y: float
    width: float
    height: float
    fill: str | None = None
    line: str | None = None
    stroke: float = 1
    dash: float = 0

    @property
    def colours(self) -> set[str]:
        """All that are used."""
        return {colour for colour in (self.fill, self.line) if colour}


@dataclass(frozen=True)
class Text:
    """A line of text.

    Attributes:
        x, y: of its anchor, on the baseline.
        text: shown as it is.
        size: in pixels.
        colour: such as #000000.
        anchor: what of the text is at `x`: start, middle or end.
        bold: whether it is.
    """

    x: float
    y: float
    text: str
    size: float
    colour: str
    anchor: str = "middle"
    bold: bool = False

    @property
    def colours(self) -> set[str]:
        """All that are used."""
        return {self.colour}


Item = Rect | Text


@dataclass(frozen=True)
class Sprite:
    """A drawing at a place, shown from one step to another.

    Attributes:
        items: what is drawn.
        first, last: the steps that it is shown in; None for all.
        x, y: by how many pixels the items are moved.
    """

    items: tuple[Item, ...]
    first: int | None = None
    last: int | None = None
    x: float = 0
    y: float = 0

    def shown(self, step: int) -> bool:
        """Return whether the sprite is seen in a step."""
        return self.first is None or self.last is None or self.first <= step <= self.last


@dataclass(frozen=True)
class Film:
    """A picture that changes step by step.

    Attributes:
        width, height: in pixels, whole and even.
        background: its colour.
        title, description: for those who do not see it.
        sprites: from the back to the front.
        steps: their number.
        seconds: per step.
        hold: seconds that the last step is shown longer.
    """

    width: int
    height: int
    background: str
    title: str
    description: str
    sprites: tuple[Sprite, ...]
    steps: int
    seconds: float
    hold: float

    @property
    def durations(self) -> list[float]:
        """The seconds that each step is shown."""
        return [self.seconds] * (self.steps - 1) + [self.seconds + self.hold]


def font(size: float, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return DejaVu Sans, which Matplotlib brings: Pillow's own font has ASCII alone.

    Args:
        size: in pixels.
        bold: the bold cut.
    """
    return _font(round(size, 1), bold)


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return the width of a text in pixels."""
    return size / _MEASURED * font(_MEASURED, bold=bold).getlength(text)


def plain(text: str) -> str:
    r"""Return a text without the characters that draw nothing or turn others round.

    >>> plain("a\n\u202eb")
    'a��b'
    """
    return "".join("�" if unicodedata.category(mark)[0] == "C" else mark for mark in text)


_MEASURED = 100.0


@cache
def _font(size: float, bold: bool) -> ImageFont.FreeTypeFont:  # noqa: FBT001  # a key of the cache
    import matplotlib as mpl  # noqa: PLC0415  # where an animation is drawn, and only there

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(mpl.get_data_path()) / "fonts" / "ttf" / name, size)
