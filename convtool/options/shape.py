"""Options of `convtool shape`: the channels, which only a file states by itself."""

from dataclasses import dataclass

from convtool.options.declare import check, option
from convtool.options.kernel import MAX_CHANNELS
from convtool.options.values import Whole


@dataclass(frozen=True, kw_only=True)
class ShapeOptions:
    """The channels of a layer whose input is a size.

    Raises:
        UsageError: a value is not allowed.
    """

    in_channels: int | None = option(
        None,
        "Channels of the input.",
        "Layer",
        kind=Whole(1, MAX_CHANNELS),
        usual="1, or the file's",
    )
    out_channels: int | None = option(
        None,
        "Channels of the output.",
        "Layer",
        kind=Whole(1, MAX_CHANNELS),
        usual="1, or as for the file's medium",
    )

    def __post_init__(self) -> None:
        check(self)
