"""Options of the result: how raw responses fit the range of the output."""

from dataclasses import dataclass
from typing import Literal

from convtool.options.declare import check_choice, option

Normalize = Literal["auto", "sigmoid", "minmax", "clamp", "bounds", "abs", "none"]


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """How raw responses fit the range of the output.

    Raises:
        UsageError: there is no such rule.
    """

    normalize: Normalize = option(
        "auto",
        "How results are mapped to the range of the output. auto: clamp for audio; otherwise "
        "sigmoid for random weights, minmax (video: bounds) for signed kernels, else clamp.",
        "Result",
    )
    independent: bool = option(
        False, "Let minmax use the range of each channel separately.", "Result", "--independent"
    )

    def __post_init__(self) -> None:
        check_choice("normalize", self.normalize, Normalize)
