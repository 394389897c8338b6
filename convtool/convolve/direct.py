"""Run PyTorch's own forward: on all groups at once, or on each with several positions at once."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor

from convtool.convolve import costs
from convtool.convolve.arithmetic import exact_dtype, working_dtype
from convtool.convolve.axis_pass import LANES
from convtool.convolve.block_size import BlockSize, cache_block, output_counts
from convtool.convolve.buffers import Buffers
from convtool.convolve.candidate import Candidate
from convtool.convolve.forward import Forward, forward_slack
from convtool.convolve.problem import Input, Problem
from convtool.convolve.staging import Stage
from convtool.padding import Modes

POSITIONS = (2, 4, 8, 16)


@dataclass(frozen=True, kw_only=True, eq=False)
class Direct(Candidate):
    """The stock forward, channels-last.

    Attributes:
        positions: outputs along the last axis that each group computes at once; 0 for the layer
            as it is.
    """

    name: ClassVar[str] = "direct"
    positions: int

    @classmethod
    def candidate(cls, problem: Problem, input: Input) -> Self:
        """Return the algorithm with its cost for a problem.

        Asked for by name, it runs the layer as it is; the cost is always that of the best way.
        """
        best = best_positions(problem)
        positions = 0 if input.algorithm == cls.name else best
        dtype = working_dtype(exact_dtype(problem.largest_output(input.levels)), input)
        block = cache_block(problem, input, dtype)
        if problem.dims == 3:
            block = BlockSize(block.length, output_counts(problem, input)[1])
        stock = "the stock forward, channels-last"
        return cls(
            problem=problem,
            cost=_cost(problem, best),
            dtype=dtype,
            block=block,
            note=f"{positions} positions at once" if positions else stock,
            positions=positions,
        )

    def prepare(self, buffers: Buffers, modes: Modes) -> "DirectRunner":
        """Return the runner."""
        return DirectRunner(self.problem, self.positions, self.dtype, buffers, modes)


def best_positions(problem: Problem) -> int:
    """Return how many positions should be computed at once.

    With a single input and an even stride the layer is run as it is.
    """
    regular = problem.inputs > 1 or problem.stride[-1] == 1 or problem.stride[-1] % 2
    choices = (0, *POSITIONS) if regular else (0,)
    return min((_cost(problem, positions), positions) for positions in choices)[1]


def _cost(problem: Problem, positions: int) -> float:
    sums = stock_cost(problem) if positions == 0 else _regrouped_cost(problem, positions)
    return sums + costs.layout_cost(problem, apart=positions > 0 and problem.groups > 1)


def stock_cost(problem: Problem) -> float:
    """Return the cost of a position by the layer as it is."""
    groups, outputs, inputs = problem.groups, problem.outputs, problem.inputs
    taps = math.prod(problem.weight.shape[3:])
    results = groups * outputs * costs.COSTS.output
    if inputs == outputs == 1 < groups:
        each = costs.COSTS.depthwise if problem.dims < 3 else costs.COSTS.depthwise3
        return _lanes(groups) * taps * each + results
    alone = costs.COSTS.alone * problem.stride[-1] if groups * inputs == 1 else 0
    products = groups * _lanes(outputs) * inputs * taps * costs.COSTS.multiply
    return products + alone + results


def _regrouped_cost(problem: Problem, positions: int) -> float:
    """Return the cost of a position where each group computes several at once."""
    *leading, _ = problem.weight.shape[3:]
    stride = problem.stride[-1]
    width = problem.extent[-1] + (positions - 1) * stride
    each = costs.COSTS.single if problem.inputs == 1 else costs.COSTS.multiply
    lanes = _lanes(problem.outputs * positions)
    sums = lanes * math.prod(leading) * width * each / positions
    results = problem.groups * problem.outputs * costs.COSTS.output
    return problem.groups * problem.inputs * (sums + costs.COSTS.read * stride) + results


def _lanes(outputs: int) -> int:
    """Return the lanes of the vectors that hold so many outputs."""
    return math.ceil(outputs / LANES) * LANES


class DirectRunner:
    """A runner for the stock forward.

    Args:
        problem: the layer.
        positions: as in `Direct`.
        dtype: of the sums.
        buffers: for staged samples.
        modes: the padding mode of each axis.
    """

    def __init__(
        self,
        problem: Problem,
        positions: int,
        dtype: torch.dtype,
        buffers: Buffers,
        modes: Modes,
    ) -> None:
        self._problem = problem
        self._positions = max(1, positions)
        self._together = positions == 0 or problem.groups == 1
        self._forwards = [
            Forward(
                kernels,
                problem.stride,
                problem.dilation,
                dtype=dtype,
                device=buffers.device,
                groups=problem.groups if self._together else 1,
                positions=self._positions,
            )
            for kernels in self._kernels()
        ]
        spatial = list(range(1, problem.dims + 1))
        order = [*spatial, 0] if self._together else [0, *spatial]
        self._stage = Stage(order, modes, buffers.named("staged", dtype), self._slack)

    def _kernels(self) -> Tensor:
        """Return the kernels of each forward. Shape: (1, G * M, I, *K) or (G, M, I, *K)"""
        weight = self._problem.weight
        return weight.flatten(0, 1)[None] if self._together else weight

    def stage(self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> Tensor:
        """Return the padded block.

        Shape: (C, *S) → (*S', C), or (C, *S', 1) where groups are run one by one
        """
        staged = self._stage(pieces, pads)
        return staged if self._together else staged[..., None]

    def strip(self, staged: Tensor, axis: int, start: int, length: int) -> Tensor:
        """Return a part of staged samples along a spatial axis."""
        if axis == self._problem.dims - 1:
            length += self._slack(length)
        return staged.narrow(axis if self._together else axis + 1, start, length)

    def _slack(self, width: int) -> int:
        extent, stride = self._problem.extent[-1], self._problem.stride[-1]
        return forward_slack(width, extent, stride, self._positions)

    def __call__(self, strip: Tensor, size: Sequence[int]) -> Tensor:
        """Return the responses. Shape: (*S, C) or (C, *S, 1) → (G, M, *S')."""
        if self._together:
            sums = self._forwards[0](strip, size).movedim(-1, 0)
            responses: Tensor = sums.unflatten(0, (self._problem.groups, -1))
            return responses
        inputs = self._problem.inputs
        results = []
        for forward, group in zip(self._forwards, strip.split(inputs), strict=True):
            samples = group.movedim(0, -2).flatten(-2) if inputs > 1 else group[0]
            results.append(forward(samples, size).movedim(-1, 0))
        return torch.stack(results)
