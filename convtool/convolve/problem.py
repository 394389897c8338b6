"""What a layer computes, and on which input: its weights by group, and their special properties.

It decides nothing: the algorithms estimate their cost from it, and `plan` chooses.
"""

import dataclasses
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from convtool.convolve.compiling import Compiler
from convtool.convolve.geometry import Conv, extent
from convtool.levels import Levels

SEEN = 2**16  # numbers that are looked at at once


@dataclass(frozen=True, eq=False)
class Problem:
    """The numbers of a layer.

    Attributes:
        weight: on the CPU, of the layer's own type, shape (G, M, I, *K): groups, outputs per
            group, inputs per group, kernel.
        bias: float64 on the CPU, in units of the samples, shape (G, M).
        stride: per axis.
        dilation: per axis.
        extent: samples that an output depends on, per axis: dilation * (k - 1) + 1.
        shared: every group has one input and the same kernels, as a preset has on the colours of
            an image; the channels can then be interleaved and filtered as one.
        integral: all weights and biases are whole numbers.
    """

    weight: Tensor
    bias: Tensor
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    extent: tuple[int, ...]
    shared: bool
    integral: bool

    @property
    def groups(self) -> int:
        """The number of groups of channels."""
        return self.weight.shape[0]

    @property
    def outputs(self) -> int:
        """The number of outputs per group."""
        return self.weight.shape[1]

    @property
    def inputs(self) -> int:
        """The number of inputs per group."""
        return self.weight.shape[2]

    @property
    def dims(self) -> int:
        """The number of spatial axes."""
        return len(self.stride)

    @property
    def banks(self) -> Tensor:
        """The different banks of kernels: one per group, or one that all groups share.

        Shape: (B, M, I, *K)
        """
        return self.weight[:1] if self.shared else self.weight

    @property
    def memory(self) -> int:
        """The bytes that the weights take, once as the layer's and once as float64."""
        return self.weight.numel() * (self.weight.element_size() + torch.float64.itemsize)

    @property
    def interleaved(self) -> int:
        """The number of channels that are interleaved in a plane; 1 where each has its own."""
        return self.groups if self.shared else 1

    @property
    def widest(self) -> int:
        """The number of channels of the input or of the output, whichever has more."""
        return self.groups * max(self.inputs, self.outputs)

    @property
    def sees_single_frames(self) -> bool:
        """True for a layer on video whose every output depends on a single frame."""
        return self.dims == 3 and self.extent[0] == self.stride[0] == 1

    def per_frame(self) -> "Problem":
        """Return the two-dimensional problem that is solved on each frame by itself."""
        return dataclasses.replace(
            self,
            weight=self.weight.squeeze(3),
            stride=self.stride[1:],
            dilation=self.dilation[1:],
            extent=self.extent[1:],
        )

    def is_whole(self, levels: Levels) -> bool:
        """Return whether the layer's results on stored samples are whole numbers."""
        return self.integral and not levels.floats

    def largest_output(self, levels: Levels) -> float:
        """Return a bound on the size of whole results, max|x| × Σ|w| + |b|; infinity for others."""
        if not self.is_whole(levels):
            return math.inf
        gains = [bank.flatten(1).abs().sum(1, dtype=torch.float64) for bank in self.weight]
        return float((torch.stack(gains) * levels.scale + self.bias.abs()).max())


@dataclass(frozen=True)
class Input:
    """The samples that a layer is run on, and how the caller wants it run.

    Attributes:
        size: the spatial size of the whole input, with its padding.
        levels: how samples are stored; sums of whole numbers are exact.
        dtype: of the arithmetic on floats.
        device: the type of the device.
        algorithm: the name of the one asked for, or `auto`.
        compiler: for algorithms that can be compiled, or None.
    """

    size: tuple[int, ...]
    levels: Levels
    dtype: torch.dtype = torch.float32
    device: str = "cpu"
    algorithm: str = "auto"
    compiler: Compiler | None = None


def read(conv: Conv, unit: float = 1) -> Problem:
    """Return the problem that a layer poses.

    Args:
        conv: the layer.
        unit: the sample value that stands for 1; the bias is scaled by it.

    >>> problem = read(torch.nn.Conv2d(3, 6, (3, 5), groups=3))
    >>> problem.weight.shape, problem.shared
    (torch.Size([3, 2, 1, 3, 5]), False)
    """
    weight = conv.weight.detach().cpu().unflatten(0, (conv.groups, -1))
    bias = torch.zeros(conv.out_channels, dtype=torch.float64)
    if conv.bias is not None:
        bias = conv.bias.detach().to("cpu", torch.float64)
    bias = bias.unflatten(0, (conv.groups, -1))
    return Problem(
        weight=weight,
        bias=bias * unit,
        stride=tuple(conv.stride),
        dilation=tuple(conv.dilation),
        extent=extent(conv),
        shared=weight.shape[2] == 1 and _all_alike(weight) and _all_alike(bias),
        integral=_all_whole(weight) and _all_whole(bias),
    )


def _all_alike(groups: Tensor) -> bool:
    return all(torch.equal(group, groups[0]) for group in groups[1:])


def _all_whole(numbers: Tensor) -> bool:
    """Return whether all numbers are whole, by parts: most others are found at the beginning."""
    parts = numbers.flatten().split(SEEN)
    return all(torch.equal(part, part.round()) for part in parts)
