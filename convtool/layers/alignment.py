"""Say where kernels lie on the input: their common frame, the samples that are added, the path of the input itself.

It makes no layer: `layers` does.

    centre  y[n] looks at … x[n-1] x[n] x[n+1] …     symmetric kernels shift nothing
    causal  y[n] looks at … x[n-2] x[n-1] x[n]       an impulse response starts where the sound does
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convtool.convolve.geometry import Pads, size_text
from convtool.errors import LayerError, UsageError
from convtool.kernels.resolve import Kernel
from convtool.options.declare import per_axis
from convtool.options.settings import Align, Settings


def origin(size: Sequence[int], align: Align) -> tuple[int, ...]:
    """Return the tap that lies on the current sample: the middle one, or the last of the leading axis.

    >>> origin((4,), "centre"), origin((4,), "causal")
    ((1,), (3,))
    """
    middle = tuple((k - 1) // 2 for k in size)
    return middle if align == "centre" else (size[0] - 1, *middle[1:])


def frame(
    kernels: Sequence[Kernel], align: Align | None
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the size that holds all kernels, their origins on each other, and that origin.

    Args:
        kernels: one or more, of the same dimensions.
        align: where they lie, instead of where each says.
    """
    origins = [origin(kernel.size, align or kernel.align) for kernel in kernels]
    before = tuple(max(axis) for axis in zip(*origins, strict=True))
    behind = [
        [k - 1 - o for k, o in zip(kernel.size, at, strict=True)]
        for kernel, at in zip(kernels, origins, strict=True)
    ]
    after = [max(axis) for axis in zip(*behind, strict=True)]
    return tuple(b + a + 1 for b, a in zip(before, after, strict=True)), before


def embedded(
    kernel: Kernel, size: Sequence[int], place: Sequence[int], align: Align | None
) -> NDArray[np.float64]:
    """Return a kernel's weights inside zeros of `size`, its origin at `place`."""
    outer = np.zeros(tuple(size))
    starts = [p - o for p, o in zip(place, origin(kernel.size, align or kernel.align), strict=True)]
    outer[tuple(slice(start, start + k) for start, k in zip(starts, kernel.size, strict=True))] = (
        kernel.weights
    )
    return outer


def padding(
    settings: Settings,
    size: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int],
    place: Sequence[int],
) -> tuple[str | tuple[int, ...], Pads | None]:
    """Return the padding that nn.Conv takes, and the samples to add before and after where it cannot say them.

    nn.Conv pads both ends alike, and refuses 'same' with a stride, where half the span on both sides is meant.

    Args:
        settings: what is asked for.
        size: the kernel's.
        stride: per axis.
        dilation: per axis.
        place: the tap that lies on the current sample.

    Raises:
        LayerError: there is no such padding.
    """
    totals = tuple(d * (k - 1) for k, d in zip(size, dilation, strict=True))
    if settings.length == "full":
        return totals, None
    if "valid" in (settings.length, settings.padding):
        return "valid", None
    if settings.padding != "same":
        assert not isinstance(settings.padding, str)
        return per_axis("padding", settings.padding, len(size)), None
    if tuple(place) != origin(size, "centre"):
        before = [d * p for d, p in zip(dilation, place, strict=True)]
        return "valid", tuple((b, total - b) for b, total in zip(before, totals, strict=True))
    if set(stride) == {1}:
        return "same", None
    if any(total % 2 for total in totals):
        raise LayerError(
            f"padding 'same' with stride {size_text(stride)} needs an odd kernel, not {size_text(size)}",
            hint="give --padding a number or 'valid'",
        )
    return tuple(total // 2 for total in totals), None


def mixed(kernel: Kernel, wet: float, in_channels: int) -> Kernel:
    """Return a kernel whose result is a mix with its input, delayed as the kernel itself delays.

    Convolution is linear: the input goes through one more tap, where the kernel by itself lies on the current
    sample, whatever it is aligned to.

    Args:
        kernel: the kernel.
        wet: the share of its result, 0…1; the rest is the input.
        in_channels: channels of the input.

    Raises:
        LayerError: its outputs are not one an input channel.
    """
    if kernel.full and len(kernel.weights) != in_channels:
        raise LayerError(
            f"--wet needs as many outputs as inputs, and there are {len(kernel.weights)} and {in_channels}"
        )
    weights = kernel.weights * wet
    place = origin(kernel.size, kernel.align)
    if kernel.full:
        for output in range(len(weights)):
            weights[(output, output % weights.shape[1], *place)] += 1 - wet
    else:
        weights[place] += 1 - wet
    return replace(kernel, weights=weights, bias=kernel.bias * wet)


def refuse_sound_options(settings: Settings, dims: int) -> None:
    """Check that what only sound has is not asked for elsewhere.

    Raises:
        UsageError: it is.
    """
    if dims != 1 and (settings.length != "same" or settings.align is not None or settings.wet != 1):
        raise UsageError("length, align and wet are for sound")
