"""Work out what a layer does on a small input, one output element after the other.

Only numbers: it draws nothing. They are computed in float64; each sum is the sum of the products
that are shown with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
import torch
from torch import Tensor

from convtool.convolve.beyond import sources
from convtool.convolve.geometry import Conv
from convtool.errors import LayerError, UsageError
from convtool.layers.layer import Layer
from convtool.look.keepers import Exact
from convtool.look.region import Region
from convtool.sizes import size_text

MOST_STEPS = 300
SLICE = "slice"  # of a volume


@dataclass(frozen=True, eq=False)
class Step:
    """One output element.

    Attributes:
        output: its channel, and its position in the region.
        channel: the first of the input channels that it depends on.
        corner: the position of the window's first tap in the padded input.
        values: the samples under the window. Shape: (inputs per group, *K)
        weights: as many.
        bias: what is added to the sum of the products; None where the layer adds nothing.
    """

    output: tuple[int, ...]
    channel: int
    corner: tuple[int, ...]
    values: Tensor
    weights: Tensor
    bias: float | None

    @property
    def products(self) -> Tensor:
        """Each sample times its weight. Shape: (inputs per group, *K)"""
        return self.values * self.weights

    @property
    def total(self) -> float:
        """The sum of the products and the bias."""
        return float(self.products.sum()) + (self.bias or 0.0)


@dataclass(frozen=True, eq=False)
class Storyboard:
    """All steps of a region of a layer's result, channel by channel.

    Attributes:
        layer: the layer.
        region: which outputs there are, and what of the padded input they depend on.
        padded: that part of the padded input. Shape: (C, *P)
        unit: the sample that stands for 1.
        names: of all channels of the input.
        steps: one per output element.
        plane: the word for a position of the leading one of three axes.
    """

    layer: Layer
    region: Region
    padded: Tensor
    unit: float
    names: tuple[str, ...]
    steps: tuple[Step, ...]
    plane: str = SLICE

    @property
    def conv(self) -> Conv:
        """The layer itself."""
        return self.layer.conv

    @cached_property
    def outputs(self) -> tuple[int, ...]:
        """The output channels that are worked out."""
        return tuple(dict.fromkeys(step.output[0] for step in self.steps))

    @cached_property
    def inputs(self) -> tuple[int, ...]:
        """The input channels that they depend on."""
        every = (step.channel + index for step in self.steps for index in range(len(step.weights)))
        return tuple(sorted(set(every)))

    @cached_property
    def samples(self) -> list[float]:
        """All numbers of the padded input that are shown."""
        return [float(number) for number in self.padded[list(self.inputs)].flatten().tolist()]

    @cached_property
    def weights(self) -> list[float]:
        """All numbers of the kernels that are shown."""
        weight = self.conv.weight.detach()[list(self.outputs)]
        return [float(number) for number in weight.flatten().tolist()]

    @property
    def size(self) -> tuple[int, ...]:
        """The size of the part of the input, without padding."""
        return tuple(int((~outside).sum()) for outside in self.region.outside)

    @property
    def first(self) -> tuple[int, ...]:
        """The position of the part in the input."""
        return tuple(max(0, first) for first in self.region.first)

    def is_added(self, position: Sequence[int]) -> bool:
        """Return whether a position of the padded input is padding."""
        return any(outside[at] for outside, at in zip(self._outside, position, strict=True))

    @cached_property
    def _outside(self) -> list[list[bool]]:
        return [outside.tolist() for outside in self.region.outside]

    def covered(self, step: Step) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Yield each tap of a step's window, and the place in the padded input that it covers.

        Both begin with a channel: that of the weights, and that of the input.
        """
        for channel, *tap in np.ndindex(*step.weights.shape):
            axes = zip(step.corner, tap, self.conv.dilation, strict=True)
            place = tuple(first + index * apart for first, index, apart in axes)
            yield (channel, *tap), (step.channel + channel, *place)


