"""Options of colour: what of it is filtered, and in which light. They are for images."""

from dataclasses import dataclass
from typing import Literal, get_args

from convtool.options.declare import check, option
from convtool.options.values import Choice

Channels = Literal["rgb", "luma"]


@dataclass(frozen=True, kw_only=True)
class ColourOptions:
    """What of a colour is filtered.

    Raises:
        UsageError: a value is not allowed.
    """

    channels: Channels | None = option(
        None,
        "What is filtered: rgb, transparency left alone, or luma, the brightness of colours alone.",
        "Layer",
        kind=Choice("WHAT", get_args(Channels)),
        rare=True,
    )
    linear: bool = option(
        False,
        "Filter in linear light: the curve of sRGB is undone before, and applied behind.",
        "Layer",
        rare=True,
    )

    def __post_init__(self) -> None:
        check(self)
