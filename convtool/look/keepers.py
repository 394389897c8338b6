"""Keep samples of a part while its blocks pass: exactly those of a region, or all of it reduced.

A keeper takes blocks in order. It copies what it keeps, and knows neither media nor files.
"""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional

from convtool.convolve.beyond import blanked
from convtool.padding import Mode, Modes


class Keeper(Protocol):
    """Somebody who is shown all blocks of a part, and keeps some of it."""

    def take(self, samples: Tensor, start: int) -> None:
        """Take the next block.

        Args:
            samples: as they are stored.
            start: the position of its first row, sample or frame.

        Shape: (C, L, *S)
        """


class Exact:
    """The samples at given positions of each axis, in any order, unchanged.

    Args:
        positions: for each axis, the positions wanted; PADDED gives the number that is added.
        modes: the padding mode of each axis, as `stored` has it; by default zeros.
    """

    def __init__(self, positions: Sequence[Tensor], modes: Modes | None = None) -> None:
        first, *self._others = positions
        self._axes = list(zip(positions, modes or (Mode(),) * len(positions), strict=True))
        # Ascending, so that a block finds its own without passing all; most are so already.
        self._sorted, self._places = first, torch.arange(len(first))
        if bool((first[1:] < first[:-1]).any()):
            self._sorted, self._places = first.sort()
        self._kept: Tensor | None = None
        self._dtype = torch.float32

    @property
    def complete(self) -> int:
        """The position of the leading axis behind which nothing is wanted."""
        return int(self._sorted[-1]) + 1

    @property
    def samples(self) -> Tensor | None:
        """Those kept so far. Shape: (C, *K)"""
        if self._kept is None:
            return None
        return blanked(self._kept.view(self._dtype), self._axes)

    def take(self, samples: Tensor, start: int) -> None:
        """Take the next block."""
        self._dtype = samples.dtype
        if samples.dtype == torch.uint16:  # for which torch lacks most operations
            samples = samples.view(torch.int16)
        if self._kept is None:
            size = [len(places) for places in (self._sorted, *self._others)]
            self._kept = samples.new_zeros(len(samples), *size)
        ends = torch.tensor([start, start + samples.shape[1]])
        begin, end = torch.searchsorted(self._sorted, ends).tolist()
        if begin == end:
            return
        found = samples.index_select(1, self._sorted[begin:end] - start)
        for axis, places in enumerate(self._others, 2):
            found = found.index_select(axis, places.clamp(min=0))
        self._kept.index_copy_(1, self._places[begin:end], found)


