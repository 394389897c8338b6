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
        "How results fit the output's range. auto: audio clamp; else random sigmoid, "
        "signed kernels minmax, others clamp.",
        "Result",
    )
    independent: bool = option(
        False, "Use the range of each channel separately for minmax.", "Result", "--independent"
    )

    def __post_init__(self) -> None:
        check_choice("normalize", self.normalize, Normalize)
