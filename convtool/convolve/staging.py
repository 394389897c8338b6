"""Lay a block out for an algorithm: joined, converted, padded and reordered in one copy.

It must not compute on the samples; their values stay as they are.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from torch import Tensor

# An end of an axis, what it is a copy of, and the axes on which that is flipped.
Edge = tuple[Tensor, Tensor, tuple[int, ...]]


class Stage:
    """Lays out blocks, mostly each as the one before, whose views of the memory it keeps.

    `zeros` 00|1234|00, `replicate` 11|1234|44, `reflect` 32|1234|32, `circular` 34|1234|12.

    Args:
        order: a block's axes (C, *S) as they shall follow each other in memory.
        mode: what is added at the ends.
        empty: returns memory of a size, of the type that is wanted, the same for the same size.
        room: returns how many zeros must follow the last spatial axis, of the length that it is given.
    """

    def __init__(
        self,
        order: Sequence[int],
        mode: str,
        empty: Callable[[Sequence[int]], Tensor],
        room: Callable[[int], int] = lambda width: 0,  # noqa: ARG005
    ) -> None:
        self._order, self._mode, self._empty, self._room = list(order), mode, empty, room
        self._seen: object = None
        self._staged: Tensor | None = None
        self._places: Sequence[Tensor] = ()
        self._edges: list[Edge] = []

    def __call__(self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> Tensor:
        """Return the padded block, its axes in the new order, contiguous, until the next one is laid out.

        Args:
            pieces: the block, channels first, in parts that follow each other on the leading spatial axis.
            pads: samples to add before and after on each spatial axis.

        Shape: (C, *S) → permuted, S' = before + S + after (+ room)

        >>> import torch
        >>> Stage((0, 1), "reflect", torch.empty)([torch.tensor([[1, 2, 3, 4]])], [(2, 2)])
        tensor([[3., 2., 1., 2., 3., 4., 3., 2.]])
        """
        seen = [piece.shape for piece in pieces], tuple(pads)
        if seen != self._seen:
            self._lay(pieces, pads)
            self._seen = seen
        for piece, place in zip(pieces, self._places, strict=True):
            place.copy_(piece.squeeze(0))
        for edge, source, flipped in self._edges:
            edge.copy_(source.flip(flipped) if flipped else source)
        assert self._staged is not None
        return self._staged

    def _lay(self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> None:
        """Make the views that blocks like this one need, and zero what stays zero."""
        self._staged, self._places, self._edges = (
            None,
            (),
            [],
        )  # what they hold goes before more is asked for
        axes = len(pads)
        bare = [sum(piece.shape[1] for piece in pieces), *pieces[0].shape[2:]]
        size = [
            len(pieces[0]),
            *(n + before + after for n, (before, after) in zip(bare, pads, strict=True)),
        ]
        size[axes] += self._room(size[axes])
        staged = self._staged = self._empty([size[axis] for axis in self._order])
        laid = staged.permute([self._order.index(axis) for axis in range(axes + 1)])
        inner = laid
        for axis, (before, _) in enumerate(pads, 1):
            inner = inner.narrow(axis, before, bare[axis - 1])
        # without the axis of a single channel, which copy_ would take for a matrix to be transposed
        self._places = [
            place.squeeze(0) for place in inner.split([piece.shape[1] for piece in pieces], 1)
        ]
        for axis, (before, after) in enumerate(pads, 1):
            part = laid  # what is laid out by now: whole axes before this one, bare ones after it
            for other, (start, _) in enumerate(pads[axis:], axis + 1):
                part = part.narrow(other, start, bare[other - 1])
            end = before + bare[axis - 1]
            part.narrow(axis, end + after, part.shape[axis] - end - after).zero_()
            self._edges += _edges(part, axis, before, end, after, self._mode)


def _edges(part: Tensor, axis: int, before: int, end: int, after: int, mode: str) -> Iterator[Edge]:
    """Yield the ends of an axis whose samples lie from `before` to `end`, or zero them where they stay so."""
    for start, count, near in ((0, before, before), (end, after, end - 1)):
        if not count:
            continue
        edge = part.narrow(axis, start, count)
        if mode == "zeros":
            edge.zero_()
        elif mode == "replicate":
            yield edge, part.narrow(axis, near, 1).expand_as(edge), ()
        elif mode == "reflect":
            yield (
                edge,
                part.narrow(axis, before + 1 if start == 0 else end - 1 - count, count),
                (axis,),
            )
        else:
            yield edge, part.narrow(axis, end - count if start == 0 else before, count), ()


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
