"""The constants that costs are made of, measured, and the costs that several algorithms share.

The absolute figures are one machine's (two cores of an AMD EPYC with AVX-512); a plan needs only
their ratios, which vary far less. `tests/bench/constants.py` measures them again, from whole runs,
where traffic between the steps of an algorithm counts as much as the steps do.
"""

import math
from dataclasses import dataclass

from convtool.convolve.block_size import CACHE
from convtool.convolve.problem import Problem

FLOAT_BYTES = 4


@dataclass(frozen=True)
class Costs:
    """Nanoseconds on two cores.

    Attributes:
        tap: a shifted multiply-add of float32, per sample.
        int16_tap: the same of int16.
        compiled_tap: the same of float32, compiled.
        call: a call of an operation, whatever its size.
        output: an output of the depthwise forward along an axis, and of the stock forward,
            whatever the kernel.
        axis_tap: each tap of the depthwise forward along an axis, in addition.
        multiply: a multiply-add of the stock forward, per lane of a vector.
        depthwise: the same where each channel is filtered by itself.
        depthwise3: the same along three axes.
        single: the same where a group has one input and computes several positions at once.
        alone: a sample that the stock forward steps over in a layer with a single input channel.
        read: a sample that it steps over where it computes several positions at once.
        stage: a sample converted and laid out in the order that it has, or a result copied back.
        int16_stage: the same to and from int16.
        planar: the same where channels are separated.
        phase: a sample gathered with the others of its phase, for a stride along the last axis.
        transform: an FFT or its inverse, per sample and per bit of the tile's size.
        product: a product of spectra, per sample.
        fused: a sample read or written in one pass on CUDA, and fused_tap: a tap of it.
    """

    tap: float = 0.048
    int16_tap: float = 0.023
    compiled_tap: float = 0.030
    call: float = 4300.0
    output: float = 0.15
    axis_tap: float = 0.011
    multiply: float = 0.0045
    depthwise: float = 0.0053
    depthwise3: float = 0.019
    single: float = 0.0126
    alone: float = 0.47
    read: float = 0.47
    stage: float = 0.24
    int16_stage: float = 0.12
    planar: float = 0.36
    phase: float = 0.55
    transform: float = 0.092
    product: float = 0.24
    fused: float = 0.0004
    fused_tap: float = 0.0001


COSTS = Costs()


def samples_read(problem: Problem) -> int:
    """Return the number of input samples per output position."""
    return problem.groups * problem.inputs * math.prod(problem.stride)


def samples_per_call(problem: Problem) -> float:
    """Return the number of samples per call on a plane, in a strip that fits the cache."""
    samples = CACHE["cpu"] / FLOAT_BYTES
    return samples if problem.shared else samples / problem.widest


def layout_cost(problem: Problem, *, apart: bool, int16: bool = False) -> float:
    """Return the cost of staging channels-last samples and of copying the results back.

    Args:
        problem: the layer.
        apart: whether channels are separated.
        int16: whether the sums are made in int16.
    """
    each = COSTS.stage
    if apart:
        each = COSTS.planar
    elif int16:
        each = COSTS.int16_stage
    return each * (samples_read(problem) + problem.groups * problem.outputs)


def plane_layout_cost(problem: Problem, *, int16: bool = False) -> float:
    """Return `layout_cost` for algorithms that work on planes; shared channels stay interleaved."""
    apart = not problem.shared and problem.groups * problem.inputs > 1
    return layout_cost(problem, apart=apart, int16=int16)


def phase_cost(problem: Problem) -> float:
    """Return the cost of gathering the samples of each phase of a stride along the last axis."""
    return COSTS.phase * samples_read(problem) if problem.stride[-1] > 1 else 0


def taps_cost(count: int, samples: float, *, int16: bool, compiled: bool = False) -> float:
    """Return the cost of an output that is a sum of taps.

    Args:
        count: of taps that are not zero.
        samples: that one call works on.
        int16: whether the sums are made in int16.
        compiled: whether all taps are one call.
    """
    each = COSTS.tap
    if int16:
        each = COSTS.int16_tap
    elif compiled:
        each = COSTS.compiled_tap
    per_call = 0 if compiled else COSTS.call / samples
    return count * (each + per_call)


def fused_cost(problem: Problem, count: int) -> float:
    """Return the cost of a position that is made in one pass on CUDA; `count` taps per channel."""
    samples = problem.groups * (1 + problem.outputs)
    return COSTS.fused * samples + COSTS.fused_tap * count * problem.groups
