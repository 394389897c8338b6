"""Options of `convtool explain`: which element of a result is worked out."""

import re
from dataclasses import dataclass
from typing import Any

from convtool.options.declare import check, option
from convtool.options.numbers import read_seconds
from convtool.options.values import Kind, Text, Whole

MOST_PAGES = 2**20
MEDIA = ("image", "audio", "video")  # to be completed; the registry decides


@dataclass(frozen=True)
class At:
    """A place of a result: positions, one per axis, or a time.

    Attributes:
        places: from 0; empty where a time is given.
        seconds: the time.
    """

    places: tuple[int, ...] = ()
    seconds: float | None = None


class Place(Kind):
    """The place of an element: `12,34`, `66150`, `1.5s`, `0:01.5`."""

    metavar = "PLACE"
    expected = "positions such as 12,34, or for audio a time such as 1.5s"

    def read(self, text: str) -> At:
        """Read positions with commas, or a time with a unit or a colon."""
        parts = [part.strip() for part in text.split(",")]
        if all(re.fullmatch(r"\d{1,18}", part) for part in parts):
            return At(tuple(map(int, parts)))
        if not re.search(r"[a-z:]", text):
            raise ValueError(self.expected)
        return At(seconds=read_seconds(text))

    def allowed(self, value: Any) -> At:
        """Return a place."""
        if not isinstance(value, At) or (value.seconds is not None and value.seconds < 0):
            raise ValueError(self.expected)
        return value


@dataclass(frozen=True, kw_only=True)
class ExplainOptions:
    """Which element of a result is worked out.

    Raises:
        UsageError: a value is not allowed.
    """

    at: At | None = option(
        None,
        "Element of the result, counted from 0: Y,X of an image, FRAME,Y,X of a video, a sample or "
        "a time (1.5s, 0:01.5) of audio.",
        "Look",
        kind=Place(),
        usual="the first",
    )
    channel: str | None = option(
        None,
        "Channel of the result, by its number from 0 or its name.",
        "Look",
        kind=Text("CHANNEL"),
        usual="the first",
    )
    page: int = option(
        1, "Page or frame of an image file, from 1.", "Look", kind=Whole(1, MOST_PAGES)
    )
    medium: str | None = option(
        None,
        "Read INPUT as this medium: image, audio or video.",
        "Inputs",
        kind=Text("MEDIUM", MEDIA),
        usual="by its suffix, else by its content",
    )

    def __post_init__(self) -> None:
        check(self)
