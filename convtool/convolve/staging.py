"""Lay a block out for an algorithm: joined, converted, padded and reordered in one copy.

It must not compute on the samples; their values stay as they are.
"""

from collections.abc import Callable, Iterable, Sequence

from torch import Tensor


def stage(
    pieces: Sequence[Tensor],
    order: Sequence[int],
    pads: Sequence[tuple[int, int]],
    mode: str,
    empty: Callable[[Sequence[int]], Tensor],
    room: Callable[[int], int] = lambda width: 0,  # noqa: ARG005
) -> Tensor:
    """Return the padded block, its axes in a new order, contiguous.

    `zeros` 00|1234|00, `replicate` 11|1234|44, `reflect` 32|1234|32, `circular` 34|1234|12.

    Args:
        pieces: the block, channels first, in parts that follow each other on the leading spatial axis.
        order: its axes as they shall follow each other in memory.
        pads: samples to add before and after on each spatial axis.
        mode: what is added.
        empty: returns memory of a size, of the type that is wanted.
        room: returns how many zeros must follow the last spatial axis, of the length that it is given.

    Shape: (C, *S) → permuted, S' = before + S + after (+ room)

    >>> import torch
    >>> stage([torch.tensor([[1, 2, 3, 4]])], (0, 1), [(2, 2)], "reflect", torch.empty)
    tensor([[3., 2., 1., 2., 3., 4., 3., 2.]])
    """
    axes = len(pads)
    bare = [sum(piece.shape[1] for piece in pieces), *pieces[0].shape[2:]]
    size = [len(pieces[0]), *(n + before + after for n, (before, after) in zip(bare, pads, strict=True))]
    size[axes] += room(size[axes])
    staged = empty([size[axis] for axis in order])
    laid = staged.permute([list(order).index(axis) for axis in range(axes + 1)])
    inner = laid
    for axis, (before, _) in enumerate(pads, 1):
        inner = inner.narrow(axis, before, bare[axis - 1])
    for piece, place in zip(pieces, inner.split([piece.shape[1] for piece in pieces], 1), strict=True):
        place.copy_(piece)
    for axis, (before, after) in enumerate(pads, 1):
        part = laid  # what is laid out by now: whole axes before this one, bare ones after it
        for other, (start, _) in enumerate(pads[axis:], axis + 1):
            part = part.narrow(other, start, bare[other - 1])
        _extend(part, axis, before, bare[axis - 1], after, mode)
    return staged


def _extend(part: Tensor, axis: int, before: int, length: int, after: int, mode: str) -> None:
    """Fill an axis of `part` before and after the `length` samples that are there."""
    end = before + length
    rest = part.shape[axis] - end - after
    if rest:
        part.narrow(axis, end + after, rest).zero_()
    for start, count, near in ((0, before, before), (end, after, end - 1)):
        if not count:
            continue
        target = part.narrow(axis, start, count)
        if mode == "zeros":
            target.zero_()
        elif mode == "replicate":
            target.copy_(part.narrow(axis, near, 1).expand_as(target))
        elif mode == "reflect":
            target.copy_(part.narrow(axis, before + 1 if start == 0 else end - 1 - count, count).flip(axis))
        else:
            target.copy_(part.narrow(axis, end - count if start == 0 else before, count))


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
