"""What weights amount to: whether they reach beyond a sample, whether they are a mean."""

import torch
from torch import Tensor

from convtool.convolve.geometry import Conv

MEAN_ERROR = 1e-4  # by which the weights of a mean may miss a sum of 1, rounded to float32


def reaches_neighbours(weight: Tensor) -> bool:
    """Return whether one is not zero beside the middle tap. Shape: (out, in/groups, *K)"""
    middle = weight
    for taps in weight.shape[2:]:
        middle = middle.select(2, (taps - 1) // 2)
    return bool(torch.count_nonzero(weight) > torch.count_nonzero(middle))


def is_mean(conv: Conv) -> bool:
    """Return whether each channel of a layer becomes a weighted mean of its own samples."""
    if not conv.groups == conv.in_channels == conv.out_channels:
        return False
    if conv.bias is not None and bool(conv.bias.any()):
        return False
    totals = conv.weight.flatten(1).sum(1, dtype=torch.float64)
    return bool((conv.weight >= 0).all()) and bool(((totals - 1).abs() < MEAN_ERROR).all())
