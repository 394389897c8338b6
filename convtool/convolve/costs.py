"""What each algorithm costs: one table of measured constants and the formulas that use it.

The absolute figures are one machine's (two cores of an AMD Zen 4); a plan needs only their ratios, which vary far
less. Those of `fft` were fitted to whole runs of it, where traffic between the transforms counts as much as they do.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from convtool.convolve.fourier import outputs


@dataclass(frozen=True)
class Costs:
    """Nanoseconds of two cores.

    Attributes:
        tap: one shifted multiply-add of float32, per sample.
        tap16: one of int16.
        fused: one of float32, compiled.
        line: one output of a pass along an axis by the depthwise forward, whatever the kernel.
        line_tap: what each tap adds to it.
        stage: one sample converted and laid out in the order that it has.
        planar: one converted and its channels taken apart.
        transform: an FFT or its inverse, per sample and per bit of the tile's size.
        product: one product of spectra, per sample.
        pack: one sample brought into a tile, or out of it.
        multiply: one multiply-add of the stock forward, per lane of a vector.
        single: the same for layers with one input channel a group.
        call: one call of an operation, whatever its size.
    """

    tap: float = 0.068
    tap16: float = 0.040
    fused: float = 0.030
    line: float = 0.20
    line_tap: float = 0.016
    stage: float = 0.06
    planar: float = 0.28
    transform: float = 0.16
    product: float = 0.18
    pack: float = 0.42
    multiply: float = 0.0115
    single: float = 0.022
    call: float = 4000.0


COSTS = Costs()
LANES = 16  # float32 in a vector of AVX-512


def taps(count: int, *, whole: bool, compiled: bool = False) -> float:
    """Return the cost of an output that is a sum of `count` taps."""
    return count * (COSTS.tap16 if whole else COSTS.fused if compiled else COSTS.tap)


def line(count: int) -> float:
    """Return the cost of an output of a one-dimensional pass by `Lines`."""
    return COSTS.line + count * COSTS.line_tap


def direct(outputs: int, inputs: int, size: Sequence[int], stride: int, dilation: int, positions: int) -> float:
    """Return the cost of a position of a group of a layer, all its outputs."""
    width = size[-1] if positions == 1 else dilation * (size[-1] - 1) + 1 + (positions - 1) * stride
    lanes = math.ceil(outputs * positions / LANES) * LANES
    each = COSTS.single if inputs == 1 else COSTS.multiply
    return lanes * inputs * math.prod(size[:-1]) * width * each / positions


def fourier(kernels: int, planes: int, tile: Sequence[int], counts: Sequence[int]) -> float:
    """Return the cost of a position: forward for each plane in, back for each out, and all products."""
    bits = math.log2(math.prod(tile))
    each = (COSTS.transform * bits + COSTS.pack) * (planes + kernels) + COSTS.product * planes * kernels
    return each * math.prod(tile) / math.prod(counts)


def tile(size: Sequence[int], span: Sequence[int], stride: Sequence[int], most: int, longest: int) -> tuple[int, ...]:
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
        covered = math.prod(math.ceil(n / (c * s)) * c * s / n for n, c, s in zip(size, counts, stride, strict=True))
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
