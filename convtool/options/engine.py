"""Options of the engine: where a layer runs, by which algorithm, in which arithmetic."""

from dataclasses import dataclass
from typing import Literal

from convtool.options.declare import check_choice, option

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
        metavar="DEVICE",
    )
    dtype: DType = option(
        "float32", "Floating-point type of the arithmetic; the 16-bit types are for GPUs.", "Run"
    )
    algorithm: Algorithm = option(
        "auto",
        "Algorithm that runs the layer; the result is the same. auto takes the cheapest.",
        "Run",
    )
    compile: bool = option(
        False,
        "Compile the shifted multiply-adds: takes seconds once, then runs up to twice as fast. "
        "For long batches.",
        "Run",
        "--compile",
    )

    def __post_init__(self) -> None:
        check_choice("dtype", self.dtype, DType)
        check_choice("algorithm", self.algorithm, Algorithm)
