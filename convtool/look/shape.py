"""The shapes of layers that are made: with kernels, or for a file, of which the header is read."""

from collections.abc import Mapping, Sequence
from typing import Any

from convtool.layers.layer import Layer
from convtool.layers.shape import ChainShape, LayerShape
from convtool.layers.sizes import receptive_field, step_sizes
from convtool.media.inputs import opened
from convtool.media.mistaken import medium_of, open_source
from convtool.media.registry import Medium
from convtool.options.options import Options
from convtool.places.names import shown
from convtool.run.filter import Filter
from convtool.sizes import size_text


def shape_of_layer(
    layer: Layer, size: Sequence[int], chain: ChainShape | None = None
) -> LayerShape:
    """Return the shapes of a layer on an input.

    Args:
        layer: the layer.
        size: the input's spatial size, as the layer sees it.
        chain: that it is the last layer of.
    """
    conv = layer.conv
    padding = conv.padding if isinstance(conv.padding, str) and layer.pads is None else ""
    return LayerShape(
        tuple(size),
        conv.in_channels,
        conv.out_channels,
        conv.groups,
        conv.bias is not None,
        layer.window,
        padding,
        layer.channels,
        chain,
    )


def chain_shape(layer: Layer, channels: int, size: Sequence[int]) -> ChainShape | None:
    """Return the shapes of a layer's chain on an input; None where it stands alone.

    Args:
        layer: the last layer.
        channels: of the input of the chain.
        size: its spatial size.

    Raises:
        LayerError: a step does not fit.
    """
    if not layer.before:
        return None
    steps = step_sizes(layer, channels, size)
    return ChainShape(
        (channels, *size),
        tuple(f"{step.module} → {step.channels} × {size_text(step.size)}" for step in steps),
        receptive_field(layer.steps),
        sum(step.parameters for step in steps),
        sum(step.multiply_adds for step in steps),
    )


def _shape(layer: Layer, channels: int, size: Sequence[int]) -> LayerShape:
    chain, seen = chain_shape(layer, channels, size), tuple(size)
    for step in layer.before:
        seen = step.placement(seen).size
    return shape_of_layer(layer, seen, chain)


def shape_with_kernels(
    size: Sequence[int], in_channels: int, medium: Medium, options: Options
) -> LayerShape:
    """Return the shapes of a layer on an input of some size.

    Args:
        size: the input's spatial size.
        in_channels: its channels.
        medium: whose defaults hold.
        options: of the kernel and the layer.

    Raises:
        ConvtoolError: the options do not fit the input.
    """
    return _shape(Filter(options, medium).layer(in_channels), in_channels, size)


def shape_on_file(name: str, given: Mapping[str, Any]) -> tuple[LayerShape, Medium]:
    """Return the shapes of a layer on the first part of a file, whose header is read; its medium.

    The length of audio and video is what the header states, which may be an estimate.

    Args:
        name: of the file.
        given: the options of the kernel and the layer, by name.

    Raises:
        ConvtoolError: the file cannot be read, or the options do not fit it.
    """
    with opened(name, ranged=True) as file:
        name = shown(name)
        medium = medium_of(name, file)
        options = medium.options(given)
        part = next(open_source(medium, file, name, options.reading).parts())
        layer = Filter(options, medium).layer_of(part)
        return _shape(layer, len(part.channels), part.size), medium
