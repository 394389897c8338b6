"""The sizes of the input and output of an `nn.Conv`: extent, padding, where results lie.

Numbers only, worked out by `convtool.sizes`; nothing is run.
"""

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor, nn

from convtool import sizes
from convtool.padding import Modes, modes_of
from convtool.sizes import Pads, Window

Conv = nn.Conv1d | nn.Conv2d | nn.Conv3d


def window(conv: Conv, pads: Pads | None = None, modes: Modes | None = None) -> Window:
    """Return how a layer's kernel moves over its input.

    Args:
        conv: the layer.
        pads: samples added before and after on each axis; None for the layer's own.
        modes: the padding mode of each axis; None for the layer's own.
    """
    return Window(
        tuple(conv.kernel_size),
        tuple(conv.stride),
        tuple(conv.dilation),
        pads or ends(conv),
        modes or own_modes(conv),
    )


def own_modes(conv: Conv) -> Modes:
    """Return the padding mode of each axis of a layer."""
    return modes_of(conv.padding_mode, len(conv.kernel_size))


def extent(conv: Conv) -> tuple[int, ...]:
    """Return how many samples an output depends on along each axis: dilation * (k - 1) + 1."""
    return sizes.extent(conv.kernel_size, conv.dilation)


def ends(conv: Conv) -> Pads:
    """Return how many samples the layer adds before and after on each axis."""
    if conv.padding == "same":  # with any stride: that of a layer may be set later
        return sizes.same(conv.kernel_size, conv.dilation)
    if conv.padding == "valid":
        return ((0, 0),) * len(conv.kernel_size)
    return tuple((int(added), int(added)) for added in conv.padding)


def output_size(conv: Conv, size: Sequence[int], pads: Pads | None = None) -> tuple[int, ...]:
    """Return the output's spatial size: floor((n + padding - extent) / stride) + 1 on each axis.

    Args:
        conv: the layer.
        size: the input's spatial size.
        pads: samples added before and after on each axis; None for the layer's own.

    Raises:
        LayerError: the kernel is larger than the padded input.

    >>> output_size(nn.Conv2d(3, 4, 3, stride=2, padding=1), (7, 8))
    (4, 4)
    """
    return window(conv, pads).output(size)


def padded_size(conv: Conv, size: Sequence[int], pads: Pads | None = None) -> tuple[int, ...]:
    """Return the input's spatial size with the samples that are added."""
    return window(conv, pads).padded(size)


class Placement:
    """The result of a layer on an input: its size, and where its positions lie on the input.

    Args:
        window: how the layer's kernel moves over its input.
        size: the input's spatial size.

    Attributes:
        size: the result's spatial size.
        stride: input positions from one output position to the next, per axis; fractions where
            there are more of the latter.

    Raises:
        LayerError: the layer does not fit the input.
    """

    stride: tuple[int | Fraction, ...]

    def __init__(self, window: Window, size: Sequence[int]) -> None:
        self._input = tuple(size)
        self._pads, self._extent = window.pads, window.extent
        self.size = window.output(size)
        self.stride = window.stride

    def centres(self, axis: int) -> Tensor:
        """Return the input position that each output position is centred on, inside the input.

        Shape: (S',) of int64

        >>> Placement(window(nn.Conv1d(1, 1, 3, stride=2, padding=1)), (5,)).centres(0)
        tensor([0, 2, 4])
        """
        first = (self._extent[axis] - 1) // 2 - self._pads[axis][0]
        positions = torch.arange(self.size[axis]) * int(self.stride[axis]) + first
        return positions.clamp(0, self._input[axis] - 1)


class Enlarged(Placement):
    """The result of a step that makes several positions of each one.

    Args:
        size: the input's spatial size.
        factor: how many, per axis.

    >>> Enlarged((2,), (3,)).centres(0)
    tensor([0, 0, 0, 1, 1, 1])
    """

    def __init__(self, size: Sequence[int], factor: Sequence[int]) -> None:
        self._factor = tuple(factor)
        self.size = tuple(n * times for n, times in zip(size, factor, strict=True))
        self.stride = tuple(Fraction(1, times) if times > 1 else 1 for times in factor)

    def centres(self, axis: int) -> Tensor:
        """Return the input position that each output position is made of."""
        return torch.arange(self.size[axis]) // self._factor[axis]


class Spread(Placement):
    """An input with zeros between its samples.

    Args:
        size: the input's spatial size.
        stride: positions from one sample to the next, per axis.

    >>> Spread((3,), (2,)).centres(0)
    tensor([0, 1, 1, 2, 2])
    """

    def __init__(self, size: Sequence[int], stride: Sequence[int]) -> None:
        self._input, self._apart = tuple(size), tuple(stride)
        self.size = tuple((n - 1) * step + 1 for n, step in zip(size, stride, strict=True))
        self.stride = tuple(Fraction(1, step) if step > 1 else 1 for step in stride)

    def centres(self, axis: int) -> Tensor:
        """Return the sample that each position is nearest to."""
        apart = self._apart[axis]
        return (torch.arange(self.size[axis]) + apart // 2) // apart


class Composed(Placement):
    """The result of one step after another, placed on the input of the first.

    Args:
        earlier: of the result of the first step.
        later: of the result of the second, on that.
    """

    def __init__(self, earlier: Placement, later: Placement) -> None:
        self._earlier, self._later = earlier, later
        self.size = later.size
        steps = zip(earlier.stride, later.stride, strict=True)
        products = [Fraction(one) * Fraction(other) for one, other in steps]
        self.stride = tuple(n.numerator if n.denominator == 1 else n for n in products)

    def centres(self, axis: int) -> Tensor:
        """Return the position of the first input that each output position is centred on."""
        return self._earlier.centres(axis)[self._later.centres(axis)]
