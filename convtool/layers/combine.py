"""Fold the responses of a bank of kernels into one: magnitude, max, sum, mean.

It works on the raw float results of a layer; how they become visible is decided later.
"""

from collections.abc import Callable
from functools import reduce

import torch
from torch import Tensor

from convtool.options.settings import Combine

# Each takes the responses and the axis to fold. They go response by response: torch's own reductions, over an axis
# of two or three that lies anywhere in memory, take up to a hundred times as long.
COMBINES: dict[Combine, Callable[[Tensor, int], Tensor]] = {
    "magnitude": lambda responses, axis: reduce(
        torch.hypot, responses.unbind(axis)[1:], responses.select(axis, 0).abs()
    ),
    "max": lambda responses, axis: reduce(torch.maximum, responses.unbind(axis)),
    "sum": lambda responses, axis: reduce(torch.add, responses.unbind(axis)),
    "mean": lambda responses, axis: (
        reduce(torch.add, responses.unbind(axis)) / responses.shape[axis]
    ),
}


def combine_reach(how: Combine, ends: Tensor) -> Tensor:
    """Return the range of the folded responses from the ranges of each.

    Args:
        how: the name of the fold.
        ends: the smallest and largest response of each kernel.

    Shape: (2, G, M) → (2, G)
    """
    if how != "magnitude":
        return COMBINES[how](ends, 2)
    low, high = ends
    nearest = torch.where((low <= 0) & (high >= 0), 0.0, ends.abs().amin(0))
    return COMBINES[how](torch.stack([nearest, ends.abs().amax(0)]), 2)
