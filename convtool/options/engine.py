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

    device: str = option("auto", "auto, cpu, cuda, cuda:N or mps.", "Run", metavar="DEVICE")
    dtype: DType = option("float32", "Arithmetic on floats; the shorter ones are for GPUs.", "Run")
    algorithm: Algorithm = option(
        "auto", "How the layer is run; the result is the same. auto plans by cost.", "Run"
    )
    compile: bool = option(
        False,
        "Compile shifted multiply-adds: takes seconds once, then up to twice as fast. "
        "For long batches.",
        "Run",
        "--compile",
    )

    def __post_init__(self) -> None:
        check_choice("dtype", self.dtype, DType)
        check_choice("algorithm", self.algorithm, Algorithm)
