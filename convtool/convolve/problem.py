"""What a layer asks to be computed, freed of `nn.Conv`: its weights by group, and what is special about them.

It decides nothing: `plan` does, from what it reads here.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from convtool.convolve.geometry import Conv, extent

INT16_MAX = 2**15 - 1


@dataclass(frozen=True, eq=False)
class Problem:
    """A layer's numbers.

    Attributes:
        weight: float64 on the CPU, shape (G, M, I, *K): groups, outputs of a group, inputs of a group, kernel.
        bias: float64, shape (G, M).
        stride: per axis.
        dilation: per axis.
        span: dilation * (k - 1) + 1 per axis.
        shared: every group has one input and the same kernels, as presets on colours have; the channels can
            then lie side by side in memory and be filtered as one.
        integral: all weights and biases are whole numbers.
    """

    weight: Tensor
    bias: Tensor
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    span: tuple[int, ...]
    shared: bool
    integral: bool

    @property
    def groups(self) -> int:
        """How many groups of channels there are."""
        return self.weight.shape[0]

    @property
    def outputs(self) -> int:
        """How many outputs each group has."""
        return self.weight.shape[1]

    @property
    def inputs(self) -> int:
        """How many inputs each group has."""
        return self.weight.shape[2]

    @property
    def dims(self) -> int:
        """How many spatial axes there are."""
        return len(self.stride)

    def reach(self, full: float) -> float:
        """Return the largest size of a sum of weighted samples, themselves at most `full`, and its bias."""
        return float((self.weight.flatten(2).abs().sum(2) * full + self.bias.abs() * full).max())


def read(conv: Conv) -> Problem:
    """Return what a layer asks for.

    >>> problem = read(torch.nn.Conv2d(3, 6, (3, 5), groups=3))
    >>> problem.weight.shape, problem.shared
    (torch.Size([3, 2, 1, 3, 5]), False)
    """
    weight = conv.weight.detach().to("cpu", torch.float64).unflatten(0, (conv.groups, -1))
    bias = torch.zeros(conv.out_channels, dtype=torch.float64)
    if conv.bias is not None:
        bias = conv.bias.detach().to("cpu", torch.float64)
    bias = bias.unflatten(0, (conv.groups, -1))
    shared = (
        weight.shape[2] == 1
        and bool((weight == weight[:1]).all())
        and bool((bias == bias[:1]).all())
    )
    integral = bool((weight == weight.round()).all()) and bool((bias == bias.round()).all())
    return Problem(
        weight, bias, tuple(conv.stride), tuple(conv.dilation), extent(conv), shared, integral
    )
