"""What each algorithm costs: one table of measured constants and the formulas that use it.

The absolute figures are one machine's (two cores of an AMD EPYC with AVX-512); a plan needs only their ratios, which
vary far less. `tests/bench/constants.py` measures them again, from whole runs, where traffic between the steps of an
algorithm counts as much as they do.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from convtool.convolve.axis_pass import LANES


@dataclass(frozen=True)
class Costs:
    """Nanoseconds of two cores.

    Attributes:
        tap: one shifted multiply-add of float32, per sample.
        tap16: one of int16.
        fused: one of float32, compiled.
        call: one call of an operation, whatever its size.
        line: one output of the depthwise forward along an axis, and of the stock forward, whatever the kernel.
        line_tap: what each tap adds to it along an axis.
        multiply: one multiply-add of the stock forward, per lane of a vector.
        depthwise: the same where each channel is filtered by itself.
        depthwise3: the same along three axes.
        single: the same where a group has one input and makes several positions at once.
        alone: one sample that the stock forward steps over in a layer with a single input channel.
        read: one sample that it steps over where it makes several positions at once.
        stage: one sample converted and laid out in the order that it has, or a result of it taken back.
        stage16: the same to and from int16.
        planar: the same where channels are taken apart.
        phase: one sample brought together with those that a stride along the last axis looks at with it.
        transform: an FFT or its inverse, per sample and per bit of the tile's size.
        product: one product of spectra, per sample.
    """

    tap: float = 0.048
    tap16: float = 0.023
    fused: float = 0.030
    call: float = 4300.0
    line: float = 0.15
    line_tap: float = 0.011
    multiply: float = 0.0045
    depthwise: float = 0.0053
    depthwise3: float = 0.019
    single: float = 0.0126
    alone: float = 0.47
    read: float = 0.47
    stage: float = 0.24
    stage16: float = 0.12
    planar: float = 0.36
    phase: float = 0.55
    transform: float = 0.092
    product: float = 0.24


COSTS = Costs()


def taps(count: int, plane: float, *, whole: bool, compiled: bool = False) -> float:
    """Return the cost of an output that is a sum of `count` taps.

    Args:
        count: taps that are not zero.
        plane: samples that one call works on.
        whole: the sums are made in int16.
        compiled: all taps are one call.
    """
    each = COSTS.tap16 if whole else COSTS.fused if compiled else COSTS.tap
    return count * (each + (0 if compiled else COSTS.call / plane))


def line(count: int) -> float:
    """Return the cost of an output of a one-dimensional pass by `Lines`."""
    return COSTS.line + count * COSTS.line_tap


def direct(
    groups: int,
    outputs: int,
    inputs: int,
    size: Sequence[int],
    stride: int,
    dilation: int,
    positions: int,
) -> float:
    """Return the cost of a position of a layer, all its outputs, by the stock forward.

    Args:
        groups: of the layer.
        outputs: of a group.
        inputs: of a group.
        size: of the kernel.
        stride: along the last axis.
        dilation: along the last axis.
        positions: that each group makes at once; 0 for the layer as it is.
    """
    made = groups * outputs * COSTS.line
    if positions == 0 and inputs == outputs == 1 < groups:
        each = COSTS.depthwise if len(size) < 3 else COSTS.depthwise3
        return _lanes(groups) * math.prod(size) * each + made
    if positions == 0:
        alone = COSTS.alone * stride if groups * inputs == 1 else 0
        return groups * _lanes(outputs) * inputs * math.prod(size) * COSTS.multiply + alone + made
    width = dilation * (size[-1] - 1) + 1 + (positions - 1) * stride
    each = COSTS.single if inputs == 1 else COSTS.multiply
    sums = _lanes(outputs * positions) * math.prod(size[:-1]) * width * each / positions
    return groups * inputs * (sums + COSTS.read * stride) + made


def _lanes(outputs: int) -> int:
    return math.ceil(outputs / LANES) * LANES
