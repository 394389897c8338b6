"""Run a layer over the blocks of an input that may have no end; the joined output equals the layer on the whole.

Blocks follow each other on the leading spatial axis: rows of a picture, samples of a sound, frames of a film.
Only that axis is handled here; what happens inside a block is `convolve`'s business, and no block is kept
longer than its last samples are needed.

    input     |--------|--------|-----|             blocks of any length
    padded  ++|--------|--------|-----|++           `_pad_ends`, by the layer's padding mode
    windows [-----------)  [---------)  [----)      `_windows`, overlapping by the halo
    output    |-----|-----|---|                     one block a window, side by side
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor

from convtool.convolve.geometry import Conv, Pads, ends, extent
from convtool.convolve.staging import cut
from convtool.errors import LayerError

Run = Callable[[Sequence[Tensor], Sequence[tuple[int, int]]], Tensor]

AXIS = 2  # the leading spatial axis of NCL, NCHW and NCDHW


class Stream:
    """A layer that takes a sequence of blocks for its input.

    Args:
        conv: the layer.
        run: runs it on the pieces of a window, padded on all axes but the leading one.
        pads: samples to add before and after on each axis, where not as the layer says.

    >>> from convtool.convolve import Convolution
    >>> from convtool.levels import of
    >>> layer = torch.nn.Conv1d(1, 1, 3, padding=1)
    >>> blocks = Stream(layer, Convolution(layer, (10,), of(torch.float32)))(torch.zeros(1, 1, 10).split(4, 2))
    >>> sum(block.shape[2] for block in blocks)
    10
    """

    def __init__(self, conv: Conv, run: Run, pads: Pads | None = None) -> None:
        self._conv = conv
        self._run = run
        (self._before, self._after), *rest = pads or ends(conv)
        self._rest = [(0, 0), *rest]

    def __call__(self, blocks: Iterable[Tensor], *, last: Tensor | None = None) -> Iterator[Tensor]:
        """Yield the layer's output, block by block.

        Args:
            blocks: the input in order, at least one sample long together.
            last: the last samples of the input, at least as many as are added before the first, where the padding
                mode is `circular`, which begins with them.

        Shape: blocks (N, C, L, *S) → blocks (N, out, L', *S')

        Raises:
            LayerError: the input is too short for the kernel or for its padding mode.
        """
        padded = _pad_ends(blocks, self._before, self._after, self._conv.padding_mode, last)
        empty = True
        for window in _windows(padded, extent(self._conv)[0], self._conv.stride[0]):
            empty = False
            yield self._run(window, self._rest)
        if empty:
            raise LayerError(
                f"the input ends before the kernel's span of {extent(self._conv)[0]} samples"
            )


def _pad_ends(
    blocks: Iterable[Tensor],
    before: int,
    after: int,
    mode: str,
    last: Tensor | None,
) -> Iterator[Tensor]:
    """Yield the blocks with `before` samples ahead of them and `after` behind."""
    blocks = iter(blocks)
    # reflect starts from the samples behind the first, circular ends with the first ones
    head = _take(blocks, {"reflect": before + 1, "circular": max(after, 1)}.get(mode, 1))
    length = head.shape[AXIS]
    if before:
        yield from torch.split(_start(head, before, mode, last), length, AXIS)
    yield head
    kept = head
    for block in blocks:
        yield block
        kept = block if block.shape[AXIS] > after else torch.cat([kept, block], AXIS)
        kept = kept.narrow(
            AXIS, max(0, kept.shape[AXIS] - after - 1), min(kept.shape[AXIS], after + 1)
        )
    if after:
        yield from torch.split(_end(head, kept, after, mode), length, AXIS)


def _take(blocks: Iterator[Tensor], length: int) -> Tensor:
    """Return the first blocks, joined until they hold `length` samples or there are no more."""
    taken: list[Tensor] = []
    while sum(block.shape[AXIS] for block in taken) < length:
        block = next(blocks, None)
        if block is None:
            break
        taken.append(block)
    if not sum(block.shape[AXIS] for block in taken):
        raise LayerError("the input has no samples")
    return torch.cat(taken, AXIS) if len(taken) > 1 else taken[0]


def _start(head: Tensor, before: int, mode: str, last: Tensor | None) -> Tensor:
    if mode == "reflect":
        return _need(head, before + 1, mode).narrow(AXIS, 1, before).flip(AXIS)
    if mode == "circular":
        if last is None:
            raise TypeError(
                "padding mode 'circular' begins with the input's last samples: pass them"
            )
        last = _need(last, before, mode)
        return last.narrow(AXIS, last.shape[AXIS] - before, before)
    return _repeat(head.narrow(AXIS, 0, 1), before, mode)


def _end(head: Tensor, last: Tensor, after: int, mode: str) -> Tensor:
    length = last.shape[AXIS]
    if mode == "reflect":
        return _need(last, after + 1, mode).narrow(AXIS, length - after - 1, after).flip(AXIS)
    if mode == "circular":
        return _need(head, after, mode).narrow(AXIS, 0, after)
    return _repeat(last.narrow(AXIS, length - 1, 1), after, mode)


def _repeat(edge: Tensor, count: int, mode: str) -> Tensor:
    shape = [-1] * edge.ndim
    shape[AXIS] = count
    return edge.expand(shape) if mode == "replicate" else torch.zeros_like(edge).expand(shape)


def _need(samples: Tensor, length: int, mode: str) -> Tensor:
    if samples.shape[AXIS] < length:
        raise LayerError(
            f"padding mode '{mode}' needs {length} samples, the input has {samples.shape[AXIS]}"
        )
    return samples


def _windows(blocks: Iterable[Tensor], span: int, stride: int) -> Iterator[list[Tensor]]:
    """Yield what each run of the kernel looks at, in pieces: all that is there, the next one's halo kept back."""
    held: list[Tensor] = []
    skip = 0  # samples between the kernel's last place and its next that nothing looks at
    for block in blocks:
        dropped = min(skip, block.shape[AXIS])
        skip -= dropped
        if dropped < block.shape[AXIS]:
            held.append(block.narrow(AXIS, dropped, block.shape[AXIS] - dropped))
        length = sum(piece.shape[AXIS] for piece in held)
        count = (length - span) // stride + 1
        if count <= 0:
            continue
        yield cut(held, AXIS, 0, (count - 1) * stride + span)
        dropped = min(count * stride, length)
        skip = count * stride - dropped
        held = cut(held, AXIS, dropped, length)
