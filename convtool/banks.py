"""Fold the responses of a bank of kernels into one: magnitude, max, sum, mean.

It works on the raw float results of a layer; how they become visible is decided later.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from convtool.settings import Combine

# Each takes the responses and the axis to fold.
COMBINES: dict[Combine, Callable[[Tensor, int], Tensor]] = {
    "magnitude": lambda responses, axis: torch.linalg.vector_norm(responses, dim=axis),
    "max": lambda responses, axis: responses.amax(axis),
    "sum": lambda responses, axis: responses.sum(axis),
    "mean": lambda responses, axis: responses.mean(axis),
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
