"""Correlate by chained one-dimensional passes, for kernels that are a sum of few outer products."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

import torch
from torch import Tensor

from convtool.convolve import costs
from convtool.convolve.arithmetic import exact_dtype, working_dtype
from convtool.convolve.axis_pass import LANES, AxisPass, is_faster, pass_cost
from convtool.convolve.block_size import cache_block
from convtool.convolve.buffers import Buffers
from convtool.convolve.candidate import Candidate
from convtool.convolve.factoring import MAX_TERMS, BankTerms, Term, all_terms, factor_banks
from convtool.convolve.planes import PlaneRunner
from convtool.convolve.problem import Input, Problem
from convtool.convolve.taps import TapBank, count_nonzero
from convtool.errors import LayerError
from convtool.padding import Modes

MAX_KERNELS = 64  # that are factored without being asked for


@dataclass(frozen=True, kw_only=True, eq=False)
class Separable(Candidate):
    """Passes along one axis after the other.

    Attributes:
        terms: the outer products of the kernels of each bank; none where there are too many.
        whole: results are whole numbers.
    """

    name: ClassVar[str] = "separable"
    terms: Sequence[BankTerms]
    whole: bool

    @classmethod
    def candidate(cls, problem: Problem, input: Input) -> Self:
        """Return the algorithm with its cost for a problem, which is infinite for many terms.

        Raises:
            LayerError: it is asked for, and a kernel has too many terms.
        """
        terms = _factored(problem.banks, input)
        if not terms and input.algorithm == cls.name:
            raise LayerError(
                f"separable runs sums of at most {MAX_TERMS} outer products, which a kernel is not",
                hint="--algorithm auto",
            )
        single = list(all_terms(terms))
        integral = _is_integral(single)
        largest = problem.largest_output(input.levels)
        exact = exact_dtype(largest, integers=integral, rounded=not integral)
        dtype = working_dtype(exact, input)
        return cls(
            problem=problem,
            cost=_cost(problem, single, exact, input.device) if terms else math.inf,
            dtype=dtype,
            block=cache_block(problem, input, dtype),
            note=f"{sum(map(len, single))} one-dimensional passes",
            terms=terms,
            whole=problem.is_whole(input.levels),
        )

    def prepare(self, buffers: Buffers, modes: Modes) -> PlaneRunner:
        """Return the runner."""
        problem = self.problem
        banks = [
            SeparableBank(
                terms,
                problem.stride,
                problem.dilation,
                buffers,
                interleaved=problem.interleaved,
                dtype=self.dtype,
                whole=self.whole,
            )
            for terms in self.terms
        ]
        return PlaneRunner(problem, banks, self.dtype, buffers, modes)


def _factored(banks: Tensor, input: Input) -> list[BankTerms]:
    """Return the outer products of each bank; none where there are too many."""
    if len(banks.flatten(0, 2)) > MAX_KERNELS and input.algorithm != Separable.name:
        return []
    return factor_banks(banks, input.dtype)


def _is_integral(terms: Iterable[Term]) -> bool:
    """Return whether all vectors are whole numbers; those of higher ranks are not."""
    return all(torch.equal(vector, vector.round()) for term in terms for vector in term)


def _cost(problem: Problem, terms: Iterable[Term], dtype: torch.dtype, device: str) -> float:
    int16 = dtype == torch.int16
    samples = costs.samples_per_call(problem)
    passes = 0.0
    for term in terms:
        for axis, vector in enumerate(term):
            if is_faster(vector, problem.stride, axis, dtype, device):
                each = pass_cost(len(vector))
            else:
                each = costs.taps_cost(count_nonzero(vector), samples, int16=int16)
            passes += each * math.prod(problem.stride[axis + 1 :])  # later strides drop outputs
    sums = passes * problem.interleaved + costs.phase_cost(problem)
    return sums + costs.plane_layout_cost(problem, int16=int16)


@dataclass(frozen=True)
class Chain:
    """The passes of a term.

    Attributes:
        plane: the input that they start from.
        passes: one per axis.
    """

    plane: int
    passes: Sequence[TapBank | AxisPass]


class SeparableBank:
    """A bank of kernels, each a sum of outer products, run along the leading axis first.

    Args:
        terms: the outer products by output and input.
        stride: per axis.
        dilation: per axis.
        buffers: for what is between two passes.
        interleaved: channels at each position of the last axis.
        dtype: of the sums.
        whole: results are whole numbers, and are rounded where the sums are not.
    """

    def __init__(
        self,
        terms: BankTerms,
        stride: Sequence[int],
        dilation: Sequence[int],
        buffers: Buffers,
        *,
        interleaved: int = 1,
        dtype: torch.dtype,
        whole: bool = False,
    ) -> None:
        self._stride, self._dilation, self._dtype = stride, dilation, dtype
        self._buffers, self._interleaved = buffers, interleaved
        self._rounds = whole and dtype != torch.int16
        self._chains = [self._chains_of(kernels) for kernels in terms]
        self._has_axis_passes = any(
            isinstance(step, AxisPass)
            for chains in self._chains
            for chain in chains
            for step in chain.passes
        )

    def _chains_of(self, kernels: Sequence[Sequence[Term]]) -> list[Chain]:
        """Return the chains of an output."""
        chains = []
        for plane, terms in enumerate(kernels):
            for term in terms:
                passes = [self._pass(vector, axis) for axis, vector in enumerate(term)]
                chains.append(Chain(plane, passes))
        return chains

    def _pass(self, vector: Tensor, axis: int) -> TapBank | AxisPass:
        dims = len(self._stride)
        if is_faster(vector, self._stride, axis, self._dtype, self._buffers.device.type):
            return AxisPass(
                vector,
                axis,
                last=axis == dims - 1,
                stride=self._stride[axis],
                dilation=self._dilation[axis],
                interleaved=self._interleaved,
            )
        shape, stride = [1] * dims, [1] * dims
        shape[axis], stride[axis] = len(vector), self._stride[axis]
        return TapBank(
            vector.reshape(1, 1, *shape),
            stride,
            self._dilation,
            interleaved=self._interleaved,
            integers=self._dtype == torch.int16,
        )

    def slack(self, width: int, count: int) -> int:  # noqa: ARG002  # the interface of a bank
        """Return how many zeros must follow `width` positions.

        An `AxisPass` needs whole vectors per row, and an odd number of them: rows a power of two
        apart compete for the same lines of a cache.
        """
        vector = LANES // math.gcd(LANES, self._interleaved)
        return (vector - width) % (2 * vector) if self._has_axis_passes else 0

    def __call__(self, planes: Tensor, out: Tensor) -> Tensor:
        """Return the correlation, which may be written into `out`.

        Shape: (I, *S), S[-1] = (positions + slack) * interleaved → (O, *S')
        """
        if len(out) == len(self._chains[0]) == 1:
            return self._rounded(self._run(self._chains[0][0], planes, out))
        for chains, plane in zip(self._chains, out, strict=True):
            self._sum(chains, planes, plane[None])
        return self._rounded(out)

    def _sum(self, chains: Sequence[Chain], planes: Tensor, out: Tensor) -> None:
        """Write the sum of an output's terms into `out`."""
        if not chains:
            out.zero_()
        for index, chain in enumerate(chains):
            sums = self._run(chain, planes, out, add=index > 0)
            if sums is out:
                continue
            if index:
                out.add_(sums)
            else:
                out.copy_(sums)

    def _run(self, chain: Chain, planes: Tensor, out: Tensor, *, add: bool = False) -> Tensor:
        """Return the result of a chain: `out`, to which it may be added, or memory of its own."""
        held = planes[chain.plane : chain.plane + 1]
        *earlier, last = chain.passes
        for axis, step in enumerate(earlier, 1):
            held = self._between(step, held, axis, out.shape[axis])
        if isinstance(last, TapBank):
            return last(held, out, add=add)
        return last(held, out.shape[1:])

    def _between(self, step: TapBank | AxisPass, held: Tensor, axis: int, length: int) -> Tensor:
        """Return the result of a pass that is not the last."""
        size = list(held.shape)
        size[axis] = length
        if isinstance(step, AxisPass):
            return step(held, size[1:])
        return step(held, self._buffers.get(f"pass {axis}", size, held.dtype))

    def _rounded(self, sums: Tensor) -> Tensor:
        return sums.round_() if self._rounds else sums
