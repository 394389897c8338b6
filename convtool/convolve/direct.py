"""Run the stock forward."""

from collections.abc import Sequence

import torch
from torch import Tensor

from convtool.convolve.buffers import Buffers
from convtool.convolve.forward import Direct, room
from convtool.convolve.plan import Plan
from convtool.convolve.problem import Problem
from convtool.convolve.staging import Stage


class DirectRunner:
    """Runs the stock forward: on all groups at once, or on each with several positions at once."""

    def __init__(self, problem: Problem, plan: Plan, buffers: Buffers, mode: str) -> None:
        self._problem = problem
        together = plan.positions == 0 or problem.groups == 1
        self._positions = max(1, plan.positions)
        weight = problem.weight.flatten(0, 1)[None] if together else problem.weight
        self._runs = [
            Direct(
                kernels, problem.stride, problem.dilation, dtype=plan.dtype, device=buffers.device,
                groups=problem.groups if together else 1, positions=self._positions,
            )
            for kernels in weight
        ]  # fmt: skip
        self._together = together
        axes = list(range(1, problem.dims + 1))
        self._stage = Stage(
            [*axes, 0] if together else [0, *axes],
            mode,
            buffers.named("staged", plan.dtype),
            self._room,
        )

    def stage(self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> Tensor:
        """Return the samples, padded. Shape: (C, *S) → (*S', C), or (C, *S', 1) where groups run apart."""
        staged = self._stage(pieces, pads)
        return staged if self._together else staged[..., None]

    def strip(self, staged: Tensor, axis: int, start: int, length: int) -> Tensor:
        """Return a part of staged samples along a spatial axis."""
        more = self._room(length) if axis == self._problem.dims - 1 else 0
        return staged.narrow(axis + (0 if self._together else 1), start, length + more)

    def _room(self, width: int) -> int:
        return room(width, self._problem.span[-1], self._problem.stride[-1], self._positions)

    def __call__(self, samples: Tensor, size: Sequence[int]) -> Tensor:
        """Return the responses. Shape: (*S, C) or (C, *S, 1) → (G, M, *S')."""
        if self._together:
            responses: Tensor = (
                self._runs[0](samples, size).movedim(-1, 0).unflatten(0, (self._problem.groups, -1))
            )
            return responses
        inputs = self._problem.inputs
        parts = [
            part.movedim(0, -2).flatten(-2) if inputs > 1 else part[0]
            for part in samples.split(inputs)
        ]
        runs = zip(self._runs, parts, strict=True)
        return torch.stack([run(part, size).movedim(-1, 0) for run, part in runs])