def of_array(
    layer: Conv | Layer, values: Tensor, channels: Sequence[int] | None = None
) -> Storyboard:
    """Return the storyboard of a layer on a whole array.

    Args:
        layer: what is animated, before any folding and normalization.
        values: the input.
        channels: output channels of the layer; None for all.

    Shape: values (C, *S)

    Raises:
        LayerError: the layer does not fit the input.
        UsageError: there are more than MOST_STEPS elements.

    >>> from torch import nn, tensor
    >>> conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)
    >>> _ = nn.init.constant_(conv.weight, 2)
    >>> [step.total for step in of_array(conv, tensor([[1.0, 2, 3]])).steps]
    [6.0, 12.0, 10.0]
    """
    layer = layer if isinstance(layer, Layer) else Layer(layer, (), None, ())
    conv, size = layer.conv, tuple(values.shape[1:])
    if len(values) != conv.in_channels:
        raise LayerError(f"the layer takes {conv.in_channels} channels, not {len(values)}")
    result = layer.window.output(size)
    refuse_long(conv.out_channels if channels is None else len(channels), result)
    region = _whole(layer, size, result)
    keeper = Exact(region.sources, layer.modes)
    keeper.take(values, 0)
    assert keeper.samples is not None
    return of_region(layer, region, keeper.samples, channels)


def of_region(
    layer: Layer,
    region: Region,
    padded: Tensor,
    channels: Sequence[int] | None = None,
    unit: float = 1.0,
    names: Sequence[str] | None = None,
    plane: str = SLICE,
) -> Storyboard:
    """Return the storyboard of a region of a layer's result.

    Args:
        layer: what is animated, before any folding and normalization.
        region: the outputs.
        padded: the part of the padded input that they depend on.
        channels: output channels of the layer; None for all.
        unit: the sample that stands for 1.
        names: of all channels of the input; None for their numbers.
        plane: the word for a position of the leading one of three axes.

    Shape: padded (C, *P)

    Raises:
        UsageError: there are more than MOST_STEPS elements.
    """
    chosen = range(layer.conv.out_channels) if channels is None else channels
    refuse_long(len(chosen), region.size)
    samples = padded.detach().double()
    places = ((each, *position) for each in chosen for position in np.ndindex(*region.size))
    steps = tuple(_step(layer.conv, samples, place, unit) for place in places)
    known = tuple(map(str, range(len(padded))) if names is None else names)
    return Storyboard(layer, region, samples, unit, known, steps, plane)


def refuse_long(channels: int, size: Sequence[int]) -> None:
    """Check the number of elements of a result.

    Args:
        channels: output channels.
        size: the result's spatial size.

    Raises:
        UsageError: there are more than MOST_STEPS.
    """
    count = channels * prod(size)
    if count > MOST_STEPS:
        made = size_text(size if channels == 1 else (channels, *size))
        raise UsageError(
            f"the animation would have {count} steps, one per element of the {made} output; "
            f"the most is {MOST_STEPS}",
            hint="--crop draws a part" + (", --channel one channel" if channels > 1 else ""),
        )


def _whole(layer: Layer, size: Sequence[int], result: tuple[int, ...]) -> Region:
    """Return the whole result, with the whole padded input: samples that no window covers, too."""
    places = [
        torch.arange(-before, length + after)
        for length, (before, after) in zip(size, layer.ends, strict=True)
    ]
    axes = list(zip(places, size, strict=True))
    found = zip(axes, layer.modes, strict=True)
    positions = tuple(sources(axis, length, mode) for (axis, length), mode in found)
    outside = tuple((axis < 0) | (axis >= length) for axis, length in axes)
    return Region((0,) * len(size), result, tuple(-b for b, _ in layer.ends), positions, outside)


def _step(conv: Conv, padded: Tensor, output: tuple[int, ...], unit: float) -> Step:
    channel, *position = output
    weights = conv.weight[channel].detach().cpu().double()
    first = channel // (conv.out_channels // conv.groups) * len(weights)
    corner = tuple(at * stride for at, stride in zip(position, conv.stride, strict=True))
    axes = zip(corner, conv.dilation, conv.kernel_size, strict=True)
    window = tuple(slice(at, at + apart * (k - 1) + 1, apart) for at, apart, k in axes)
    values = padded[(slice(first, first + len(weights)), *window)]
    bias = None
    if conv.bias is not None and bool(conv.bias.any()):
        bias = float(conv.bias.detach()[channel]) * unit
    return Step(output, first, corner, values, weights, bias)
