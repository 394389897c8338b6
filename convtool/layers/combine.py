"""Fold the responses of a bank of kernels into one: magnitude, max, sum, mean.

It works on the raw responses of a layer; how they become visible is decided later.
"""

from collections.abc import Callable, Sequence
from functools import reduce

import torch
from torch import Tensor

from convtool.options.kernel import Combine


def _magnitude(responses: Sequence[Tensor]) -> Tensor:
    first, *others = responses
    return reduce(torch.hypot, others, first.abs())


def _mean(responses: Sequence[Tensor]) -> Tensor:
    return reduce(torch.add, responses) / len(responses)


# They go response by response: torch's own reductions, over an axis of two or three that lies
# anywhere in memory, take up to a hundred times as long.
_FOLDS: dict[Combine, Callable[[Sequence[Tensor]], Tensor]] = {
    "magnitude": _magnitude,
    "max": lambda responses: reduce(torch.maximum, responses),
    "sum": lambda responses: reduce(torch.add, responses),
    "mean": _mean,
}


def combined(how: Combine, responses: Tensor, axis: int) -> Tensor:
    """Return responses folded along an axis.

    >>> combined("magnitude", torch.tensor([[3.0, 0.0], [4.0, 2.0]]), 0)
    tensor([5., 2.])
    """
    return _FOLDS[how](responses.unbind(axis))


def combined_range(how: Combine, limits: Tensor) -> Tensor:
    """Return the range of the folded responses from the range of each.

    Args:
        how: the name of the fold.
        limits: the smallest and largest response of each kernel.

    Shape: (2, G, M) → (2, G)
    """
    if how != "magnitude":
        return combined(how, limits, 2)
    low, high = limits
    sizes = limits.abs()
    nearest = torch.where((low <= 0) & (high >= 0), 0.0, sizes.amin(0))
    return combined(how, torch.stack([nearest, sizes.amax(0)]), 2)
