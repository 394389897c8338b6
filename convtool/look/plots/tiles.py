"""What is shown of an input and of a result: their channels as pictures, and in which colours.

Samples are drawn as they are stored; where a response stands for each stored number, scales say
which. Nothing is drawn here.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convtool.layers.layer import Layer
from convtool.look.plots.colours import BLACK_TO_WHITE, Scale, plain_scale
from convtool.look.plots.style import DIVERGING, number
from convtool.outputs.targets import channel_names
from convtool.results.normalize import Mapping


@dataclass(frozen=True)
class Tile:
    """One picture: a channel in grey or by a map, or three in colour.

    Attributes:
        title: what it shows.
        channels: of the input or the result.
        scale: its colours.
        detail: one of the channels that another picture shows together.
    """

    title: str
    channels: tuple[int, ...]
    scale: Scale = BLACK_TO_WHITE
    detail: bool = False


def input_tiles(names: Sequence[str], extremes: tuple[float, float]) -> list[Tile]:
    """Return the pictures of an input.

    Args:
        names: of its channels, without alpha.
        extremes: its smallest and largest sample, where 1 is white.
    """
    scale = BLACK_TO_WHITE
    if extremes[0] < 0 or extremes[1] > 1:
        scale = plain_scale(*extremes, "sample")
    if len(names) == 3 and not scale.ticks:
        return [Tile("input", (0, 1, 2))]
    if len(names) == 1:
        return [Tile("input", (0,), scale)]
    return [Tile(f"input {name}", (channel,), scale) for channel, name in enumerate(names)]


def result_tiles(
    layer: Layer,
    names: Sequence[str],
    single: str,
    mappings: Sequence[Mapping],
    extremes: Sequence[tuple[float, float]],
) -> Iterator[Tile]:
    """Yield the pictures of a result; responses on both sides of zero by a map around it, too.

    Args:
        layer: that made it.
        names: of the input's channels, without alpha.
        single: the name of a channel that is made of all input channels.
        mappings: how responses became samples, per channel of the result.
        extremes: the smallest and largest sample of each channel, where 1 is white.
    """
    for output in layer.outputs:
        channels = output.channels
        scales = [response_scale(mappings[each], extremes[each]) for each in channels]
        visible = all(_is_visible(extremes[channel]) for channel in channels)
        joined = output.natural and len(channels) == 3 and visible
        if joined:
            yield Tile(output.title, channels)
            if not any(scale.colours == DIVERGING for scale in scales):
                continue
        named = channel_names(output, names, single)
        for name, channel, scale in zip(named, channels, scales, strict=True):
            title = output.title if len(channels) == 1 else f"{output.title} {name}"
            yield Tile(title, (channel,), scale, joined)


def _is_visible(extremes: tuple[float, float]) -> bool:
    return extremes[0] >= 0 and extremes[1] <= 1


def response_scale(mapping: Mapping, extremes: tuple[float, float]) -> Scale:
    """Return the colours of a channel of a result.

    Args:
        mapping: how its responses became samples.
        extremes: its smallest and largest sample, where 1 is white.
    """
    if mapping.rule == "sigmoid":
        return _sigmoid_scale(extremes)
    if mapping.low is None or mapping.high is None:
        return BLACK_TO_WHITE if _is_visible(extremes) else plain_scale(*extremes, "response")
    low, high = mapping.low, mapping.high
    if high <= low:
        return BLACK_TO_WHITE
    ends = ((0.0, f"{number(low)} black"), (1.0, f"{number(high)} white"))
    if not low < 0 < high:
        return Scale(ticks=ends, label="response")
    zero, size = -low / (high - low), max(-low, high) / (high - low)
    ticks = (ends[0], (zero, "0"), ends[1])
    return Scale(zero - size, zero + size, DIVERGING, ticks, "response")


def _sigmoid_scale(extremes: tuple[float, float]) -> Scale:
    """Return the colours of sigmoids, with ticks at round responses, unevenly spaced."""
    size = max(abs(extremes[0] - 0.5), abs(extremes[1] - 0.5), 1e-3)
    most = math.log((0.5 + size) / max(0.5 - size, 1e-6))
    step = 10 ** math.floor(math.log10(most))
    step *= max(each for each in (1, 2, 5) if each * step <= most)
    responses = (-step, 0.0, step)
    ticks = tuple((1 / (1 + math.exp(-each)), number(each)) for each in responses)
    return Scale(0.5 - size, 0.5 + size, DIVERGING, ticks, "response")
