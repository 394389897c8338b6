"""Options of the engine: where a layer runs, by which algorithm, in which arithmetic."""

from dataclasses import dataclass
from typing import Literal, get_args

from convtool.options.declare import Need, check, option
from convtool.options.values import Choice, Text

DType = Literal["float32", "float16", "bfloat16"]
Algorithm = Literal["auto", "direct", "taps", "separable", "fft"]


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """How a layer is run; its result stays the same, within the rounding of the arithmetic.

    Raises:
        UsageError: there is no such choice.
    """

    device: str = option(
        "auto",
        "Device that runs the layer: auto, cpu, cuda, cuda:N or mps.",
        "Run",
        kind=Text("DEVICE", ("auto", "cpu", "cuda", "mps")),
    )
    dtype: DType = option(
        "float32",
        "Floating-point type of the arithmetic: float32, or for GPUs float16 or bfloat16.",
        "Run",
        kind=Choice("TYPE", get_args(DType)),
        rare=True,
    )
    algorithm: Algorithm = option(
        "auto",
        "Algorithm that runs the layer: auto, direct, taps, separable or fft. The result is the "
        "same; auto takes the fastest.",
        "Run",
        kind=Choice("NAME", get_args(Algorithm)),
        rare=True,
    )
    compile: bool = option(
        False,
        "Compile the layer: takes seconds once, then runs up to twice as fast, on CUDA up to "
        "twenty times. For long batches.",
        "Run",
        rare=True,
        need=Need(
            lambda call: call["algorithm"] in ("auto", "taps"),
            "only the algorithm taps is compiled",
        ),
    )

    def __post_init__(self) -> None:
        check(self)
