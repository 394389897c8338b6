"""Lay a block out for an algorithm: joined, converted, padded and reordered in a single copy.

It must not compute on the samples; their values stay as they are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from convtool.convolve.beyond import fill, picked, sources
from convtool.padding import Mode, Modes


class Edge(NamedTuple):
    """An end of an axis that is filled from samples already laid out.

    Attributes:
        target: the end.
        source: the samples that it is a copy of.
        axis: along which they are picked.
        places: of those that are.
    """

    target: Tensor
    source: Tensor
    axis: int
    places: Tensor


class Stage:
    """Lays out blocks; views of the memory are kept, as most blocks are of the same size.

    Args:
        order: the order of a block's axes (C, *S) in memory.
        modes: what is added at the ends of each spatial axis, numbers in units of the samples.
        empty: returns memory of a size, in the type of the result; the same for the same size.
        slack: returns how many zeros must follow the last spatial axis, given its length.
    """

    def __init__(
        self,
        order: Sequence[int],
        modes: Modes,
        empty: Callable[[Sequence[int]], Tensor],
        slack: Callable[[int], int] = lambda width: 0,  # noqa: ARG005  # none, always
    ) -> None:
        self._order, self._modes, self._empty, self._slack = list(order), modes, empty, slack
        self._prepared_for: object = None
        self._staged: Tensor | None = None
        self._places: Sequence[Tensor] = ()
        self._edges: list[Edge] = []

    def __call__(self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> Tensor:
        """Return the padded block, its axes in the new order, contiguous; valid until the next one.

        Args:
            pieces: the block, channels first, in parts that follow each other along the leading
                spatial axis.
            pads: samples to add before and after on each spatial axis.

        Shape: (C, *S) → permuted, S' = before + S + after (+ slack)

        >>> import torch
        >>> Stage((0, 1), (Mode("reflect"),), torch.empty)([torch.tensor([[1, 2, 3, 4]])], [(2, 2)])
        tensor([[3., 2., 1., 2., 3., 4., 3., 2.]])
        """
        shapes = [piece.shape for piece in pieces], tuple(pads)
        if shapes != self._prepared_for:
            self._prepare(pieces, pads)
            self._prepared_for = shapes
        for piece, place in zip(pieces, self._places, strict=True):
            place.copy_(piece.squeeze(0))
        for target, source, axis, places in self._edges:
            target.copy_(picked(source, axis, places))
        assert self._staged is not None
        return self._staged

    def _prepare(self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> None:
        """Make the views that blocks like this one need, and write what stays as it is."""
        self._staged, self._places, self._edges = None, (), []  # free them before more is allocated
        bare = [sum(piece.shape[1] for piece in pieces), *pieces[0].shape[2:]]
        laid_out = self._memory(len(pieces[0]), bare, pads)
        inner = laid_out
        for axis, (before, _) in enumerate(pads, 1):
            inner = inner.narrow(axis, before, bare[axis - 1])
        parts = inner.split([piece.shape[1] for piece in pieces], 1)
        # copy_ would take the axis of a single channel for a matrix to be transposed
        self._places = [part.squeeze(0) for part in parts]
        for axis, (before, after) in enumerate(pads, 1):
            # axes before this one are complete by now, those after it still without their ends
            part = laid_out
            for later, (start, _) in enumerate(pads[axis:], axis + 1):
                part = part.narrow(later, start, bare[later - 1])
            end = before + bare[axis - 1]
            part.narrow(axis, end + after, part.shape[axis] - end - after).zero_()  # the slack
            self._edges += _edges(part, axis, (before, end), (before, after), self._modes[axis - 1])

    def _memory(
        self, channels: int, bare: Sequence[int], pads: Sequence[tuple[int, int]]
    ) -> Tensor:
        """Return the memory for a block, its axes in a block's own order."""
        padded = [n + before + after for n, (before, after) in zip(bare, pads, strict=True)]
        padded[-1] += self._slack(padded[-1])
        size = [channels, *padded]
        self._staged = self._empty([size[axis] for axis in self._order])
        return self._staged.permute([self._order.index(axis) for axis in range(len(size))])


def _edges(
    part: Tensor, axis: int, inner: tuple[int, int], pads: tuple[int, int], mode: Mode
) -> Iterator[Edge]:
    """Yield the ends of an axis that are copied from samples, and fill the others.

    Args:
        part: the memory.
        axis: of the ends.
        inner: where the samples begin and end.
        pads: the lengths of the ends.
        mode: what they hold.
    """
    (first, end), (before, after) = inner, pads
    length = end - first
    for start, count in ((0, before), (end, after)):
        if not count:
            continue
        target = part.narrow(axis, start, count)
        if mode.fills:
            fill(target, mode)
            continue
        places = sources(torch.arange(start, start + count) - first, length, mode)
        yield Edge(target, part.narrow(axis, first, length), axis, places.to(part.device))


def cut(pieces: Iterable[Tensor], axis: int, start: int, end: int) -> list[Tensor]:
    """Return the samples from `start` to `end` of pieces that follow each other along an axis.

    >>> import torch
    >>> cut([torch.arange(3), torch.arange(3, 5)], 0, 1, 4)
    [tensor([1, 2]), tensor([3])]
    """
    parts = []
    for piece in pieces:
        length = piece.shape[axis]
        first, last = max(0, start), min(length, end)
        if first < last:
            parts.append(piece.narrow(axis, first, last - first))
        start, end = start - length, end - length
    return parts


def halves(
    pieces: Sequence[Tensor], pads: tuple[int, int], extent: int, step: int
) -> list[tuple[list[Tensor], tuple[int, int]]]:
    """Return a block in two parts along its leading axis, each with what is to be added to it.

    Args:
        pieces: the block, of at least two outputs.
        pads: samples to add before and after.
        extent: samples that an output depends on.
        step: from one output to the next.

    >>> import torch
    >>> halves([torch.arange(5)[None]], (1, 1), 3, 1)
    [([tensor([[0, 1, 2]])], (1, 0)), ([tensor([[1, 2, 3, 4]])], (0, 1))]
    """
    length, (before, after) = sum(piece.shape[1] for piece in pieces), pads
    count = (before + length + after - extent) // step + 1
    parts = []
    for first, last in ((0, count // 2 - 1), (count // 2, count - 1)):
        start, end = first * step - before, last * step + extent - before
        inside = cut(pieces, 1, max(0, start), min(end, length))
        parts.append((inside, (max(0, -start), max(0, end - length))))
    return parts
