"""Correlate by fast Fourier transforms of overlapping tiles, for large kernels."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from convtool.convolve import costs
from convtool.convolve.arithmetic import exact_dtype, working_dtype
from convtool.convolve.block_size import BlockSize, output_counts
from convtool.convolve.buffers import Buffers
from convtool.convolve.candidate import Candidate
from convtool.convolve.overlap_save import BATCH, OverlapSaveBank
from convtool.convolve.planes import PlaneRunner
from convtool.convolve.problem import Input, Problem
from convtool.convolve.tiles import choose_tile, transform_cost, valid_outputs
from convtool.limits import SPECTRUM_COPIES
from convtool.padding import Modes

CACHED = 2**18  # samples of a tile that stay in a cache
STAGED = 2**24  # samples that are staged together, if the kernel lets them


@dataclass(frozen=True, kw_only=True, eq=False)
class Fourier(Candidate):
    """Overlap-save.

    Attributes:
        tile: positions of a tile per axis.
        whole: results are whole numbers.
    """

    name: ClassVar[str] = "fft"
    tile: tuple[int, ...]
    whole: bool

    @classmethod
    def candidate(cls, problem: Problem, input: Input) -> Self:
        """Return the algorithm with its cost for a problem."""
        tile = _tile(problem, input)
        counts = valid_outputs(tile, problem.extent, problem.stride)
        exact = exact_dtype(problem.largest_output(input.levels), rounded=True)
        transforms = transform_cost(problem.outputs, problem.inputs, tile, counts)
        return cls(
            problem=problem,
            cost=transforms * problem.groups + costs.plane_layout_cost(problem),
            dtype=working_dtype(exact, input),
            block=_block(problem, input, tile, counts),
            note=f"tiles of {'×'.join(map(str, tile))}",
            tile=tile,
            whole=problem.is_whole(input.levels),
        )

    def prepare(self, buffers: Buffers, modes: Modes) -> PlaneRunner:
        """Return the runner."""
        problem = self.problem
        banks = [
            OverlapSaveBank(
                weight,
                problem.stride,
                problem.dilation,
                buffers,
                tile=self.tile,
                interleaved=problem.interleaved,
                dtype=self.dtype,
                whole=self.whole,
            )
            for weight in problem.banks
        ]
        return PlaneRunner(problem, banks, self.dtype, buffers, modes)

    @property
    def retained(self) -> int:
        """The number of samples of the spectra."""
        kernels = self.problem.groups * self.problem.outputs * self.problem.inputs
        return kernels * math.prod(self.tile) * SPECTRUM_COPIES


def _tile(problem: Problem, input: Input) -> tuple[int, ...]:
    """Return the tile for a problem.

    The parts of a complex number hold two neighbouring channels where their number is even, which
    doubles the size of a tile in memory; otherwise they hold two tiles.
    """
    channels = problem.interleaved
    cached = CACHED // channels if channels % 2 else 2 * CACHED // channels
    row = math.prod(input.size[1:]) * problem.groups * problem.inputs
    return choose_tile(input.size, problem.extent, problem.stride, cached, STAGED // row)


def _block(problem: Problem, input: Input, tile: Sequence[int], counts: Sequence[int]) -> BlockSize:
    """Return a block that is one tile long; of audio, as many as are transformed at once."""
    longest = output_counts(problem, input)[0]
    if problem.dims == 3:
        return BlockSize(min(counts[0], longest), counts[1])
    tiles = 1
    if problem.dims == 1:
        tiles = max(1, BATCH // (tile[0] * problem.widest))
    length = counts[0] * tiles
    return BlockSize(min(length, longest), length)
