"""Choose the tiles of an FFT: of fast lengths, with little overlap, small enough for a cache."""

import math
from collections.abc import Iterator, Sequence
from itertools import product

from convtool.convolve import costs


def valid_outputs(tile: Sequence[int], extent: Sequence[int], stride: Sequence[int]) -> list[int]:
    """Return the number of outputs of a tile that its wrapping around does not touch, per axis.

    >>> valid_outputs((8, 16), (3, 5), (1, 2))
    [6, 6]
    """
    axes = zip(tile, extent, stride, strict=True)
    return [(length - covered) // step + 1 for length, covered, step in axes]


def transform_cost(kernels: int, planes: int, tile: Sequence[int], counts: Sequence[int]) -> float:
    """Return the cost per output position: a transform per input and output, and all products.

    Args:
        kernels: outputs of a bank.
        planes: inputs of a bank.
        tile: its size.
        counts: the valid outputs of a tile on each axis.
    """
    bits = math.log2(math.prod(tile))
    each = (
        costs.COSTS.transform * bits * (planes + kernels) + costs.COSTS.product * planes * kernels
    )
    return each * math.prod(tile) / math.prod(counts)


def choose_tile(
    size: Sequence[int],
    extent: Sequence[int],
    stride: Sequence[int],
    cached: int,
    longest: int,
) -> tuple[int, ...]:
    """Return the tile with the least cost per sample.

    Args:
        size: of the padded input.
        extent: of the kernel.
        stride: of the layer.
        cached: samples of a tile that a cache holds.
        longest: positions along the leading axis that memory holds at once; a kernel may need more.
    """
    lengths = [list(_fast_lengths(n, covered)) for n, covered in zip(size, extent, strict=True)]
    lengths[0] = [length for length in lengths[0] if length <= longest] or lengths[0][:1]
    estimates = (
        (_cost_per_sample(tile, size, extent, stride, cached), tile) for tile in product(*lengths)
    )
    return min(estimates)[1]


def _cost_per_sample(
    tile: Sequence[int],
    size: Sequence[int],
    extent: Sequence[int],
    stride: Sequence[int],
    cached: int,
) -> float:
    counts = valid_outputs(tile, extent, stride)
    beyond_cache = max(1.0, math.prod(tile) / cached)
    cost = transform_cost(1, 1, tile, counts) * beyond_cache / math.prod(stride)
    overshoot = 1.0  # the last tile of an axis may reach beyond the input
    for n, count, step in zip(size, counts, stride, strict=True):
        advance = count * step
        overshoot *= math.ceil(n / advance) * advance / n
    return cost * overshoot


def _fast_lengths(size: int, extent: int) -> Iterator[int]:
    """Yield 2^n and 3 * 2^n from the kernel's extent up to one that holds the whole input."""
    for power in range(2, 40):
        for length in (2**power, 3 * 2 ** (power - 1)):
            if length >= extent:
                yield length
                if length >= size:
                    return
