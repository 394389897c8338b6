"""Transposed convolution: a layer on an input with zeros between its samples.

`nn.ConvTranspose` with a stride stamps its kernel at every sample, so many positions apart. That
is a convolution by the mirrored kernel of the input with zeros between its samples, which streams
as any other layer does, and gives the same sums.

Source: Dumoulin & Visin, A guide to convolution arithmetic for deep learning (2016), chapter 4
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from convtool.convolve.geometry import Conv, extent
from convtool.errors import LayerError, UsageError
from convtool.layers.layer import Layer
from convtool.layers.modules import ZerosBetween
from convtool.layers.plain import Plain
from convtool.options.declare import per_axis, sides
from convtool.options.layer import LayerOptions
from convtool.sizes import counted

TRANSPOSED: dict[int, Callable[..., nn.Module]] = {
    1: nn.ConvTranspose1d,
    2: nn.ConvTranspose2d,
    3: nn.ConvTranspose3d,
}


@dataclass(frozen=True)
class Ends:
    """How much of the result of a transposed layer is kept along one axis.

    Attributes:
        padding: positions that are cut off on each side.
        output_padding: positions that are added behind.
    """

    padding: int
    output_padding: int


def plain_options(layer: LayerOptions) -> LayerOptions:
    """Return the options of the layer that runs on the input with zeros."""
    return replace(
        layer, stride=1, padding="valid", padding_mode="zeros", transposed=False, output_padding=0
    )


def transposed(layer: Layer, options: LayerOptions) -> tuple[Plain, Layer]:
    """Return the two steps that a transposed layer consists of.

    Args:
        layer: that its kernels make, with a stride of 1 and without padding.
        options: of the layer.

    Raises:
        LayerError: the padding does not fit the kernel, or frames would be shown between others.
        UsageError: an option has numbers for another number of axes, or has no meaning here.
    """
    conv = layer.conv
    dims = len(conv.kernel_size)
    stride = per_axis("stride", options.stride or 1, dims)
    if dims == 3 and stride[0] > 1:
        raise LayerError(
            "a transposed layer makes no frames between others", hint="--stride 1,2,2, for example"
        )
    spans, cut = extent(conv), []
    for axis, (span, step) in enumerate(zip(spans, stride, strict=True)):
        cut.append(_ends(options, axis, dims, span, step, conv.dilation[axis]))
    before = [span - 1 - each.padding for span, each in zip(spans, cut, strict=True)]
    pads = tuple((n, n + each.output_padding) for n, each in zip(before, cut, strict=True))
    module = _module(conv, stride, cut)
    flipped = conv.weight.flip(tuple(range(2, conv.weight.ndim))).clone()
    conv.weight.copy_(flipped)
    spread = Plain("spread", ZerosBetween(stride), None, stride)
    return spread, replace(layer, pads=pads, centre=0, transposed=module)


def _ends(options: LayerOptions, axis: int, dims: int, span: int, step: int, dilation: int) -> Ends:
    """Return what is kept along an axis; `same` makes `step` positions of each sample."""
    added = per_axis("output-padding", options.output_padding, dims)[axis]
    if options.padding is None or options.padding == "same":
        if added:
            raise UsageError("--output-padding needs --padding in numbers, or valid")
        padding = max(0, -(-(span - step) // 2))
        return Ends(padding, 2 * padding - (span - step))
    padding, behind = (0, 0) if options.padding == "valid" else sides(options.padding, dims)[axis]
    if padding != behind:
        raise UsageError(
            f"a transposed layer cuts off as much before as after, not {padding}:{behind}",
            hint="--output-padding adds positions behind",
        )
    if padding > span - 1:
        raise LayerError(
            f"--padding of a transposed layer is at most {span - 1} for a kernel that spans "
            f"{counted(span, 'sample')}, not {padding}"
        )
    if added >= max(step, dilation):
        raise LayerError(
            f"--output-padding must be less than the stride or the dilation, not {added}"
        )
    return Ends(padding, added)


def _module(conv: Conv, stride: Sequence[int], cut: Sequence[Ends]) -> nn.Module:
    """Return the layer as PyTorch has it, its weights those of `conv`, stamped."""
    made: Any = TRANSPOSED[len(stride)](
        conv.in_channels,
        conv.out_channels,
        conv.kernel_size,
        stride=tuple(stride),
        padding=tuple(each.padding for each in cut),
        output_padding=tuple(each.output_padding for each in cut),
        groups=conv.groups,
        bias=conv.bias is not None,
        dilation=conv.dilation,
        dtype=conv.weight.dtype,
    ).requires_grad_(False)
    grouped = conv.weight.unflatten(0, (conv.groups, -1))  # (groups, out, in, *K)
    made.weight.copy_(grouped.transpose(1, 2).flatten(0, 1))
    if conv.bias is not None:
        made.bias.copy_(conv.bias)
    return made  # type: ignore[no-any-return]  # as modules are typed
