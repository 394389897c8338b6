"""Choose how much is run at once: blocks whose intermediate results stay in a cache."""

import math
from dataclasses import dataclass

import torch

from convtool.convolve.problem import Input, Problem

CACHE = {"cpu": 3 * 2**20}  # bytes of a strip's result, by the type of the device
CACHE_ELSEWHERE = 2**27
MAX_STAGED_FRAMES = 2**25  # samples of video that are staged together
ENOUGH_STAGED = 2**19  # samples beyond which no more than MIN_FRAMES are staged
MIN_FRAMES = 8
MAX_HALO = 2**21  # samples by which a block is made longer to waste less on its overlap
VECTOR = 16  # positions along the leading axis that axis passes and the stock forward like to fill


@dataclass(frozen=True)
class BlockSize:
    """The size of a block in outputs.

    Attributes:
        length: along the leading axis.
        rows: of a strip, along the second of three axes, else along the leading one.
    """

    length: int
    rows: int


def output_counts(problem: Problem, input: Input) -> list[int]:
    """Return the number of outputs on each axis, at least 1."""
    axes = zip(input.size, problem.extent, problem.stride, strict=True)
    return [max(1, (n - extent) // step + 1) for n, extent, step in axes]


def cache_block(problem: Problem, input: Input, dtype: torch.dtype) -> BlockSize:
    """Return the block whose strips fit the cache.

    Args:
        problem: the layer.
        input: the samples.
        dtype: of the sums.
    """
    budget = CACHE.get(input.device, CACHE_ELSEWHERE) // dtype.itemsize
    counts = output_counts(problem, input)
    plane = math.prod(input.size[1:]) * problem.widest
    if problem.dims == 3:
        length = min(_frames(problem, plane), counts[0])
        rows = max(1, budget // (length * counts[2] * problem.widest))
        return BlockSize(length, rows)
    halo = min(problem.extent[0] - 1, MAX_HALO // plane)
    length = max(budget // plane, halo // problem.stride[0], 1)
    length = max(1, length // VECTOR) * VECTOR
    return BlockSize(min(length, counts[0]), length)


def _frames(problem: Problem, frame: int) -> int:
    """Return the number of output frames whose inputs are staged together."""
    staged = min(MAX_STAGED_FRAMES // frame, max(MIN_FRAMES, ENOUGH_STAGED // frame))
    return max(1, staged - problem.extent[0] + 1)
