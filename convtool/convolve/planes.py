"""Run an algorithm on planes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from convtool.convolve.buffers import Buffers
from convtool.convolve.fourier import Fourier
from convtool.convolve.plan import Plan
from convtool.convolve.problem import Problem
from convtool.convolve.separable import Separable
from convtool.convolve.staging import Stage
from convtool.convolve.taps import Taps


class Planes:
    """Runs taps, separable and fft on planes: one for each channel, or one in which they lie side by side."""

    def __init__(self, problem: Problem, plan: Plan, buffers: Buffers, mode: str) -> None:
        self._problem, self._plan, self._buffers = problem, plan, buffers
        self._inner = problem.groups if problem.shared else 1
        axes = list(range(1, problem.dims + 1))
        self._stage = Stage(
            [*axes, 0] if problem.shared else [0, *axes],
            mode,
            buffers.named("staged", plan.dtype),
            self._room,
        )
        self._runs = [self._run(group) for group in range(1 if problem.shared else problem.groups)]

    def _run(self, group: int) -> Taps | Separable | Fourier:
        problem, plan = self._problem, self._plan
        weight, stride, dilation = problem.weight[group], problem.stride, problem.dilation
        if plan.algorithm == "taps":
            return Taps(
                weight,
                stride,
                dilation,
                inner=self._inner,
                whole=plan.dtype == torch.int16,
                compiled=plan.compiled,
            )
        if plan.algorithm == "separable":
            return Separable(
                plan.terms[group],
                stride,
                dilation,
                self._buffers,
                inner=self._inner,
                dtype=plan.dtype,
                whole=plan.whole,
            )
        return Fourier(
            weight, stride, dilation, self._buffers, tile=plan.tile, inner=self._inner, dtype=plan.dtype,
            whole=plan.whole,
        )  # fmt: skip

    def stage(self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> Tensor:
        """Return the samples, padded. Shape: (C, *S) → (planes, *S'), S'[-1] times `inner`."""
        staged = self._stage(pieces, pads)
        return staged.flatten(-2)[None] if self._problem.shared else staged

    def strip(self, staged: Tensor, axis: int, start: int, length: int) -> Tensor:
        """Return a part of staged samples along a spatial axis."""
        if axis < self._problem.dims - 1:
            return staged.narrow(axis + 1, start, length)
        return staged.narrow(-1, start * self._inner, (length + self._room(length)) * self._inner)

    def _room(self, width: int) -> int:
        """Return how many zeros must follow `width` positions of the last axis."""
        problem = self._problem
        return self._runs[0].room(width, (width - problem.span[-1]) // problem.stride[-1] + 1)

    def __call__(self, planes: Tensor, size: Sequence[int]) -> Tensor:
        """Return the responses. Shape: (planes, *S) → (G, M, *S')."""
        problem = self._problem
        wide = [*size[:-1], size[-1] * self._inner]
        out = self._buffers.get("out", [len(self._runs), problem.outputs, *wide], self._plan.dtype)
        for run, held, result in zip(self._runs, planes.split(problem.inputs), out, strict=True):
            made = run(held, result)
            if len(self._runs) == 1:
                out = made[None]
            elif made is not result:
                result.copy_(made)
        return out[0].unflatten(-1, (-1, self._inner)).movedim(-1, 0) if problem.shared else out
