"""The normal equations of a system, added up block by block.

Each window is a row of numbers: its samples, a one for the bias, and the sample of AFTER. All that
least squares needs is the matrix of the sums of their products. It is held in float64, and nothing
of the windows is.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement, product

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from torch import Tensor

PRODUCTS = 2**22  # numbers that are multiplied at once
SPREAD = 8  # times the shifts: the samples of a piece whose spectrum is taken
LONG = 32  # taps from which on FFTs are faster than products, for one axis

Place = tuple[slice, ...]
Numbers = NDArray[np.float64]


class Sums:
    """The sums of the products of all numbers that belong to a window.

    Args:
        inputs: channels that a window has.
        size: its taps per axis.

    Attributes:
        products: those of the samples of windows, a one and the sample of AFTER, in this order.
            Shape: (W + 2, W + 2)
        clipped: windows that were left out.
    """

    def __init__(self, inputs: int, size: Sequence[int]) -> None:
        self._size = tuple(size)
        self.weights = inputs * math.prod(size)
        self.products = torch.zeros(self.weights + 2, self.weights + 2, dtype=torch.float64)
        self.clipped = 0

    @property
    def count(self) -> int:
        """The number of windows."""
        return round(float(self.products[self.weights, self.weights]))

    def add(self, before: Tensor, after: Tensor, kept: Tensor) -> None:
        """Add windows.

        Args:
            before: the samples that they lie on.
            after: one sample per window.
            kept: those that are not left out.

        Shape: (C, *(S + k - 1)), (*S), (*S); float64
        """
        left_out = int((~kept).sum())
        self.clipped += left_out
        if len(self._size) > 1 or self._size[0] < LONG:
            for place in _tiles(after.shape, PRODUCTS // (self.weights + 2)):
                self._multiply(before, after, kept, place)
            return
        few, sign = ~kept, -1.0
        if left_out > after.numel() / 2:
            few, sign = kept, 1.0
        else:
            self.products += torch.from_numpy(_by_fft(before.numpy(), after.numpy(), self._size[0]))
        for places in few.nonzero().flatten().split(max(1, PRODUCTS // (self.weights + 2))):
            columns = torch.arange(self._size[0])[:, None] + places
            rows = before[:, columns].reshape(self.weights, -1)
            table = torch.cat([rows, torch.ones(1, len(places)), after[places][None]])
            self.products.addmm_(table, table.T, alpha=sign)

    def _multiply(self, before: Tensor, after: Tensor, kept: Tensor, place: Place) -> None:
        """Add the windows of a tile."""
        wanted = after[place]
        table = torch.empty(self.weights + 2, wanted.numel(), dtype=torch.float64)
        taps = [range(k) for k in self._size]
        for row, (channel, *tap) in enumerate(product(range(len(before)), *taps)):
            moved = tuple(
                slice(part.start + at, part.stop + at) for part, at in zip(place, tap, strict=True)
            )
            table[row] = before[channel][moved].flatten()
        table[-2] = 1
        table[-1] = wanted.flatten()
        if not bool(kept[place].all()):
            table = table[:, kept[place].flatten()]
        self.products.addmm_(table, table.T)


def _tiles(size: Sequence[int], most: int) -> Iterator[Place]:
    """Yield places that together cover a size, each of at most so many positions if that can be."""
    if not size:
        yield ()
        return
    length, *rest = size
    step = max(1, most // math.prod(rest))
    for start in range(0, length, step):
        for others in _tiles(rest, most):
            yield slice(start, min(start + step, length)), *others


def _by_fft(before: Numbers, after: Numbers, taps: int) -> Numbers:
    """Return the sums of products of all windows along one axis, by FFT.

    The sum for the taps i and j differs from that for i - 1 and j - 1 by one product at each end,
    so that correlations of the first tap with all others are enough.

    Shape: (C, L + k - 1), (L) → (C·k + 2, C·k + 2)
    """
    length, channels = len(after), len(before)
    sums = np.empty((channels * taps + 2, channels * taps + 2))
    rows = [slice(channel * taps, (channel + 1) * taps) for channel in range(channels)]
    for one, other in combinations_with_replacement(range(channels), 2):
        x, y = before[one], before[other]
        block = sums[rows[one], rows[other]]
        block[0] = _correlation(x[:length], y)
        block[:, 0] = block[0] if one == other else _correlation(y[:length], x)
        for tap in range(1, taps):
            left, came = x[tap - 1], x[tap - 1 + length]
            block[tap, 1:] = block[tap - 1, :-1]
            block[tap, 1:] += came * y[length : length + taps - 1] - left * y[: taps - 1]
        sums[rows[other], rows[one]] = block.T
    for x, own in zip(before, rows, strict=True):
        passed = np.concatenate([[0.0], np.cumsum(x)])
        sums[own, -2] = sums[-2, own] = passed[length:] - passed[:taps]
        sums[own, -1] = sums[-1, own] = _correlation(after, x)
    sums[-2, -2] = length
    sums[-1, -1] = after @ after
    sums[-1, -2] = sums[-2, -1] = after.sum()
    return sums


def _correlation(first: Numbers, second: Numbers) -> Numbers:
    """Return the sums of the products of a signal and another, for each shift that fits.

    Their spectra are multiplied piece by piece, and added up before they are transformed back.

    Shape: (L), (L + k - 1) → (k)

    >>> _correlation(np.array([1.0, 2]), np.array([1.0, 2, 3, 4])).round(6)
    array([ 5.,  8., 11.])
    """
    shifts = len(second) - len(first) + 1
    step = SPREAD * shifts
    missing = -len(first) % step
    size = step + shifts - 1
    pieces = np.pad(first, (0, missing)).reshape(-1, step)
    others = sliding_window_view(np.pad(second, (0, missing)), size)[::step]
    spectra = np.fft.rfft(pieces, size).conj() * np.fft.rfft(others, size)
    sums: Numbers = np.fft.irfft(spectra.sum(0), size)[:shifts]
    return sums
