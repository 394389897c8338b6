"""Options of the result: how raw responses fit the range of the output."""

from dataclasses import dataclass
from typing import Literal, get_args

from convtool.options.declare import Need, check, option
from convtool.options.values import Choice, Percent

Normalize = Literal["auto", "centred", "minmax", "clamp", "sigmoid", "bounds", "abs", "none"]
MEASURED = ("auto", "centred", "minmax")
MAPPED = "How results are mapped to the range of the output: auto,"
OTHERS = "minmax, clamp, sigmoid, bounds, abs or none."


@dataclass(frozen=True, kw_only=True)
class ResultOptions:
    """How raw responses fit the range of the output.

    Raises:
        UsageError: there is no such rule.
    """

    normalize: Normalize = option(
        "auto",
        {
            "": f"{MAPPED} centred, {OTHERS} auto: what the kernel states (centred or clamp); "
            "sigmoid for random weights.",
            "audio": f"{MAPPED} {OTHERS} auto: clamp.",
        },
        "Result",
        kind=Choice("RULE", get_args(Normalize)),
    )
    percentile: float = option(
        99.5,
        "Percentage of results that centred maps to black … white; those beyond are clipped.",
        "Result",
        kind=Percent("a number above 0, up to 100", 1e-9, 100, "P"),
        rare=True,
        need=Need(lambda call: call["normalize"] in ("auto", "centred"), "it is for centred"),
    )
    independent: bool = option(
        False,
        "Let centred and minmax use the range of each channel separately.",
        "Result",
        rare=True,
        need=Need(lambda call: call["normalize"] in MEASURED, "it is for centred and minmax"),
    )

    def __post_init__(self) -> None:
        check(self)
