"""Compute parametric kernels: plain functions that return float64 weights.

Each takes the number of dimensions, its parameters as kernel files name them, and the sample rate.
It raises ValueError for parameters that exclude each other, and LayerError for parameters that do
not fit the rate. Weights are for cross-correlation, as `nn.Conv` computes it. `rate` is in samples
per second; angles are in degrees, counter-clockwise from the x axis of the image.
"""

from collections.abc import Callable

from convtool.kernels.generators.audio import (
    WINDOWS,
    bandpass,
    bandstop,
    echo,
    highpass,
    lowpass,
    moving_average,
    pre_emphasis,
    transition_width,
)
from convtool.kernels.generators.common import Weights
from convtool.kernels.generators.phase import Causal
from convtool.kernels.generators.spatial import (
    box,
    disk,
    dog,
    gabor,
    gaussian,
    log,
    motion,
    unsharp,
)

__all__ = ["GENERATORS", "WINDOWS", "Causal", "transition_width"]

GENERATORS: dict[str, Callable[..., Weights | Causal]] = {
    function.__name__: function
    for function in (
        bandpass,
        bandstop,
        box,
        disk,
        dog,
        echo,
        gabor,
        gaussian,
        highpass,
        log,
        lowpass,
        motion,
        moving_average,
        pre_emphasis,
        unsharp,
    )
}
