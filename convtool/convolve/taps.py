"""Correlate by shifted multiply-adds: a pass over a cache-sized strip per non-zero tap."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import ClassVar, NamedTuple, Self

import torch
from torch import Tensor

from convtool.convolve import costs
from convtool.convolve.arithmetic import exact_dtype, working_dtype
from convtool.convolve.block_size import cache_block
from convtool.convolve.buffers import Buffers
from convtool.convolve.candidate import Candidate, Runner
from convtool.convolve.compiling import Compiler
from convtool.convolve.fused.fitting import fits, fused_block
from convtool.convolve.fused.runner import FusedRunner
from convtool.convolve.planes import PlaneRunner
from convtool.convolve.problem import Input, Problem
from convtool.padding import Modes

Number = int | float


@dataclass(frozen=True, kw_only=True, eq=False)
class Taps(Candidate):
    """Shifted multiply-adds, for kernels of few taps.

    Attributes:
        compiler: adds all taps up in one loop, or None; in int16 that is slower than a pass per
            tap.
        fused: on CUDA, all is done in one pass over stored bytes.
    """

    name: ClassVar[str] = "taps"
    compiler: Compiler | None
    fused: bool

    @classmethod
    def candidate(cls, problem: Problem, input: Input) -> Self:
        """Return the algorithm with its cost for a problem."""
        exact = exact_dtype(problem.largest_output(input.levels), integers=True)
        dtype = working_dtype(exact, input)
        fused = fits(problem, input)
        compiling = input.compiler is not None and input.compiler.works
        compiler = input.compiler if compiling and dtype != torch.int16 else None
        count = count_nonzero(problem.banks)
        int16 = exact == torch.int16
        samples = costs.samples_per_call(problem)
        sums = costs.taps_cost(count, samples, int16=int16, compiled=compiling)
        cost = sums * problem.interleaved + costs.phase_cost(problem)
        cost += costs.plane_layout_cost(problem, int16=int16)
        block, how = cache_block(problem, input, dtype), ", compiled" if compiler else ""
        if fused:
            cost, block = costs.fused_cost(problem, count), fused_block(problem, input)
            how = ", in one pass"
        return cls(
            problem=problem,
            cost=cost,
            dtype=dtype,
            block=block,
            note=f"{count} non-zero taps{how}",
            compiler=compiler,
            fused=fused,
        )

    def prepare(self, buffers: Buffers, modes: Modes) -> Runner:
        """Return the runner."""
        problem = self.problem
        if self.fused:
            integers = self.dtype == torch.int16
            return FusedRunner(problem, buffers, modes, integers=integers)
        banks = [
            TapBank(
                weight,
                problem.stride,
                problem.dilation,
                interleaved=problem.interleaved,
                integers=self.dtype == torch.int16,
                compiler=self.compiler,
            )
            for weight in problem.banks
        ]
        return PlaneRunner(problem, banks, self.dtype, buffers, modes)


class Tap(NamedTuple):
    """One weight of a kernel.

    Attributes:
        plane: the input that it is multiplied with.
        offsets: how far into the input it looks, per axis.
        weight: never zero.
    """

    plane: int
    offsets: tuple[int, ...]
    weight: Number


class TapBank:
    """A bank of kernels, run tap by tap.

    Args:
        weight: floats, shape (O, I, *K).
        stride: per axis.
        dilation: per axis.
        interleaved: channels at each position of the last axis, which are all filtered alike.
        integers: weights are whole numbers and the sums are made in integers.
        compiler: adds all taps up in one loop, where it can.
    """

    def __init__(
        self,
        weight: Tensor,
        stride: Sequence[int],
        dilation: Sequence[int],
        *,
        interleaved: int = 1,
        integers: bool = False,
        compiler: Compiler | None = None,
    ) -> None:
        self._stride, self._interleaved = tuple(stride), interleaved
        self._taps = [_taps(kernels, dilation, integers=integers) for kernels in weight]
        self._compiled = compiler.compiled(self._sum) if compiler else None
        self._views_of: tuple[object, ...] | None = None
        self._views: list[list[tuple[Tensor, Number]]] = []

    def slack(self, width: int, count: int) -> int:  # noqa: ARG002  # the interface of a bank
        """Return how many zeros must follow `width` positions: none."""
        return 0

    def __call__(self, planes: Tensor, out: Tensor, *, add: bool = False) -> Tensor:
        """Write the correlation into `out`, or add it, and return it.

        Shape: (I, *S), S[-1] = positions * interleaved → (O, *S')
        """
        if self._compiled is not None and self._compiled(planes, out, add):
            return out
        for views, plane in zip(self._tap_views(planes, out.shape[1:]), out, strict=True):
            started = add
            for view, weight in views:
                if started:
                    plane.add_(view, alpha=weight)
                else:
                    torch.mul(view, weight, out=plane)
                started = True
            if not started:
                plane.zero_()
        return out

    def _sum(self, planes: Tensor, out: Tensor, add: bool) -> None:  # noqa: FBT001  # compiled
        """Write the correlation into `out`, or add it, in a single expression per output."""
        phases, size = self._phases(planes), out.shape[1:]
        for taps, plane in zip(self._taps, out, strict=True):
            total: Tensor | Number = plane if add else 0
            for tap in taps:
                total = total + self._view(phases, tap, size) * tap.weight
            plane.copy_(total if isinstance(total, Tensor) else torch.zeros_like(plane))

    def _tap_views(self, planes: Tensor, size: Sequence[int]) -> list[list[tuple[Tensor, Number]]]:
        """Return for each output the view that each of its taps is multiplied with, and its weight.

        Views are kept from call to call, since blocks come in the same buffer, and making views
        takes as long as a small multiplication. This is safe: address, shape and strides identify
        the memory, and the kept views hold on to it, so that no other tensor can have its address.
        A stride along the last axis gathers samples in fresh memory; its views are never reused.
        """
        views_of = planes.data_ptr(), planes.shape, planes.stride(), tuple(size)
        if views_of == self._views_of and self._stride[-1] == 1:
            return self._views
        phases = self._phases(planes)
        self._views_of = views_of
        self._views = []
        for taps in self._taps:
            views = [(self._view(phases, tap, size), tap.weight) for tap in taps]
            self._views.append(views)
        return self._views

    def _phases(self, planes: Tensor) -> list[Tensor]:
        """Return the samples of each phase of the stride along the last axis, each contiguous."""
        step = self._stride[-1]
        if step == 1:
            return [planes]
        positions = planes.unflatten(-1, (-1, self._interleaved))
        count = min(step, positions.shape[-2])
        return [positions[..., phase::step, :].flatten(-2) for phase in range(count)]

    def _view(self, phases: Sequence[Tensor], tap: Tap, size: Sequence[int]) -> Tensor:
        """Return the samples that a tap is multiplied with for all outputs."""
        shift = tap.offsets[-1] // self._stride[-1]
        view = phases[tap.offsets[-1] % self._stride[-1]][tap.plane]
        leading = zip(tap.offsets[:-1], self._stride[:-1], size[:-1], strict=True)
        for axis, (offset, step, count) in enumerate(leading):
            end = offset + (count - 1) * step + 1
            view = view[(slice(None),) * axis + (slice(offset, end, step),)]
        return view.narrow(-1, shift * self._interleaved, size[-1])


def _taps(kernels: Tensor, dilation: Sequence[int], *, integers: bool) -> list[Tap]:
    """Return the taps of an output. Shape: (I, *K) → one for each that is not zero."""
    taps = []
    for (plane, *place), value in zip(
        product(*map(range, kernels.shape)), kernels.flatten().tolist(), strict=True
    ):
        if value:
            offsets = tuple(k * step for k, step in zip(place, dilation, strict=True))
            taps.append(Tap(plane, offsets, int(value) if integers else value))
    return taps


def count_nonzero(weight: Tensor) -> int:
    """Return the number of taps that are not zero."""
    return int(torch.count_nonzero(weight))
