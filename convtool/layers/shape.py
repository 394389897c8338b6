"""The shapes of a layer: its input, output, weights and bias, as numbers.

It must not import torch or NumPy: `convtool shape` describes layers that are never made.
"""

import math
from dataclasses import dataclass

from convtool.options.declare import per_axis, sides
from convtool.options.kernel import KernelOptions
from convtool.options.layer import LayerOptions
from convtool.padding import modes_of
from convtool.sizes import Window, check_groups, multiply_adds, pads_of


@dataclass(frozen=True)
class ChainShape:
    """A chain of steps, as its last layer knows it.

    Attributes:
        input: channels and spatial size of the input.
        steps: each step with the size of what it makes, as text.
        receptive: samples of the input that a result depends on at most, per axis.
        parameters: weights and biases of all steps.
        multiply_adds: of all steps.
    """

    input: tuple[int, ...]
    steps: tuple[str, ...]
    receptive: tuple[int, ...]
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class LayerShape:
    """A layer and the size of its input.

    Attributes:
        size: the input's spatial size.
        in_channels: of the layer.
        out_channels: of the layer.
        groups: of channels.
        bias: it has one.
        window: how its kernel moves.
        padding: `same`, `valid`, or empty where it is given in numbers.
        results: channels that are left of `out_channels` where a bank is combined.
        chain: that it is the last layer of, if it is of one.
    """

    size: tuple[int, ...]
    in_channels: int
    out_channels: int
    groups: int
    bias: bool
    window: Window
    padding: str
    results: int
    chain: ChainShape | None = None

    @property
    def output(self) -> tuple[int, ...]:
        """The output's spatial size.

        Raises:
            LayerError: the layer does not fit the input.
        """
        return self.window.output(self.size)

    @property
    def weight(self) -> tuple[int, ...]:
        """The shape of the weights: (out, in / groups, *kernel)."""
        return (self.out_channels, self.in_channels // self.groups, *self.window.kernel)

    @property
    def parameters(self) -> int:
        """The number of weights and biases."""
        return math.prod(self.weight) + self.bias * self.out_channels

    @property
    def multiply_adds(self) -> int:
        """The multiply-adds of the layer on this input."""
        out, each, *kernel = self.weight
        return multiply_adds(self.output, out, kernel, each)


def shape_of(
    size: tuple[int, ...],
    in_channels: int,
    kernel: KernelOptions,
    layer: LayerOptions,
) -> LayerShape:
    """Return the shapes of a layer with random weights, which is not made.

    Args:
        size: the input's spatial size.
        in_channels: of the input.
        kernel: the size of the kernel, and the output channels, by default 1.
        layer: the options of the layer.

    Raises:
        LayerError: the groups do not divide the channels, or 'same' is not clear.
        UsageError: an option has numbers for another number of axes.
    """
    dims = len(size)
    taps = per_axis("kernel-size", kernel.kernel_size, dims)
    stride = per_axis("stride", layer.stride or 1, dims)
    dilation = per_axis("dilation", layer.dilation or 1, dims)
    asked = "same" if layer.padding is None else layer.padding
    padding = asked if isinstance(asked, str) else sides(asked, dims)
    groups = in_channels if layer.groups == "depthwise" else layer.groups or 1
    out = kernel.out_channels or 1
    check_groups(in_channels, groups, "input")
    check_groups(out, groups, "output")
    pads = pads_of(padding, taps, dilation, stride)
    modes = modes_of(layer.padding_mode or "zeros", dims)
    window = Window(taps, stride, dilation, pads, modes)
    word = padding if isinstance(padding, str) else ""
    return LayerShape(size, in_channels, out, groups, layer.bias, window, word, out)
