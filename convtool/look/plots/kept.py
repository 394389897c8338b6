"""What all figures of a run take from its views: samples in units of 1, tiles, texts."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from convtool.layers.layer import Layer
from convtool.levels import LEAST_WEIGHT
from convtool.look.plots.colours import Scale
from convtool.look.plots.tiles import Tile, input_tiles, result_tiles
from convtool.look.witness import View
from convtool.media.contract import weighted
from convtool.outputs.targets import channel_names
from convtool.results.normalize import Mapping
from convtool.sizes import counted, size_text


def input_samples(view: View, samples: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return samples of an input in units of 1, and the opacity they were multiplied by, if any.

    Shape: (C, *S) → (C', *S), (*S) or None
    """
    values = samples.float() / view.work.seen.levels.scale
    if not weighted(view.work.seen):
        return values, None
    alpha = values[-1]
    return values[:-1] / alpha.clamp(min=LEAST_WEIGHT), alpha


def result_samples(view: View, samples: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return samples of a result in units of 1, and their opacity where that was filtered, too.

    Shape: (C, *S) → (C', *S), (*S) or None
    """
    values = samples.float() / view.work.encoding.levels.scale
    return (values[:-1], values[-1]) if weighted(view.work.seen) else (values, None)


def names(view: View) -> tuple[str, ...]:
    """Return the names of the input's channels, without alpha."""
    return view.work.part.channels


def tiles_before(view: View, samples: Tensor) -> list[Tile]:
    """Return the pictures of an input. Shape: (C, *S), in units of 1"""
    return input_tiles(names(view), _extremes(samples))


def tiles_after(view: View, samples: Tensor, single: str) -> list[Tile]:
    """Return the pictures of a result.

    Args:
        view: of the part.
        samples: of the result, in units of 1.
        single: the name of a channel that is made of all input channels.

    Shape: samples (C, *S)
    """
    extremes = [_extremes(channel) for channel in samples]
    return list(result_tiles(view.work.layer, names(view), single, mappings(view), extremes))


def mappings(view: View) -> list[Mapping]:
    """Return how responses became samples, per channel of the result."""
    return [view.normalizer.mapping(channel) for channel in range(view.work.layer.channels)]


def _extremes(samples: Tensor) -> tuple[float, float]:
    low, high = torch.aminmax(samples)
    return float(low), float(high)


def bars_text(scales: Iterable[Scale]) -> str:
    """Return what colour bars stand for, and the words at their ends, where they have some."""
    words = any(text.endswith((" black", " white")) for each in scales for _, text in each.ticks)
    ends = "; black and white: as the output shows them" if words else ""
    return f"colour bars: responses of the layer{ends}"


def layer_text(layer: Layer) -> str:
    """Return what a layer is, as PyTorch writes it, after the names of its kernels."""
    titles = [output.title for output in layer.outputs]
    few = titles if len(titles) <= 4 else [*titles[:3], f"{len(titles) - 3} more"]
    what = layer.conv if len(layer.steps) == 1 else counted(len(layer.steps), "step")
    return f"{', '.join(few)} · {what}"


def sizes_text(before: Sequence[int], after: Sequence[int]) -> str:
    """Return the sizes of an input and its result, as people write them: width first."""
    ways = [size_text(list(reversed(size))) for size in (before, after)]
    return " → ".join(ways)


def channel_word(name: str) -> str:
    """Return the name of a channel for people: a number alone could be anything.

    >>> channel_word("left"), channel_word("3")
    ('left', 'channel 3')
    """
    return f"channel {name}" if name.isdecimal() else name


def titles(layer: Layer, names: Sequence[str], single: str) -> list[tuple[str, int]]:
    """Return the name of each channel of a result, in the order of its kernels.

    Args:
        layer: that made it.
        names: of the input's channels, without alpha.
        single: the name of a channel that is made of all input channels.
    """
    return [
        (f"{output.title} · {channel_word(name)}", channel)
        for output in layer.outputs
        for name, channel in zip(channel_names(output, names, single), output.channels, strict=True)
    ]
