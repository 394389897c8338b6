"""Run kernels on planes: one per channel, or a single one of interleaved channels."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor

from convtool.convolve.buffers import Buffers
from convtool.convolve.problem import Problem
from convtool.convolve.staging import Stage
from convtool.padding import Modes


class Bank(Protocol):
    """The kernels of a group, ready to be correlated with its planes."""

    def slack(self, width: int, count: int) -> int:
        """Return how many zeros must follow the last axis.

        Args:
            width: its positions.
            count: the outputs that they make.
        """
        ...

    def __call__(self, planes: Tensor, out: Tensor) -> Tensor:
        """Return the correlation, which may be written into `out`.

        Shape: (I, *S), S[-1] = (positions + slack) * interleaved → (O, *S')
        """
        ...


class PlaneRunner:
    """A runner for algorithms that work on planes.

    Args:
        problem: the layer.
        banks: one per group, or one that all groups share.
        dtype: of the sums.
        buffers: for staged samples and results.
        modes: the padding mode of each axis.
    """

    def __init__(
        self,
        problem: Problem,
        banks: Sequence[Bank],
        dtype: torch.dtype,
        buffers: Buffers,
        modes: Modes,
    ) -> None:
        self._problem, self._banks = problem, banks
        self._dtype, self._buffers = dtype, buffers
        spatial = list(range(1, problem.dims + 1))
        order = [*spatial, 0] if problem.shared else [0, *spatial]
        self._stage = Stage(order, modes, buffers.named("staged", dtype), self._slack)

    def stage(self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> Tensor:
        """Return the padded block. Shape: (C, *S) → (planes, *S'), S'[-1] times `interleaved`."""
        staged = self._stage(pieces, pads)
        return staged.flatten(-2)[None] if self._problem.shared else staged

    def strip(self, staged: Tensor, axis: int, start: int, length: int) -> Tensor:
        """Return a part of staged samples along a spatial axis."""
        if axis < self._problem.dims - 1:
            return staged.narrow(axis + 1, start, length)
        width = self._problem.interleaved
        return staged.narrow(-1, start * width, (length + self._slack(length)) * width)

    def _slack(self, width: int) -> int:
        """Return how many zeros must follow `width` positions of the last axis."""
        count = (width - self._problem.extent[-1]) // self._problem.stride[-1] + 1
        return self._banks[0].slack(width, count)

    def __call__(self, strip: Tensor, size: Sequence[int]) -> Tensor:
        """Return the responses. Shape: (planes, *S) → (G, M, *S')."""
        problem = self._problem
        width = problem.interleaved
        shape = [len(self._banks), problem.outputs, *size[:-1], size[-1] * width]
        out = self._buffers.get("out", shape, self._dtype)
        if len(self._banks) > 1:
            self._each(strip, out)
            return out
        sums = self._banks[0](strip, out[0])
        return sums.unflatten(-1, (-1, width)).movedim(-1, 0) if problem.shared else sums[None]

    def _each(self, strip: Tensor, out: Tensor) -> None:
        """Run each group's bank on its planes."""
        groups = strip.split(self._problem.inputs)
        for bank, planes, result in zip(self._banks, groups, out, strict=True):
            sums = bank(planes, result)
            if sums is not result:
                result.copy_(sums)
