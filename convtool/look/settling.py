"""Hold what is exact of a part whose header states a wrong length: only reading to its end tells.

A region in the middle may turn out to lie behind the end. So its like at the start is kept beside
it, and the one that is right is chosen when the length is known.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from convtool.convolve.geometry import extent
from convtool.look.keepers import Exact
from convtool.look.region import Region, start
from convtool.look.witness import CROP, START, View
from convtool.padding import Modes
from convtool.run.around import added


def settled(view: View) -> View:
    """Return what was kept of a part, its region as the real length has it.

    It is without outputs that depend on the length that was assumed; where none are left, it lies
    at the start.
    """
    if view.region is None or view.read == view.work.part.size[0]:
        return view
    layer, region = view.work.layer, _untouched(view)
    if region is not None:
        places = view.region.part(region.origin, region.size, layer)
        cuts = zip(region.origin, view.region.origin, region.size, strict=True)
        outputs = [slice(first - mine, first - mine + count) for first, mine, count in cuts]
        return _with(view, region, _cut(view.padded, places), _cut(view.stored, outputs))
    before, after = view.before[START], view.after[START]
    assert isinstance(before, Exact)
    assert isinstance(after, Exact)
    assert before.samples is not None
    assert after.samples is not None
    region = _first(view)
    lines = [torch.arange(count) for count in before.samples.shape[2:]]
    padded = _picked(
        before.samples, [region.sources[0], *lines], added(view.work.layer, view.work.seen)
    )
    rows = [slice(first, first + count) for first, count in _ranges(region)]
    return _with(view, region, padded, _cut(after.samples, rows))


def _untouched(view: View) -> Region | None:
    """Return the region without outputs that depend on a length that turned out to be wrong."""
    assert view.region is not None
    layer, size = view.work.layer, view.work.part.size
    (before, _), step, covered = layer.ends[0], layer.conv.stride[0], extent(layer.conv)[0]
    wraps = layer.modes[0].name == "circular" or before >= min(view.read, size[0])
    first, *others = view.region.origin
    kept = [
        place
        for place in range(first, min(first + view.region.size[0], view.made))
        if place * step - before + covered <= view.read and (place * step >= before or not wraps)
    ]
    if not kept:
        return None
    return Region.of(layer, size, (kept[0], *others), (len(kept), *view.region.size[1:]))


def _first(view: View) -> Region:
    """Return the region at the start: behind what wraps around to the end, where that is far."""
    assert view.region is not None
    layer = view.work.layer
    size = (view.read, *view.work.part.size[1:])
    skipped, reach = start(view.region, layer)
    begin = skipped if view.read > reach else 0
    count = min(view.region.size[0], view.made - begin)
    return Region.of(layer, size, (begin, *view.region.origin[1:]), (count, *view.region.size[1:]))


def _ranges(region: Region) -> list[tuple[int, int]]:
    """Return which of the outputs that are kept at the start are those of a region."""
    return [(region.origin[0], region.size[0]), *((0, count) for count in region.size[1:])]


def _with(view: View, region: Region, padded: Exact, stored: Exact) -> View:
    before, after = {**view.before, CROP: padded}, {**view.after, CROP: stored}
    return replace(view, region=region, before=before, after=after)


def _cut(samples: Tensor, places: Sequence[slice]) -> Exact:
    return _picked(samples, [torch.arange(each.start, each.stop) for each in places])


def _picked(samples: Tensor, positions: Sequence[Tensor], modes: Modes | None = None) -> Exact:
    picked = Exact(positions, modes)
    picked.take(samples, 0)
    return picked
