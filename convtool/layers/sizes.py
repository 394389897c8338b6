"""The sizes within a chain: of what each step makes, and of what one result depends on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from convtool.convolve.geometry import extent
from convtool.layers.layer import Layer
from convtool.layers.plain import Plain
from convtool.sizes import multiply_adds


@dataclass(frozen=True)
class StepSize:
    """What a step of a chain makes.

    Attributes:
        module: the step, as PyTorch prints it.
        channels: of its result.
        size: the spatial size of its result.
        parameters: weights and biases.
        multiply_adds: that it takes.
    """

    module: str
    channels: int
    size: tuple[int, ...]
    parameters: int = 0
    multiply_adds: int = 0


def step_sizes(layer: Layer, channels: int, size: Sequence[int]) -> list[StepSize]:
    """Return what each step of a chain makes of an input.

    Args:
        layer: the last layer.
        channels: of the input.
        size: its spatial size.

    Raises:
        LayerError: a step does not fit.
    """
    found = []
    for step in layer.steps:
        placed = step.placement(tuple(size)).size
        if isinstance(step, Layer):
            conv, channels = step.conv, step.channels
            parameters = conv.weight.numel() + (0 if conv.bias is None else conv.bias.numel())
            each = conv.in_channels // conv.groups
            work = multiply_adds(placed, conv.out_channels, conv.kernel_size, each)
            found.append(StepSize(str(step.named), channels, placed, parameters, work))
        elif not step.spreads:
            found.append(StepSize(str(step.module), channels, placed))
        size = placed
    return found


def receptive_field(steps: Sequence[Layer | Plain]) -> tuple[int, ...]:
    """Return how many samples of the input a result of a chain depends on at most, per axis.

    >>> from convtool.layers.plain import plain_step
    >>> receptive_field([plain_step("max-pool:2", 1)] * 3)
    (8,)
    """
    spans = [_extent(step) for step in steps]
    covered, apart = [Fraction(1)] * len(spans[0]), [Fraction(1)] * len(spans[0])
    for span, step in zip(spans, steps, strict=True):
        for axis, (taps, stride) in enumerate(zip(span, step.stride, strict=True)):
            covered[axis] += (taps - 1) * apart[axis]
            apart[axis] *= stride
    return tuple(map(math.ceil, covered))


def _extent(step: Layer | Plain) -> tuple[int, ...]:
    if isinstance(step, Layer):
        return extent(step.conv)
    return (1,) * len(step.factor) if step.window is None else step.window.extent
