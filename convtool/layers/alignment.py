"""Align kernels with the current sample: their common frame, the padding, the mix with the input.

It makes no layer: `build` does.

    centre  y[n] depends on … x[n-1] x[n] x[n+1] …    symmetric kernels shift nothing
    causal  y[n] depends on … x[n-2] x[n-1] x[n]      an impulse response starts with its input
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from convtool.errors import LayerError
from convtool.kernels.kernel import Kernel
from convtool.options.declare import per_axis, sides
from convtool.options.layer import Align, AlignmentOptions, LayerOptions
from convtool.padding import Modes, own
from convtool.sizes import Pads, pads_of


def origin(size: Sequence[int], align: Align) -> tuple[int, ...]:
    """Return the tap that lies on the current sample.

    It is the middle tap of every axis, or the last one of the leading axis where it is causal.

    >>> origin((4,), "centre"), origin((4,), "causal")
    ((1,), (3,))
    """
    middle = tuple((k - 1) // 2 for k in size)
    return middle if align == "centre" else (size[0] - 1, *middle[1:])


@dataclass(frozen=True)
class Frame:
    """The common frame of kernels, in which their origins coincide.

    Attributes:
        size: of the frame.
        origin: its tap that lies on the current sample.
    """

    size: tuple[int, ...]
    origin: tuple[int, ...]


def common_frame(kernels: Sequence[Kernel], align: Align | None) -> Frame:
    """Return the smallest frame that holds all kernels.

    Args:
        kernels: one or more, of the same dimensions.
        align: their alignment, instead of each kernel's own.
    """
    before, after = [], []
    for kernel in kernels:
        place = origin(kernel.size, align or kernel.align)
        before.append(place)
        after.append([k - 1 - o for k, o in zip(kernel.size, place, strict=True)])
    first = tuple(max(axis) for axis in zip(*before, strict=True))
    last = tuple(max(axis) for axis in zip(*after, strict=True))
    return Frame(tuple(b + a + 1 for b, a in zip(first, last, strict=True)), first)


def embedded(kernel: Kernel, frame: Frame, align: Align | None) -> NDArray[np.float64]:
    """Return a kernel's weights in the frame, zeros around them."""
    outer = np.zeros(frame.size)
    place = origin(kernel.size, align or kernel.align)
    starts = [f - o for f, o in zip(frame.origin, place, strict=True)]
    inside = tuple(slice(start, start + k) for start, k in zip(starts, kernel.size, strict=True))
    outer[inside] = kernel.weights
    return outer


def own_centre(kernel: Kernel, frame: Frame, align: Align | None) -> int:
    """Return the tap of the frame's leading axis where a kernel alone would be aligned."""
    own = origin(kernel.size, kernel.align)
    asked = origin(kernel.size, align or kernel.align)
    return frame.origin[0] - asked[0] + own[0]


class Padded(TypedDict):
    """What nn.Conv cannot pad by itself, as `Layer` has it; None for nothing."""

    pads: Pads | None
    padding_modes: Modes | None


def padding(
    layer: LayerOptions, alignment: AlignmentOptions, frame: Frame, modes: Modes
) -> tuple[str | tuple[int, ...], Padded]:
    """Return the padding for nn.Conv, and what is to be added where it cannot express it.

    nn.Conv pads both ends alike and all axes in one of four modes, and refuses 'same' with a
    stride, where half of the kernel's extent on both sides is meant.

    Args:
        layer: stride, dilation and padding.
        alignment: the length of the result.
        frame: of the kernel.
        modes: the padding mode of each axis.

    Raises:
        LayerError: there is no such padding.
    """
    dilation = per_axis("dilation", layer.dilation or 1, len(frame.size))
    stride = per_axis("stride", layer.stride or 1, len(frame.size))
    asked = _asked(layer, alignment, frame, dilation)
    pads = pads_of(asked, frame.size, dilation, stride)
    if own(modes) is None and any(map(any, pads)):
        return "valid", Padded(pads=pads, padding_modes=modes)
    if asked == "valid" or (asked == "same" and set(stride) == {1}):
        return asked, Padded(pads=None, padding_modes=None)
    if any(before != after for before, after in pads):
        return "valid", Padded(pads=pads, padding_modes=None)
    return tuple(before for before, _ in pads), Padded(pads=None, padding_modes=None)


def _asked(
    layer: LayerOptions, alignment: AlignmentOptions, frame: Frame, dilation: Sequence[int]
) -> Literal["same", "valid"] | Pads:
    """Return the padding as a word, or as the samples added before and after on each axis."""
    totals = tuple(d * (k - 1) for k, d in zip(frame.size, dilation, strict=True))
    if alignment.length == "full":
        return tuple((total, total) for total in totals)
    if alignment.length == "valid" or layer.padding == "valid":
        return "valid"
    if layer.padding is not None and layer.padding != "same":
        return sides(layer.padding, len(frame.size))
    if frame.origin == origin(frame.size, "centre"):
        return "same"
    before = [d * o for d, o in zip(dilation, frame.origin, strict=True)]
    return tuple((b, total - b) for b, total in zip(before, totals, strict=True))


def mixed(kernel: Kernel, wet: float, in_channels: int) -> Kernel:
    """Return a kernel whose result is a mix with its input, delayed as the kernel itself delays.

    Convolution is linear: the input passes through one more tap, where the kernel alone lies on
    the current sample.

    Args:
        kernel: the kernel.
        wet: the share of its result, 0…1; the rest is the input.
        in_channels: channels of the input.

    Raises:
        LayerError: it does not have one output per input channel.
    """
    if kernel.has_channel_axes and len(kernel.weights) != in_channels:
        raise LayerError(
            f"--wet needs as many output channels as input channels, "
            f"and there are {len(kernel.weights)} and {in_channels}"
        )
    weights = kernel.weights * wet
    place = origin(kernel.size, kernel.align)
    if kernel.has_channel_axes:
        for output in range(len(weights)):
            weights[(output, output % weights.shape[1], *place)] += 1 - wet
    else:
        weights[place] += 1 - wet
    bias = kernel.bias
    bias = tuple(wet * each for each in bias) if isinstance(bias, tuple) else wet * bias
    return replace(kernel, weights=weights, bias=bias)
