"""Measure responses, block by block: their extremes, and percentiles of their sizes.

The blocks may come in any order and from any device, and nothing of them is kept.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

DIGITS = 11  # binary digits by which sizes are told apart: percentiles are exact within 1/2048
_DROPPED = 23 - DIGITS  # of the 23 digits that a float32 has after its first
_SIGN = 2**31 - 1  # all bits but the sign
_PIECE = 2**20  # responses that are counted at once

Limits = tuple[list[float], list[float]]
Counts = dict[float, list[int]]


@dataclass(frozen=True)
class Found:
    """What was found in a part of all responses: numbers, which add up to those of the whole.

    Attributes:
        extremes: the smallest and the largest response of each channel.
        sizes: how many have which size, of each group of channels that is measured so.
    """

    extremes: Limits | None
    sizes: list[Counts]


class Extremes:
    """The smallest and the largest response of each channel."""

    def __init__(self) -> None:
        self._found: tuple[Tensor, Tensor] | None = None

    def add(self, block: Tensor, unit: float) -> None:
        """Take a block into account.

        Args:
            block: responses.
            unit: the response that stands for 1.

        Shape: (N, C, *S)
        """
        low, high = extremes(block)
        self._join(low / unit, high / unit)

    def _join(self, low: Tensor, high: Tensor) -> None:
        if self._found is not None:
            low, high = torch.minimum(low, self._found[0]), torch.maximum(high, self._found[1])
        self._found = low, high

    @property
    def found(self) -> Limits | None:
        """The smallest and the largest response of each channel; None where there was none."""
        if self._found is None:
            return None
        low, high = self._found
        return low.tolist(), high.tolist()

    def take(self, found: Limits | None) -> None:
        """Take what was found elsewhere into account."""
        if found is not None:
            low, high = (torch.tensor(limits, dtype=torch.float64) for limits in found)
            self._join(low, high)

    def limits(self, channels: Sequence[int]) -> tuple[float, float]:
        """Return the smallest and the largest response of some channels together."""
        assert self._found is not None
        low, high = (limit[list(channels)].cpu() for limit in self._found)
        return float(low.min()), float(high.max())


class Sizes:
    """How many responses have which size |y|: a histogram over the digits of their floats.

    A bin holds the sizes of the same leading binary digits, so that its width is a 2048th of its
    place, or less. Whole numbers below 4096 have a bin each. Counts do not depend on the order of
    blocks, threads and devices.

    Args:
        least: sizes below it are not told apart; 0 tells all apart.
    """

    def __init__(self, least: float) -> None:
        self._least = least
        self._counts: dict[float, Tensor] = {}  # by unit

    def add(self, block: Tensor, unit: float) -> None:
        """Take a block into account.

        Args:
            block: responses.
            unit: the response that stands for 1.

        Shape: any
        """
        first = self._first(unit)
        for piece in _flat(block).split(_PIECE):
            digits = piece.float().view(torch.int32)
            bins = digits.bitwise_and(_SIGN).bitwise_right_shift_(_DROPPED)
            self._count(torch.bincount(bins.sub_(first).clamp_(min=0)).cpu(), unit)

    def _count(self, counts: Tensor, unit: float) -> None:
        before = self._counts.get(unit, counts[:0])
        longer, shorter = sorted([counts, before], key=len, reverse=True)
        longer[: len(shorter)] += shorter
        self._counts[unit] = longer

    @property
    def found(self) -> Counts:
        """How many responses are in each bin, by their unit."""
        return {unit: counts.tolist() for unit, counts in self._counts.items()}

    def take(self, found: Counts) -> None:
        """Take what was found elsewhere, with the same least size, into account."""
        for unit, counts in found.items():
            self._count(torch.tensor(counts), unit)

    def percentile(self, percent: float) -> float:
        """Return the size that `percent` of all responses do not exceed, at least the least one.

        It is at most 1/2048 of its value too small, and exact for whole numbers below 4096.

        Args:
            percent: above 0, up to 100.
        """
        places = torch.cat([self._places(unit) for unit in self._counts])
        counts = torch.cat(list(self._counts.values()))
        places, order = places.sort()
        reached = counts[order].cumsum(0)
        wanted = max(1, math.ceil(percent / 100 * int(reached[-1])))
        place = places[int(torch.searchsorted(reached, wanted))]
        return max(float(place), self._least)

    def _first(self, unit: float) -> int:
        """Return the number of the bin of the least size, which is the first."""
        least = torch.tensor(self._least * unit, dtype=torch.float32)
        return int(least.view(torch.int32)) >> _DROPPED

    def _places(self, unit: float) -> Tensor:
        """Return the smallest size of each bin, where 1 is 1."""
        numbers = torch.arange(len(self._counts[unit]), dtype=torch.int32) + self._first(unit)
        return numbers.bitwise_left_shift_(_DROPPED).view(torch.float32).double() / unit


def _flat(block: Tensor) -> Tensor:
    """Return all numbers of a block in a row, in the order of memory where that is simple."""
    last = block.movedim(1, -1)
    return (last if last.is_contiguous() else block).flatten()


def extremes(block: Tensor) -> tuple[Tensor, Tensor]:
    """Return the smallest and the largest value of each channel.

    It goes along memory where channels are innermost.

    Shape: (N, C, *S) → two tensors (C,) of float64
    """
    channels = block.shape[1]
    last = block.movedim(1, -1)
    if not last.is_contiguous():
        low, high = torch.aminmax(block.transpose(0, 1).flatten(1), dim=1)
        return low.double(), high.double()
    rows = last.reshape(-1, last.shape[-2] * channels)
    low = rows.amin(0).reshape(-1, channels).amin(0)
    high = rows.amax(0).reshape(-1, channels).amax(0)
    return low.double(), high.double()
