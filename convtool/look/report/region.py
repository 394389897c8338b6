"""Choose the part of a result that a page holds exactly: all of it, or a box within a budget.

It knows sizes only.
"""

import math
from collections.abc import Sequence

from convtool.convolve.geometry import extent
from convtool.layers.layer import Layer
from convtool.look.region import Region
from convtool.run.state import Work

BUDGETS = {1: 400_000, 2: 1_200_000, 3: 1_200_000}  # bytes of samples, by the number of axes
FRAMES = 8  # of a box of a video
WEIGHTS = 400_000  # of a layer whose outputs are all apart


def exact_region(work: Work) -> Region:
    """Return the region of a part that its page holds: in the middle of it."""
    layer, size = work.layer, work.part.size
    whole = layer.placement(size).size
    box = list(whole)
    if len(box) == 3:
        box[0] = min(box[0], FRAMES)
    before = len(work.seen.channels) * work.seen.levels.dtype.itemsize
    after = layer.channels * work.encoding.levels.dtype.itemsize
    budget = BUDGETS[len(box)]
    while _positions(layer, box) * before + math.prod(box) * after > budget and max(box) > 1:
        longest = box.index(max(box[-2:])) if len(box) < 3 else 1 + box[1:].index(max(box[1:]))
        box[longest] = max(1, int(box[longest] * 0.97))
    origin = [(n - count) // 2 for n, count in zip(whole, box, strict=True)]
    return Region.of(layer, size, origin, box)


def channels_held(layer: Layer) -> int:
    """Return how many channels of a result a page has: where there are many weights, the first."""
    conv = layer.conv
    if conv.groups > 1 or layer.channels != conv.out_channels:
        return layer.channels
    return min(layer.channels, max(1, WEIGHTS // conv.weight[0].numel()))


def _positions(layer: Layer, box: Sequence[int]) -> int:
    """Return the positions of padded input that a box of outputs depends on."""
    axes = zip(box, layer.conv.stride, extent(layer.conv), strict=True)
    return math.prod([(count - 1) * step + covered for count, step, covered in axes])
