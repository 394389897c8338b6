"""Options of the result: how raw responses fit the range of the output."""

from dataclasses import dataclass
from typing import Literal, get_args

from convtool.options.declare import Need, check, option
from convtool.options.values import Choice

Normalize = Literal["auto", "sigmoid", "minmax", "clamp", "bounds", "abs", "none"]
RULES = (
    "How results are mapped to the range of the output: auto, sigmoid, minmax, clamp, bounds, abs "
    "or none."
)


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """How raw responses fit the range of the output.

    Raises:
        UsageError: there is no such rule.
    """

    normalize: Normalize = option(
        "auto",
        {
            "": f"{RULES} auto: sigmoid for random weights, minmax for signed kernels, else clamp.",
            "audio": f"{RULES} auto: clamp.",
            "video": f"{RULES} auto: sigmoid for random weights, bounds for signed kernels, else "
            "clamp.",
        },
        "Result",
        kind=Choice("RULE", get_args(Normalize)),
    )
    independent: bool = option(
        False,
        "Let minmax use the range of each channel separately.",
        "Result",
        rare=True,
        need=Need(lambda call: call["normalize"] in ("auto", "minmax"), "it is for minmax"),
    )

    def __post_init__(self) -> None:
        check(self)
