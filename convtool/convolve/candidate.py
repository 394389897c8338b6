"""The contract of algorithms: a candidate states its cost for a layer, and prepares a runner."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self, runtime_checkable

import torch
from torch import Tensor

from convtool.convolve.block_size import BlockSize
from convtool.convolve.buffers import Buffers
from convtool.convolve.pointwise import Pointwise
from convtool.convolve.problem import Input, Problem
from convtool.padding import Modes


class Runner(Protocol):
    """A layer, prepared: a block is staged once, then run strip by strip.

    Each algorithm has its own layout of staged samples, which only its runner knows.
    """

    def stage(self, pieces: Sequence[Tensor], pads: Sequence[tuple[int, int]]) -> Tensor:
        """Return a block converted, padded and laid out, valid until the next one is staged.

        Args:
            pieces: the block, in parts that follow each other along the leading spatial axis.
            pads: samples to add before and after on each spatial axis.

        Shape: pieces (C, L, *S) → the runner's own
        """
        ...

    def strip(self, staged: Tensor, axis: int, start: int, length: int) -> Tensor:
        """Return a view of a part of the staged samples along a spatial axis."""
        ...

    def __call__(self, strip: Tensor, size: Sequence[int]) -> Tensor:
        """Return the responses to a strip, without the bias; the next call may overwrite them.

        Args:
            strip: staged samples.
            size: the number of outputs on each axis.

        Shape: → (G, M, *S')
        """
        ...


@runtime_checkable
class Finisher(Protocol):
    """A runner that can make stored results of a block by itself."""

    def finished(
        self,
        pieces: Sequence[Tensor],
        pads: Sequence[tuple[int, int]],
        size: Sequence[int],
        told: Pointwise,
    ) -> Tensor:
        """Return the stored results, channels innermost in memory.

        Args:
            pieces: as of `stage`.
            pads: the same.
            size: the number of outputs on each axis.
            told: what the epilogue does to each response.

        Shape: pieces (C, L, *S) → (1, C', *S')
        """
        ...


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate(ABC):
    """An algorithm, considered for one layer on one kind of input.

    To add an algorithm, derive a class in a file of its own and list it in `plan.REGISTRY`.

    Attributes:
        name: of the algorithm, as options spell it.
        problem: the layer.
        cost: estimated nanoseconds per output position on two cores; infinity where the algorithm
            is not worth estimating.
        dtype: of the sums.
        block: how much is run at once.
        note: how the algorithm treats this kernel, for people.
    """

    name: ClassVar[str]
    problem: Problem
    cost: float
    dtype: torch.dtype
    block: BlockSize
    note: str

    @classmethod
    @abstractmethod
    def candidate(cls, problem: Problem, input: Input) -> Self:
        """Return the algorithm with its cost for a problem."""

    @abstractmethod
    def prepare(self, buffers: Buffers, modes: Modes) -> Runner:
        """Return the layer made ready to run; this may take time and memory."""

    @property
    def retained(self) -> int:
        """The number of samples that the runner keeps between blocks."""
        return 0
