"""Work out what a layer does on a small array, one output element after the other.

Only numbers: it draws nothing. They are computed in float64; each sum is the sum of the products
that are shown with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from convtool.convolve.geometry import Conv, ends, output_size
from convtool.errors import LayerError, UsageError
from convtool.layers.layer import Layer
from convtool.sizes import Pads, size_text

MAX_STEPS = 300


@dataclass(frozen=True, eq=False)
class Step:
    """One output element.

    Attributes:
        output: its place: channel and position.
        channel: the first of the input channels that it depends on.
        corner: the position of the window's first tap in the padded input.
        values: the samples under the window. Shape: (inputs per group, *K)
        weights: as many.
        bias: what is added to the sum of the products, or None.
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
    """All steps of a layer on an array.

    Attributes:
        conv: the layer.
        pads: samples that are added before and after on each axis.
        size: the input's spatial size.
        padded: the input with what is added. Shape: (C, *P)
        steps: one per output element, channel by channel.
        output_size: the output's spatial size.
    """

    conv: Conv
    pads: tuple[tuple[int, int], ...]
    size: tuple[int, ...]
    padded: Tensor
    steps: tuple[Step, ...]
    output_size: tuple[int, ...]

    @property
    def channels(self) -> tuple[int, ...]:
        """The output channels that are worked out."""
        return tuple(dict.fromkeys(step.output[0] for step in self.steps))

    def is_added(self, position: Sequence[int]) -> bool:
        """Return whether a position of the padded input is padding."""
        axes = zip(position, self.pads, self.size, strict=True)
        return any(not before <= place < before + n for place, (before, _), n in axes)

    def covered(self, step: Step) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
        """Yield each tap of a step's window, and the place in the padded input that it covers.

        Both begin with a channel: that of the weights, and that of the input.
        """
        for channel, *tap in np.ndindex(*step.weights.shape):
            axes = zip(step.corner, tap, self.conv.dilation, strict=True)
            place = tuple(first + index * apart for first, index, apart in axes)
            yield (channel, *tap), (step.channel + channel, *place)


def storyboard(layer: Conv | Layer, values: Tensor, *, channel: int | None = None) -> Storyboard:
    """Work out each output element of a layer, before any folding and normalization.

    Args:
        layer: what is animated.
        values: the whole input.
        channel: only this output channel of the layer.

    Shape: values (C, *S)

    Raises:
        LayerError: the layer does not fit the input.
        UsageError: there are more than MAX_STEPS elements, or no such channel.

    >>> conv = torch.nn.Conv1d(1, 1, 3, padding=1, bias=False)
    >>> _ = torch.nn.init.constant_(conv.weight, 2)
    >>> [step.total for step in storyboard(conv, torch.tensor([[1.0, 2, 3]])).steps]
    [6.0, 12.0, 10.0]
    """
    conv = layer.conv if isinstance(layer, Layer) else layer
    pads = tuple(layer.ends if isinstance(layer, Layer) else ends(conv))
    size = tuple(values.shape[1:])
    if len(values) != conv.in_channels:
        raise LayerError(f"the layer takes {conv.in_channels} channels, not {len(values)}")
    result = output_size(conv, size, pads)
    channels = _channels(conv, channel)
    _refuse_long(len(channels), result)
    padded = _padded(values.detach().double(), pads, conv.padding_mode)
    places = ((each, *position) for each in channels for position in np.ndindex(*result))
    steps = tuple(_step(conv, padded, place) for place in places)
    return Storyboard(conv, pads, size, padded, steps, result)


def _channels(conv: Conv, channel: int | None) -> Sequence[int]:
    if channel is None:
        return range(conv.out_channels)
    if not 0 <= channel < conv.out_channels:
        raise UsageError(
            f"there is no output channel {channel}: the layer has 0 to {conv.out_channels - 1}"
        )
    return [channel]


def _refuse_long(channels: int, size: Sequence[int]) -> None:
    count = channels * torch.Size(size).numel()
    if count <= MAX_STEPS:
        return
    made = (
        f"{size_text(size)} output" if channels == 1 else f"{size_text((channels, *size))} output"
    )
    raise UsageError(
        f"the animation would have {count} steps, one per element of the {made}; "
        f"the most is {MAX_STEPS}",
        hint="choose a smaller crop" + (", or one channel" if channels > 1 else ""),
    )


def _padded(values: Tensor, pads: Pads, mode: str) -> Tensor:
    """Return an array with samples added by a layer's padding mode. Shape: (C, *S) → (C, *P)"""
    amounts = [amount for pair in reversed(pads) for amount in pair]
    if not any(amounts):
        return values
    return functional.pad(values[None], amounts, "constant" if mode == "zeros" else mode)[0]


def _step(conv: Conv, padded: Tensor, output: tuple[int, ...]) -> Step:
    channel, *position = output
    weights = conv.weight[channel].detach().double()
    first = channel // (conv.out_channels // conv.groups) * len(weights)
    corner = tuple(at * stride for at, stride in zip(position, conv.stride, strict=True))
    axes = zip(corner, conv.dilation, conv.kernel_size, strict=True)
    window = tuple(slice(at, at + apart * (k - 1) + 1, apart) for at, apart, k in axes)
    values = padded[(slice(first, first + len(weights)), *window)]
    bias = None if conv.bias is None else float(conv.bias.detach()[channel])
    return Step(output, first, corner, values, weights, bias)
