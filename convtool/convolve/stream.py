"""Run a layer over the blocks of an input that may have no end.

The joined output equals the layer on the whole input. Blocks follow each other on the leading
spatial axis: rows of an image, samples of audio, frames of a video. Only that axis is handled
here; what happens inside a block is the engine's business, and no block is kept longer than its
last samples are needed.

    input     |--------|--------|-----|             blocks of any length
    padded  ++|--------|--------|-----|++           `beyond.padded`, by the padding mode
    windows [-----------)  [---------)  [----)      `_windows`, overlapping by the halo
    output    |-----|-----|---|                     one block per window, side by side
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from torch import Tensor

from convtool.block import AXIS, Block, Moment
from convtool.convolve import beyond
from convtool.convolve.staging import cut
from convtool.errors import LayerError
from convtool.levels import Levels
from convtool.sizes import Window

Run = Callable[[Sequence[Tensor], Sequence[tuple[int, int]]], Tensor]


class Stream:
    """A layer that takes a sequence of blocks for its input.

    Args:
        window: how its kernel moves over the input, and what is added around that, numbers in
            units of the samples.
        run: runs it on the pieces of a window, padded on all axes but the leading one.

    >>> import torch
    >>> from convtool.convolve import Convolution
    >>> from convtool.convolve.geometry import window
    >>> from convtool.levels import of
    >>> layer = torch.nn.Conv1d(1, 1, 3, padding=1)
    >>> stream = Stream(window(layer), Convolution(layer, (10,), of(torch.float32)))
    >>> sum(block.shape[2] for block in stream(torch.zeros(1, 1, 10).split(4, 2)))
    10
    """

    def __init__(self, window: Window, run: Run) -> None:
        self._run, self._mode = run, window.modes[0]
        self._extent, self._stride = window.extent[0], window.stride[0]
        (self._before, self._after), *rest = window.pads
        self._rest = [(0, 0), *rest]

    def __call__(self, blocks: Iterable[Tensor], *, last: Tensor | None = None) -> Iterator[Tensor]:
        """Yield the layer's output, block by block.

        Args:
            blocks: the input in order, at least one sample long together.
            last: the last samples of the input, as many as are added before the first, or all that
                there are, where the padding mode is `circular`, which begins with them.

        Shape: blocks (N, C, L, *S) → blocks (N, out, L', *S')

        Raises:
            LayerError: the input is too short for the kernel.
        """
        padded = beyond.padded(blocks, self._before, self._after, self._mode, last)
        empty = True
        for pieces in _windows(padded, self._extent, self._stride):
            empty = False
            yield self._run(pieces, self._rest)
        if empty:
            raise LayerError(f"the input ends before the kernel's extent of {self._extent} samples")

    def blocks(
        self, blocks: Iterable[Block], levels: Levels, *, last: Tensor | None = None
    ) -> Iterator[Block]:
        """Yield the layer's output as blocks that carry what belongs to them.

        Each output position has the time of the input position that it is centred on, and lasts
        as long as the positions up to the next. Company is passed on with the first output block
        after it was read; where none follows, in a block of length 0.

        Args:
            blocks: the input in order.
            levels: how the samples that `run` makes are stored.
            last: as above.

        Raises:
            LayerError: as above.
        """
        beside = _Beside(self._stride, (self._extent - 1) // 2 - self._before)
        result: Tensor | None = None
        for result in self(beside.tensors(blocks), last=last):
            times = beside.times(result.shape[AXIS])
            yield Block(result, levels, times, beside.company())
        rest = beside.company()
        if rest and result is not None:
            yield Block(result.narrow(AXIS, 0, 0), levels, beside.times(0), rest)


class _Beside:
    """What travels beside the samples of one pass over an input.

    Args:
        stride: input positions from one output to the next.
        first: the input position that the first output is centred on; negative where it lies in
            the padding.
    """

    def __init__(self, stride: int, first: int) -> None:
        self._stride, self._centre = stride, first
        self._times: deque[Moment] | None = None
        self._dropped = 0  # times that no output needs any more
        self._ended = False
        self._company: list[Any] = []

    def tensors(self, blocks: Iterable[Block]) -> Iterator[Tensor]:
        """Yield the samples of blocks, and keep what is beside them."""
        for block in blocks:
            self._company += block.company
            if block.times is not None:
                self._times = self._times if self._times is not None else deque()
                self._times += block.times
            if len(block):
                yield block.tensor
        self._ended = True

    def company(self) -> tuple[Any, ...]:
        """Return the company that has been read and not been returned yet."""
        company = tuple(self._company)
        self._company.clear()
        return company

    def times(self, count: int) -> tuple[Moment, ...] | None:
        """Return the times of the next `count` outputs, or None where the input has none."""
        return None if self._times is None else tuple(self._next(self._times) for _ in range(count))

    def _next(self, times: deque[Moment]) -> Moment:
        """Return the time of the next output: that of its centre, or of the nearest end."""
        index = max(0, self._centre)
        last = self._dropped + len(times) - 1
        if index > last and not self._ended:
            raise RuntimeError(f"the time of position {index} is needed before it has been read")
        index = min(index, last)
        while self._dropped < index:
            times.popleft()
            self._dropped += 1
        self._centre += self._stride
        return Moment(times[0].start, times[0].duration * self._stride)


def _windows(blocks: Iterable[Tensor], span: int, stride: int) -> Iterator[list[Tensor]]:
    """Yield the pieces of each window: all that has come, the halo of the next window held back."""
    held: list[Tensor] = []
    skip = 0  # samples between the last window and the next that no output depends on
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
