"""Run a convolution layer on blocks of samples; equals the layer's own forward.

It must not know where a block came from: `stream` cuts blocks and pads the axis they follow each other on.
"""

import math
from collections.abc import Callable, Sequence
from functools import cached_property

import torch
from torch import Tensor

from convtool.convolve.buffers import Buffers
from convtool.convolve.direct import DirectRunner
from convtool.convolve.geometry import Conv, ends, output_size, padded_size
from convtool.convolve.plan import choose
from convtool.convolve.planes import Planes
from convtool.convolve.problem import read
from convtool.convolve.staging import cut
from convtool.errors import LimitError
from convtool.levels import Levels, of

COPIES = 3  # of a block's samples: what it is laid out in, what is between two passes, their sums
SPECTRA = 3  # copies of a large kernel's spectrum, which is made in float64

Finish = Callable[[Tensor], Tensor]


class Convolution:
    """A layer made ready for blocks of one size and type.

    Results are in the units of the samples: where a stored 255 stands for 1, a sum of 510 stands for 2.

    Args:
        conv: the layer.
        size: the whole input's spatial size.
        stored: how its samples are stored.
        algorithm: how to run it; `auto` plans by cost.
        dtype: of the arithmetic; None for the layer's own, exact where all numbers are whole.
        device: where blocks will be.
        compiled: compile shifted multiply-adds; that takes seconds, once.
    """

    def __init__(
        self,
        conv: Conv,
        size: Sequence[int],
        stored: Levels,
        *,
        algorithm: str = "auto",
        dtype: torch.dtype | None = None,
        device: torch.device | None = None,
        compiled: bool = False,
    ) -> None:
        self.device = device = device or conv.weight.device
        self._conv, self._problem = conv, read(conv)
        self._size, self._padded = size, padded_size(conv, size)
        self.plan = choose(
            self._problem,
            self._padded,
            stored=stored,
            dtype=dtype or conv.weight.dtype,
            device=device.type,
            algorithm=algorithm,
            compiled=compiled,
        )
        bias = self._problem.bias * stored.scale
        self._bias = None
        if bool(bias.any()):
            self._bias = bias.to(device, self.plan.dtype).reshape(
                *bias.shape, *(1,) * self._problem.dims
            )
        self._buffers = Buffers(device)

    @cached_property
    def _run(self) -> "Planes | DirectRunner":
        """What is made of the plan when the first block comes, or smaller ones must do; it may take memory."""
        runner = DirectRunner if self.plan.algorithm == "direct" else Planes
        return runner(self._problem, self.plan, self._buffers, self._conv.padding_mode)

    @property
    def length(self) -> int:
        """How long blocks of the input should be along the leading axis."""
        return self.plan.length * self._problem.stride[0]

    @property
    def memory(self) -> int:
        """About how many bytes a block takes while it is run."""
        problem, plan = self._problem, self.plan
        rows = (plan.length - 1) * problem.stride[0] + problem.span[0]
        inputs, outputs = problem.groups * problem.inputs, problem.groups * problem.outputs
        samples = rows * math.prod(self._padded[1:]) * inputs
        samples += plan.length * math.prod(output_size(self._conv, self._size)[1:]) * outputs
        if plan.algorithm == "fft":
            samples += outputs * problem.inputs * math.prod(plan.tile) * SPECTRA
        return COPIES * samples * plan.dtype.itemsize

    def __call__(
        self,
        pieces: Sequence[Tensor],
        pads: Sequence[tuple[int, int]] | None = None,
        finish: Finish | None = None,
    ) -> Tensor:
        """Run the layer on a block.

        Args:
            pieces: the block, stored samples or floats, in parts that follow each other on the leading axis.
            pads: samples to add before and after on each spatial axis, in the layer's padding mode; None for its own.
            finish: makes the final samples of responses (1, G, M, *S'), which it may write to; None leaves them.

        Shape: pieces (N, C, L, *S) → (N, out, *S'), or what `finish` makes of it

        Raises:
            LimitError: the device has not enough memory for the smallest block.
        """
        pads = ends(self._conv) if pads is None else pads
        finish = finish or (lambda responses: responses.flatten(1, 2))
        results = [
            self._sample([piece[index] for piece in pieces], pads, finish)
            for index in range(len(pieces[0]))
        ]
        return results[0] if len(results) == 1 else torch.cat(results)

    def _sample(
        self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]], finish: Finish
    ) -> Tensor:
        try:
            return self._strips(pieces, pads, finish)
        except torch.OutOfMemoryError:
            self._buffers.clear()
            vars(self).pop("_run", None)  # it may be what was too large
        return self._halves(
            pieces, pads, finish
        )  # outside, where no traceback holds the memory any more

    def _halves(
        self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]], finish: Finish
    ) -> Tensor:
        """Run a block that was too large for the device's memory in two parts along its leading axis."""
        span, step = self._problem.span[0], self._problem.stride[0]
        count = (sum(piece.shape[1] for piece in pieces) + sum(pads[0]) - span) // step + 1
        if count == 1 or any(pads[0]):
            raise LimitError(
                "the device has not enough memory for the smallest block", hint="--device cpu"
            )
        first = count // 2
        parts = (
            cut(pieces, 1, 0, (first - 1) * step + span),
            cut(pieces, 1, first * step, (count - 1) * step + span),
        )
        return torch.cat([self._sample(part, pads, finish) for part in parts], 2)

    def _strips(
        self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]], finish: Finish
    ) -> Tensor:
        problem, run = self._problem, self._run
        staged = run.stage(pieces, pads)
        bare = [sum(piece.shape[1] for piece in pieces), *pieces[0].shape[2:]]
        size = [n + sum(ends) for n, ends in zip(bare, pads, strict=True)]
        counts = [
            (n - s) // step + 1
            for n, s, step in zip(size, problem.span, problem.stride, strict=True)
        ]
        axis = 1 if problem.dims == 3 else 0
        step, span, rows = problem.stride[axis], problem.span[axis], self.plan.rows
        whole: Tensor | None = None
        for start in range(0, counts[axis], rows):
            count = min(rows, counts[axis] - start)
            strip = run.strip(staged, axis, start * step, (count - 1) * step + span)
            responses = run(strip, [*counts[:axis], count, *counts[axis + 1 :]])
            if self._bias is not None:
                responses += self._bias
            result = finish(responses[None])
            if (
                count == counts[axis]
            ):  # a strip that is all need not be copied, unless it is a buffer
                return result.clone() if _same_memory(result, responses) else result
            if whole is None:
                whole = _channels_last(result, counts)
            whole.narrow(axis + 2, start, count).copy_(result)
        assert whole is not None
        return whole


def _same_memory(one: Tensor, other: Tensor) -> bool:
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def _channels_last(like: Tensor, size: Sequence[int]) -> Tensor:
    """Return room for results of this size. Shape: (1, C, *S), channels innermost."""
    return like.new_empty(1, *size, like.shape[1]).movedim(-1, 1)


def convolve(conv: Conv, block: Tensor) -> Tensor:
    """Run `conv` on all of a tensor of floats.

    Shape: (N, C, *S) → (N, out, *S')

    >>> convolve(torch.nn.Conv1d(1, 2, 3, padding=1), torch.zeros(1, 1, 6)).shape
    torch.Size([1, 2, 6])
    """
    return Convolution(conv, block.shape[2:], of(block.dtype))([block])
