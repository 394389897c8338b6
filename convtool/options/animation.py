"""Options of `convtool explain --animate`: the file, and what is drawn in it."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convtool.options.declare import Need, check, option
from convtool.options.values import File, Kind, Seconds

MOST = 10_000  # numbers of a grid, and elements of a crop
_SIZE = re.compile(r"\d{1,5}([xX×]\d{1,5}){0,2}")
ANIMATED = Need(lambda call: call["animate"] is not None, "there is no --animate")


class Size(Kind):
    """A size: `6`, `5x5`, `2x3x3`."""

    metavar = "SIZE"
    expected = "a size such as 6, 5x5 or 2x3x3"

    def read(self, text: str) -> tuple[int, ...]:
        """Read one to three numbers."""
        if not _SIZE.fullmatch(text.strip()):
            raise ValueError(self.expected)
        return tuple(int(number) for number in re.split("[xX×]", text.strip()))

    def allowed(self, value: Any) -> tuple[int, ...]:
        """Return a size that has elements, and not too many."""
        if not isinstance(value, tuple) or not 0 < math.prod(value) <= MOST:
            raise ValueError(f"{self.expected}, of at most {MOST} elements")
        return value


@dataclass(frozen=True, kw_only=True)
class AnimationOptions:
    """An animation of the window that slides over the input while the result fills in.

    Raises:
        UsageError: a value is not allowed.
    """

    animate: Path | None = option(
        None,
        "Draw the window sliding over the input while the result fills in, into an .svg, .gif or "
        ".mp4 file. Numbers are drawn whole, files as a crop around --at.",
        "Look",
        kind=File(),
    )
    grid: tuple[int, ...] | None = option(
        None,
        "Use a grid of this size, numbered from 0, instead of INPUT.",
        "Look",
        kind=Size(),
    )
    crop: tuple[int, ...] | None = option(
        None,
        "Elements of the result around --at that are animated, such as 3x3.",
        "Look",
        kind=Size(),
        usual="of an image 4x4, of audio 8, of a video 2x2x2, of numbers all",
        need=ANIMATED,
    )
    step_seconds: float = option(
        1.0,
        "Seconds per step of the animation.",
        "Look",
        kind=Seconds("a time from 0.1 to 60 seconds", 0.1, 60),
        need=ANIMATED,
    )

    def __post_init__(self) -> None:
        check(self)
