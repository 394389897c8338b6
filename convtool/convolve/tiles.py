"""Choose the size of the tiles of an FFT."""

import math
from collections.abc import Iterator, Sequence

from convtool.convolve import costs
from convtool.convolve.fourier import outputs


def fourier(kernels: int, planes: int, tile: Sequence[int], counts: Sequence[int]) -> float:
    """Return the cost of a position: forward for each plane in, back for each out, and all products."""
    bits = math.log2(math.prod(tile))
    each = costs.COSTS.transform * bits * (planes + kernels) + costs.COSTS.product * planes * kernels
    return each * math.prod(tile) / math.prod(counts)


def tile(
    size: Sequence[int], span: Sequence[int], stride: Sequence[int], most: int, longest: int
) -> tuple[int, ...]:
    """Return the tile with the least cost a sample, for an input of `size` and a kernel that spans `span`.

    Args:
        size: the padded input.
        span: of the kernel.
        stride: of the layer.
        most: samples that a tile should have for a cache to hold it.
        longest: positions along the leading axis that memory holds at once; a kernel's span may need more.
    """
    choices = [list(_lengths(n, s)) for n, s in zip(size, span, strict=True)]
    choices[0] = [length for length in choices[0] if length <= longest] or choices[0][:1]
    best: tuple[float, tuple[int, ...]] = (math.inf, ())
    for tile in _products(choices):
        counts = outputs(tile, span, stride, (1,) * len(tile))
        over = max(1.0, math.prod(tile) / most)
        cost = fourier(1, 1, tile, counts) * over / math.prod(stride)
        covered = math.prod(
            math.ceil(n / (c * s)) * c * s / n for n, c, s in zip(size, counts, stride, strict=True)
        )
        best = min(best, (cost * covered, tile))
    return best[1]


def _lengths(size: int, span: int) -> Iterator[int]:
    """Yield lengths of fast transforms that hold the span, up to one that holds all."""
    for power in range(2, 40):
        for length in (2**power, 3 * 2 ** (power - 1)):
            if length >= span:
                yield length
                if length >= size:
                    return


def _products(choices: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    if not choices:
        yield ()
        return
    for rest in _products(choices[1:]):
        for first in choices[0]:
            yield (first, *rest)
