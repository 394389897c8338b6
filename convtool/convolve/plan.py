"""Choose how a layer is run: the algorithm, its arithmetic and the size of a block, from measured costs.

It never changes what the result is: all algorithms give the stock forward's within float32 rounding.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from convtool.convolve import costs, tiles
from convtool.convolve.axis_pass import fits
from convtool.convolve.factoring import Term, factor
from convtool.convolve.fourier import outputs
from convtool.convolve.problem import INT16_MAX, Problem
from convtool.convolve.taps import count
from convtool.levels import WHOLE_FLOAT, Levels

Terms = list[list[list[list[Term]]]]  # the outer products of each kernel, as (group, output, input)
ALGORITHMS = ("direct", "taps", "separable", "fft")
BLOCK = {
    "cpu": 3 * 2**20
}  # bytes of a result that stay in a core's cache with what they are made of
BLOCK_ELSEWHERE = 2**27
FRAMES = 2**25  # samples of the frames that are staged together, at most
SMALL = 2**19  # and of small frames, but for a few
FEW = 8  # frames
LONGEST = 2**21  # samples of a block that is made longer for a large kernel
STAGED = 2**24  # samples that are staged together for FFTs, if the kernel lets them
TILE = 2**18  # samples of an FFT's tile that stay in a cache
WHOLE_ROUNDED = (
    2**18
)  # sums up to here come out of fractions within ± 0.3 in float32, and can be rounded
MANY = 64  # kernels that are worth factoring
POSITIONS = (2, 4, 8, 16)
FLOAT_BYTES = 4


@dataclass(frozen=True, eq=False)
class Plan:
    """How a layer is run on inputs of one size.

    Attributes:
        algorithm: one of `ALGORITHMS`.
        dtype: what the sums are made in.
        length: outputs along the leading axis of a block.
        rows: outputs along the strip axis that are made at once: the second of three axes, else the first.
        positions: `direct`: outputs along the last axis that are made at once; 0 for the layer as it is.
        tile: `fft`: positions of a tile per axis.
        terms: `separable`: the outer products of each kernel.
        whole: samples, weights and biases are whole numbers, and so are results.
        costs: estimated nanoseconds of two cores for each output position, by algorithm.
        note: what the algorithm makes of the kernel.
        compiled: `taps` is compiled.
    """

    algorithm: str
    dtype: torch.dtype
    length: int
    rows: int
    positions: int
    tile: tuple[int, ...]
    terms: Terms
    whole: bool
    costs: dict[str, float]
    note: str
    compiled: bool = False

    def seconds(self, size: Sequence[int]) -> float:
        """Return how long two cores are estimated to need for so many outputs on each axis, the best way."""
        return min(self.costs.values()) * math.prod(size) / 1e9

    def __str__(self) -> str:
        """Say what runs and why, for people."""
        others = ", ".join(
            f"{name} {cost:.2g}"
            for name, cost in sorted(self.costs.items(), key=lambda item: item[1])
        )
        dtype = str(self.dtype).removeprefix("torch.")
        return f"{self.algorithm} ({self.note}) in {dtype}; estimated ns a position: {others}"


def choose(
    problem: Problem,
    size: Sequence[int],
    *,
    stored: Levels,
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
    algorithm: str = "auto",
    compiled: bool = False,
) -> Plan:
    """Return the plan with the least estimated cost.

    Args:
        problem: the layer.
        size: the padded input's spatial size.
        stored: how the samples that come in are stored; whole numbers are summed exactly.
        dtype: of the arithmetic on floats.
        device: the device's type.
        algorithm: one of `ALGORITHMS`, or `auto`.
        compiled: `taps` of floats will be compiled; of int16 that is slower than a pass for each tap.
    """
    whole = problem.integral and not stored.floats
    reach = problem.reach(stored.scale) if whole else math.inf
    weight = problem.weight[:1] if problem.shared else problem.weight
    row = math.prod(size[1:]) * problem.groups * problem.inputs
    alike = _alike(problem)
    held = (
        TILE // alike if alike % 2 else 2 * TILE // alike
    )  # neighbours share complex numbers, else tiles do
    tile = tiles.tile(size, problem.span, problem.stride, held, STAGED // row)
    terms = _terms(weight, dtype) if len(weight.flatten(0, 2)) <= MANY else []
    positions = _positions(problem)
    estimates = _estimates(problem, tile, terms, positions, reach, device, compiled=compiled)
    half = dtype.itemsize < FLOAT_BYTES
    if algorithm == "auto":
        algorithm = (
            "direct"
            if half or device == "mps"
            else min(estimates, key=lambda name: estimates[name])
        )
    elif algorithm == "separable" and not terms:
        terms = _terms(weight, dtype)
    elif algorithm == "direct":
        positions = 0
    arithmetic = dtype if half or dtype == torch.float64 else _arithmetic(algorithm, reach, terms)
    if device == "mps" and arithmetic == torch.float64:
        arithmetic = torch.float32  # it has no larger one
    length, rows = _block(
        problem, size, algorithm, tile, BLOCK.get(device, BLOCK_ELSEWHERE) // arithmetic.itemsize
    )
    compiled = compiled and algorithm == "taps" and arithmetic != torch.int16
    notes: dict[str, Callable[[], str]] = {
        "direct": lambda: (
            f"{positions} positions at once" if positions else "the stock forward, channels-last"
        ),
        "taps": lambda: (
            f"{count(weight)} taps that are not zero" + (", compiled" if compiled else "")
        ),
        "separable": lambda: f"{_passes(terms)} one-dimensional passes",
        "fft": lambda: f"tiles of {'×'.join(map(str, tile))}",
    }
    note = notes[algorithm]()
    return Plan(
        algorithm, arithmetic, length, rows, positions, tile, terms, whole, estimates, note,
        compiled,
    )  # fmt: skip


def _estimates(
    problem: Problem,
    tile: Sequence[int],
    terms: Terms,
    positions: int,
    reach: float,
    device: str,
    *,
    compiled: bool,
) -> dict[str, float]:
    """Return the cost of each algorithm; `separable` is left out where nothing was factored."""
    apart = not problem.shared and problem.groups * problem.inputs > 1
    plane = BLOCK["cpu"] / FLOAT_BYTES
    if not problem.shared:
        plane /= problem.groups * max(problem.inputs, problem.outputs)
    whole = reach <= INT16_MAX
    taps = count(problem.weight[: 1 if problem.shared else None])
    estimates = {
        "direct": _direct_cost(problem, positions),
        "taps": costs.taps(taps, plane, whole=whole, compiled=compiled) * _alike(problem)
        + _phase_cost(problem)
        + _layout_cost(problem, apart=apart, whole=whole),
        "fft": _fourier_cost(problem, tile) + _layout_cost(problem, apart=apart),
    }
    if terms:
        sums = _arithmetic("separable", reach, terms)
        layout = _layout_cost(problem, apart=apart, whole=sums == torch.int16)
        estimates["separable"] = _separable_cost(problem, terms, plane, sums, device) + layout
    return estimates


def _alike(problem: Problem) -> int:
    return problem.groups if problem.shared else 1


def _layout_cost(problem: Problem, *, apart: bool, whole: bool = False) -> float:
    """Return the cost of laying samples out and of taking results back, channels innermost outside."""
    each = costs.COSTS.planar if apart else costs.COSTS.stage16 if whole else costs.COSTS.stage
    samples = problem.groups * problem.inputs * math.prod(problem.stride)
    return each * (samples + problem.groups * problem.outputs)


def _phase_cost(problem: Problem) -> float:
    """Return the cost of bringing together what a stride along the last axis looks at."""
    samples = problem.groups * problem.inputs * math.prod(problem.stride)
    return costs.COSTS.phase * samples if problem.stride[-1] > 1 else 0


def _direct_cost(problem: Problem, positions: int) -> float:
    sums = costs.direct(
        problem.groups, problem.outputs, problem.inputs, problem.weight.shape[3:], problem.stride[-1],
        problem.dilation[-1], positions,
    )  # fmt: skip
    return sums + _layout_cost(problem, apart=positions > 0 and problem.groups > 1)


def _positions(problem: Problem) -> int:
    """Return how many positions `direct` should make at once; of one input, none where the stride is even."""
    usable: tuple[int, ...] = (
        POSITIONS if problem.inputs > 1 or problem.stride[-1] == 1 or problem.stride[-1] % 2 else ()
    )
    estimates = [(_direct_cost(problem, p), p) for p in (0, *usable)]
    return min(estimates)[1]


def _fourier_cost(problem: Problem, tile: Sequence[int]) -> float:
    counts = outputs(tile, problem.span, problem.stride, (1,) * problem.dims)
    return tiles.fourier(problem.outputs, problem.inputs, tile, counts) * problem.groups


def _separable_cost(
    problem: Problem, terms: Terms, plane: float, dtype: torch.dtype, device: str
) -> float:
    total = 0.0
    for term in _all(terms):
        for axis, vector in enumerate(term):
            by_lines = fits(vector, problem.stride, axis, dtype, device)
            each = (
                costs.line(len(vector))
                if by_lines
                else costs.taps(count(vector), plane, whole=dtype == torch.int16)
            )
            total += each * math.prod(problem.stride[axis + 1 :])
    return total * _alike(problem) + _phase_cost(problem)


def _terms(weight: Tensor, dtype: torch.dtype) -> Terms:
    tolerance = max(torch.finfo(dtype).eps / 2, 1e-15)
    return [[[factor(kernel, tolerance) for kernel in row] for row in group] for group in weight]


def _all(terms: Terms) -> list[Term]:
    return [term for group in terms for row in group for each in row for term in each]


def _passes(terms: Terms) -> int:
    return sum(len(term) for term in _all(terms))


def _integral(terms: Terms) -> bool:
    """Return whether all vectors are whole numbers, as those of a kernel of higher rank are not."""
    return all(torch.equal(vector, vector.round()) for term in _all(terms) for vector in term)


def _arithmetic(algorithm: str, reach: float, terms: Terms) -> torch.dtype:
    """Return the smallest type that makes sums of whole numbers exact; float32 where they are not whole."""
    if math.isinf(reach):
        return torch.float32
    broken = algorithm == "fft" or (
        algorithm == "separable" and not _integral(terms)
    )  # whole only when rounded
    if algorithm in ("taps", "separable") and reach <= INT16_MAX and not broken:
        return torch.int16
    return torch.float32 if reach < (WHOLE_ROUNDED if broken else WHOLE_FLOAT) else torch.float64


def _block(
    problem: Problem, size: Sequence[int], algorithm: str, tile: Sequence[int], budget: int
) -> tuple[int, int]:
    """Return how many outputs along the leading axis, and along the strip axis, are made at once."""
    widest = problem.groups * max(problem.inputs, problem.outputs)
    out = [
        max(1, (n - s) // step + 1)
        for n, s, step in zip(size, problem.span, problem.stride, strict=True)
    ]
    counts = outputs(tile, problem.span, problem.stride, (1,) * problem.dims)
    if problem.dims == 3:
        frame = math.prod(size[1:]) * widest
        together = min(FRAMES // frame, max(FEW, SMALL // frame))
        length = max(1, together - problem.span[0] + 1) if algorithm != "fft" else counts[0]
        length = min(length, out[0])
        rows = {"fft": counts[1], "direct": out[1]}.get(
            algorithm, max(1, budget // (length * out[2] * widest))
        )
        return length, rows
    row = math.prod(size[1:]) * widest
    if algorithm == "fft":
        length = counts[0] * (max(1, 2**20 // (tile[0] * widest)) if problem.dims == 1 else 1)
    else:
        halo = min(
            problem.span[0] - 1, LONGEST // row
        )  # blocks as long as it waste less of their windows
        length = max(budget // row, halo // problem.stride[0], 1)
        length = (
            max(1, length // POSITIONS[-1]) * POSITIONS[-1]
        )  # `Lines` and `Direct` fill their vectors
    return min(length, out[0]), length
