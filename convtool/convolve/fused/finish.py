"""How the kernel finishes a sum, in the shortest way that makes the same byte."""

import functools
from dataclasses import dataclass

import numpy as np
import torch

from convtool.convolve.pointwise import Pointwise
from convtool.levels import UINT8, to_levels

HALF = 32_000.0  # results up to here fit the half of a register, rounded


@dataclass(frozen=True)
class Finish:
    """How the kernel finishes a sum.

    Attributes:
        magnitude: its size is taken.
        how: 0 as it is, 1 by a multiply-add with `scale` and `low`, 2 by the formula.
        low, scale, width, inverse: the numbers of either.
        within: results fit the half of a register.
    """

    magnitude: bool = False
    how: int = 0
    low: float = 0.0
    scale: float = 1.0
    width: float = 1.0
    inverse: float = 1.0
    within: bool = False


@functools.lru_cache(maxsize=64)
def finish_of(told: Pointwise, largest: float, *, whole: bool) -> Finish:
    """Return how sums are finished.

    A multiply-add takes the place of the formula where it makes the same byte of every whole sum,
    all of which are tried. Other sums are rounded anyway.

    Args:
        told: what the epilogue does.
        largest: the size of the largest sum.
        whole: sums are whole numbers of 16 bits.
    """
    factor = np.float32(told.scale / told.width)
    offset = np.float32(-told.low * told.scale / told.width)
    ends = [abs(end * float(factor) + float(offset)) for end in (-largest, largest)]
    within = max(ends) < HALF
    if not told.scales:
        return Finish(told.magnitude, within=within)
    if not whole or _is_same(told, float(factor), float(offset), int(largest)):
        return Finish(told.magnitude, 1, float(offset), float(factor), within=within)
    inverse = float(np.float32(1) / np.float32(told.width))
    return Finish(told.magnitude, 2, told.low, told.scale, told.width, inverse, within)


def _is_same(told: Pointwise, factor: float, offset: float, largest: int) -> bool:
    """Return whether a multiply-add makes the bytes of the formula of all whole sums.

    Products are exact in float64. Where their sums with the offset are as well, rounding them to
    float32 once is what a multiply-add does.
    """
    sums = torch.arange(0 if told.magnitude else -largest, largest + 1, dtype=torch.float64)
    width = torch.tensor(told.width)
    formula = sums.float().sub_(told.low).mul_(told.scale).div_(width[None])
    products = sums * factor
    totals = products + offset
    lost = (products - (totals - (totals - products))) + (offset - (totals - products))
    if bool(lost.any()):
        return False
    return torch.equal(to_levels(formula, UINT8), to_levels(totals.float(), UINT8))
