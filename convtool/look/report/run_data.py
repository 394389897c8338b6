"""What the script knows of a run: the layer, the mapping, and the samples of one region, exactly.

Samples and weights are those of the run; nothing is worked out here.
"""

from typing import Any

import torch
from torch import Tensor

from convtool.convolve.geometry import extent
from convtool.layers.layer import Layer
from convtool.levels import Levels
from convtool.look.report.packed import bytes_of, packed, picture
from convtool.look.report.pytorch import of_one_group
from convtool.look.report.shown import Shown
from convtool.look.report.stage import file_data
from convtool.look.witness import View
from convtool.media.contract import weighted
from convtool.outputs.targets import channel_names
from convtool.padding import text_of

PICTURE = 1024  # pixels per axis of an overview
PICTURES = 8  # channels that have one
Data = dict[str, Any]


def run_data(shown: Shown) -> Data:
    """Return what the script knows of a run."""
    view = shown.view
    padded, stored = exact(shown)
    return {
        "medium": shown.medium.name,
        "dims": shown.medium.dims,
        "rate": view.work.part.rate,
        "layer": layer_data(shown),
        "size": list(shown.size),
        "outputSize": list(shown.output_size),
        "region": _region_data(shown),
        "padded": packed(padded),
        "stored": packed(stored),
        "levels": _levels_data(view.work.seen.levels),
        "storedLevels": _levels_data(view.work.encoding.levels),
        "shown": shown_range(view.work.seen.levels, padded),
        "storedShown": shown_range(view.work.encoding.levels, stored),
        "inputs": list(view.work.seen.channels),
        "outputs": _outputs(shown),
        "mappings": [_mapping(view, channel) for channel in range(shown.channels)],
        "weighted": weighted(view.work.seen),
        "overview": _overviews(shown, padded, stored),
        "file": file_data(shown),
    }


def exact(shown: Shown) -> tuple[Tensor, Tensor]:
    """Return the samples of the region: of the padded input, and of the result."""
    view, held = shown.view, shown.region
    assert view.region is not None
    places = view.region.part(held.origin, held.size, view.work.layer)
    outputs = tuple(
        slice(first - start, first - start + count)
        for first, start, count in zip(held.origin, view.region.origin, held.size, strict=True)
    )
    # all that there are, an opacity that follows them included, or the first
    channels = None if shown.channels == view.work.layer.channels else shown.channels
    return view.padded[(slice(None), *places)], view.stored[(slice(channels), *outputs)]


def layer_data(shown: Shown) -> Data:
    """Return the layer that ran: its geometry, its weights, and how its outputs are folded.

    Weights that all groups have are there once.
    """
    view, layer = shown.view, shown.view.work.layer
    conv, weight, bias = layer.conv, layer.conv.weight, layer.conv.bias
    groups = conv.groups
    if weighted(view.work.seen):  # alpha is one more group, with the same kernel
        weight = torch.cat([weight, weight[:1]])
        bias = None if bias is None else torch.cat([bias, bias[:1]])
        groups += 1
    if shown.channels < layer.channels:
        weight = weight[: shown.channels]
        bias = None if bias is None else bias[: shown.channels]
    weight, repeats = of_one_group(weight, groups)
    return {
        "kernel": list(conv.kernel_size),
        "stride": list(conv.stride),
        "dilation": list(conv.dilation),
        "extent": list(extent(conv)),
        "before": [before for before, _ in layer.ends],
        "after": [after for _, after in layer.ends],
        "mode": text_of(layer.modes),
        "groups": groups,
        "weight": packed(weight),
        "repeats": repeats,
        "bias": None if bias is None else packed(bias),
        "folds": [[count, how] for count, how in layer.folds],
        "combine": layer.combine,
    }


def _region_data(shown: Shown) -> Data:
    size = shown.region.size
    return {
        "origin": list(shown.region.origin),
        "size": list(size),
        "whole": size == shown.output_size,
    }


def _levels_data(levels: Levels) -> Data:
    return {
        "name": str(levels),
        "scale": levels.scale,
        "low": levels.low,
        "high": levels.high,
        "signed": levels.signed,
        "floats": levels.floats,
    }


def shown_range(levels: Levels, samples: Tensor) -> tuple[float, float]:
    """Return the numbers that are drawn as black and white, where 1 is 1.

    Floats beyond 0…1 are all drawn: their range is that of the samples.
    """
    if levels.signed:
        return -1.0, 1.0
    if not levels.floats:
        return 0.0, 1.0
    low, high = (float(limit) for limit in torch.aminmax(samples))
    return min(0.0, low), max(1.0, high)


def _outputs(shown: Shown) -> list[Data]:
    """Return the outputs of the layer that are shown, with the names of their channels."""
    inputs, single = shown.view.work.part.channels, shown.medium.single
    found = []
    for output in shown.view.work.layer.outputs:
        channels = [channel for channel in output.channels if channel < shown.channels]
        names = channel_names(output, inputs, single)[: len(channels)]
        found.append(
            {
                "label": output.label,
                "title": output.title,
                "channels": channels,
                "names": list(names),
                "natural": output.natural and len(channels) == len(output.channels),
                "random": output.random,
            }
        )
    return [output for output in found if output["channels"]]


def _mapping(view: View, channel: int) -> Data:
    mapping = view.normalizer.mapping(channel)
    return {
        "rule": mapping.rule,
        "low": mapping.low,
        "high": mapping.high,
        "centred": mapping.centred,
        "clipped": mapping.clipped,
    }


def _overviews(shown: Shown, padded: Tensor, stored: Tensor) -> Data | None:
    """Return pictures of the whole input and its result; None where the region is all of it."""
    view = shown.view
    if shown.region.size == shown.output_size or "overview" not in view.before:
        return None
    before = view.before["overview"].samples  # type: ignore[attr-defined]  # of an image
    after = view.after["overview"].samples  # type: ignore[attr-defined]
    seen, encoding = view.work.seen.levels, view.work.encoding.levels
    source = bytes_of(before, seen, shown_range(seen, padded))
    result = bytes_of(after, encoding, shown_range(encoding, stored))
    colours = source[:3] if len(source) >= 3 else source[:1]
    return {
        "before": picture(colours, PICTURE),
        "after": _pictures(view.work.layer, result),
    }


def _pictures(layer: Layer, result: Any) -> Data:
    """Return a picture for each output in colour, and for each channel of others."""
    found = {}
    for output in layer.outputs:
        channels = list(output.channels)
        if output.natural and len(channels) == 3:
            found[str(channels[0])] = picture(result[channels], PICTURE)
            continue
        for channel in channels:
            found[str(channel)] = picture(result[[channel]], PICTURE)
    return dict(list(found.items())[:PICTURES])
