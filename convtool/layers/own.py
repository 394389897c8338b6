"""Let a layer of a trained network move as it does there, where options do not say otherwise."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from convtool.errors import LayerError
from convtool.kernels.kernel import Bank, Kernel
from convtool.kernels.own import Own
from convtool.layers.modules import Normalize
from convtool.layers.plain import Plain
from convtool.options.declare import Padding
from convtool.options.kernel import KernelOptions
from convtool.options.layer import LayerOptions
from convtool.sizes import counted


def own_of(kernels: Sequence[Kernel]) -> Own | None:
    """Return how the kernels of a layer move by themselves; None where nothing is known of that."""
    return next((kernel.own for kernel in kernels if kernel.own is not None), None)


def settled(layer: LayerOptions, own: Own | None, mode: str) -> LayerOptions:
    """Return options in which all but groups are settled.

    Args:
        layer: the options, some of them None.
        own: how the layer moves in the network that it comes from.
        mode: the padding mode where neither says it.

    Raises:
        LayerError: the layer's own padding depends on the size of the input.

    >>> settled(LayerOptions(dilation=3), Own((2,), "same", (1,)), "replicate").stride
    (2,)
    """
    stride, dilation = (1, 1) if own is None else (own.stride, own.dilation)
    given: dict[str, Any] = {
        "padding": _padding(own) if layer.padding is None else layer.padding,
        "stride": stride if layer.stride is None else layer.stride,
        "dilation": dilation if layer.dilation is None else layer.dilation,
        "padding_mode": layer.padding_mode or (mode if own is None else own.mode),
        "bias": layer.bias and (own is None or own.bias),
    }
    return replace(layer, **given)


def notes_of(
    kernels: Sequence[Kernel], in_channels: int, layer: LayerOptions, options: KernelOptions
) -> tuple[str, ...]:
    """Return what a user should know of how kernels were made, and of how their layer runs.

    Args:
        kernels: of the layer.
        in_channels: of its input.
        layer: the options of the layer, None where they are not given.
        options: of kernels.
    """
    made = tuple(dict.fromkeys(note for kernel in kernels for note in kernel.notes))
    trained = (kernel for kernel in kernels if kernel.own is not None)
    return made + tuple(note for each in trained for note in _of(each, in_channels, layer, options))


def _of(
    kernel: Kernel, in_channels: int, layer: LayerOptions, options: KernelOptions
) -> Iterator[str]:
    """Yield what a user should know of how a layer of a network runs here."""
    assert kernel.own is not None
    stride = [] if layer.stride is not None else ["stride 1"]
    mode = layer.padding_mode or "zeros"
    padding = [] if layer.padding is not None else [f"padding same with {mode}"]
    if not kernel.own.stated and (stride or padding):
        said = " and ".join(stride + padding)
        yield f"{kernel.title}: its file has weights only; run with {said}"
    per_group = kernel.weights.shape[1]
    if kernel.own.groups is None and in_channels > per_group and layer.groups is None:
        yield (
            f"{kernel.title} has weights for {counted(per_group, 'channel')}: run with "
            f"{in_channels // per_group} groups"
        )
    if kernel.preprocess is not None and options.preprocess == "auto":
        yield f"{kernel.title} is fed {kernel.preprocess}, as in its network"


def _padding(own: Own | None) -> Padding:
    """Return what a layer pads in its network.

    Raises:
        LayerError: it depends on the size of the input.
    """
    if own is None or isinstance(own.padding, str):
        return "same"
    if own.padding is None:
        raise LayerError(
            "the layer's own padding depends on the size of its input (auto_pad with a stride)",
            hint="--padding gives it: a number, 'same' or 'valid'",
        )
    return tuple(own.padding)


def normalizing(banks: Sequence[Bank], options: KernelOptions, dims: int) -> Plain | None:
    """Return the step before a trained layer that its network has, where it is known and wanted.

    Args:
        banks: of the layer.
        options: of kernels.
        dims: 1, 2 or 3.
    """
    given = (each.preprocess for bank in banks for each in bank.kernels)
    preprocess = next((each for each in given if each is not None), None)
    if preprocess is None or options.preprocess == "none":
        return None
    module = Normalize(preprocess.mean, preprocess.std)
    return Plain("", module, None, (1,) * dims, bends=True)