class Means:
    """The whole of a part with two axes, reduced to means of squares of `factor` samples.

    Args:
        size: height and width.
        limit: the most samples per axis that are kept.

    Attributes:
        factor: samples per mean, on each axis.
    """

    def __init__(self, size: Sequence[int], limit: int) -> None:
        self._size = tuple(size)
        self.factor = max(1, -(-max(size) // limit))
        self._sums: Tensor | None = None

    def take(self, samples: Tensor, start: int) -> None:
        """Take the next block."""
        rows = -(-self._size[0] // self.factor)
        if self._sums is None:
            self._sums = torch.zeros(len(samples), rows, samples.shape[2])
        places = torch.arange(start, start + samples.shape[1]) // self.factor
        self._sums.index_add_(1, places, samples.float())

    @property
    def samples(self) -> Tensor:
        """The means, in units of stored samples. Shape: (C, H', W')"""
        assert self._sums is not None
        height, width = self._size
        columns = torch.arange(width) // self.factor
        sums = self._sums.new_zeros(*self._sums.shape[:2], -(-width // self.factor))
        sums.index_add_(2, columns, self._sums)
        counts = torch.arange(height) // self.factor
        return sums / torch.outer(counts.bincount(), columns.bincount())


class Envelope:
    """The smallest and the largest sample of each bucket of a part with one axis: peaks stay.

    Args:
        length: samples of the part, which may be an estimate.
        buckets: the most that are kept.

    Attributes:
        factor: samples per bucket.
    """

    def __init__(self, length: int, buckets: int) -> None:
        self.factor = max(1, -(-length // buckets))
        self._lows: list[Tensor] = []
        self._highs: list[Tensor] = []
        self._rest: Tensor | None = None

    def take(self, samples: Tensor, start: int) -> None:
        """Take the next block."""
        del start  # blocks follow each other
        joined = samples if self._rest is None else torch.cat([self._rest, samples], 1)
        whole = joined.shape[1] // self.factor * self.factor
        if whole:
            buckets = joined[:, :whole].reshape(len(joined), -1, self.factor)
            self._lows.append(buckets.amin(2))
            self._highs.append(buckets.amax(2))
        self._rest = joined[:, whole:].clone()

    @property
    def samples(self) -> tuple[Tensor, Tensor]:
        """The smallest and the largest stored sample of each bucket. Shape: two of (C, B)"""
        lows, highs = list(self._lows), list(self._highs)
        if self._rest is not None and self._rest.shape[1]:
            lows.append(self._rest.amin(1, keepdim=True))
            highs.append(self._rest.amax(1, keepdim=True))
        return torch.cat(lows, 1), torch.cat(highs, 1)


class Frames:
    """Some frames of a part with three axes, evenly spread, each reduced, and the last one.

    How many there will be need not be known: where too many are kept, every second one goes.

    Args:
        most: the least that are kept, and half of the most.
        limit: the most samples per axis that are kept of each.
        first: frames before this one are passed over.
        step: of so many frames, one may be kept.
    """

    def __init__(self, most: int, limit: int, first: int = 0, step: int = 1) -> None:
        self._most, self._limit = most, limit
        self._first, self._step = first, step
        self._every = 1
        self._kept: dict[int, Tensor] = {}
        self._last: tuple[int, Tensor] | None = None

    def take(self, samples: Tensor, start: int) -> None:
        """Take the next block."""
        for place in range(samples.shape[1]):
            number, other = divmod(start + place - self._first, self._step)
            if other or number < 0:
                continue
            self._last = start + place, samples[:, place]
            if number % self._every == 0:
                self._kept[start + place] = reduced(samples[:, place], self._limit)
            if len(self._kept) > 2 * self._most:
                self._kept = dict(list(self._kept.items())[::2])
                self._every *= 2
        if self._last is not None:  # a block is not kept for its last frame
            self._last = self._last[0], self._last[1].clone()

    @property
    def _all(self) -> dict[int, Tensor]:
        if self._last is None or self._last[0] in self._kept:
            return self._kept
        place, frame = self._last
        return {**self._kept, place: reduced(frame, self._limit)}

    @property
    def positions(self) -> list[int]:
        """Those of the frames that are kept, ascending."""
        return list(self._all)

    @property
    def samples(self) -> Tensor:
        """The frames, in units of stored samples. Shape: (C, F, H', W')"""
        return torch.stack(list(self._all.values()), 1)


class Slice:
    """One row of each frame of a part with three axes, over time: an x-t slice.

    How many there will be need not be known: where too many are kept, every second one goes.

    Args:
        row: that is kept.
        limit: the most samples per row, and the least rows that are kept; half of the most.

    Attributes:
        every: of so many frames, one is kept.
    """

    def __init__(self, row: int, limit: int) -> None:
        self.row = row
        self.every = 1
        self._limit = limit
        self._kept: list[Tensor] = []

    def take(self, samples: Tensor, start: int) -> None:
        """Take the next block."""
        for place in range(samples.shape[1]):
            if (start + place) % self.every == 0:
                self._kept.append(reduced(samples[:, place, self.row : self.row + 1], self._limit))
            if len(self._kept) > 2 * self._limit:
                self._kept = self._kept[::2]
                self.every *= 2

    @property
    def samples(self) -> Tensor:
        """The rows, in units of stored samples. Shape: (C, T, W')"""
        return torch.cat(self._kept, 1)


def reduced(image: Tensor, limit: int) -> Tensor:
    """Return an image of at most `limit` samples per axis, each a mean of those in its place.

    Shape: (C, H, W) → (C, H', W'), of float32
    """
    height, width = image.shape[1:]
    share = min(1.0, limit / max(height, width))
    size = max(1, round(height * share)), max(1, round(width * share))
    if size == (height, width):
        return image.float().contiguous()
    return functional.interpolate(image[None].float(), size, mode="area")[0]
