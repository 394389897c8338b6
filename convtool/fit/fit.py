"""Fit a kernel: one pass over both files for the sums, one for what the kernel leaves unexplained.

Nothing of the files is held but a block of each.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convtool.errors import ReadError
from convtool.fit.model import Model, ties
from convtool.fit.pairs import Pairs
from convtool.fit.residual import Residual, residual_of
from convtool.fit.solve import Solution, solve
from convtool.fit.sums import Sums
from convtool.fit.words import is_known, unknown
from convtool.kernels.kernel import Kernel
from convtool.levels import Levels
from convtool.limits import refuse_larger
from convtool.media.contract import Part
from convtool.options.fit import FitOptions

ROUNDING = 1 / math.sqrt(12)  # levels: the standard deviation of rounding to whole ones
COPIES = 4  # of the sums of a system, while it is solved
EDGE = 0.05  # of the largest weight: weights at the edge of a kernel are small below that
POOR = 2  # times the error of rounding, from which on a kernel leaves something unexplained


@dataclass(frozen=True, eq=False)
class Fitted:
    """The kernel that turns BEFORE into AFTER.

    Attributes:
        model: what was looked for.
        solutions: one per system.
        kernel: what was found, for layers.
        windows: how many were fitted.
        clipped: how many were left out, as AFTER is clipped there.
        channels: the names of AFTER's channels.
        levels: how AFTER is stored.
        unit: the responses from one level of AFTER to the next.
        residual: what is left unexplained, in levels of AFTER; of floats in units of 1.
        rate: samples per second of audio, else None.
        notes: what a user should know.
    """

    model: Model
    solutions: tuple[Solution, ...]
    kernel: Kernel
    windows: int
    clipped: int
    channels: tuple[str, ...]
    levels: Levels
    unit: float
    residual: Residual
    rate: float | None
    notes: tuple[str, ...]

    @property
    def known(self) -> NDArray[np.bool_]:
        """Whether each weight is known, in the shape of the kernel's weights."""
        every = np.concatenate([is_known(solution) for solution in self.solutions])
        return every.reshape(self.kernel.weights.shape)

    @property
    def uncertainty(self) -> NDArray[np.float64]:
        """The standard deviation of each weight, in the shape of the kernel's weights."""
        every = np.concatenate([solution.uncertainty for solution in self.solutions])
        return every.reshape(self.kernel.weights.shape)

    @property
    def unknown(self) -> tuple[str, ...]:
        """What the data does not tell, in sentences."""
        lines = []
        for solution, name in zip(self.solutions, self._titles, strict=True):
            told = unknown(solution, self.model.inputs, self.model.size)
            lines += [f"{name}{line}" for line in told]
            if solution.ambiguous:
                lines.append(f"{name}a bias cannot be told from the sum of the weights: none here")
        return tuple(lines)

    @property
    def _titles(self) -> Sequence[str]:
        if len(self.solutions) == 1:
            return [""]
        return [f"{name}: " for name in self.channels]


def fit(pairs: Pairs, asked: FitOptions, max_memory: int, *, drawn: bool = False) -> Fitted:
    """Find the kernel that turns BEFORE into AFTER.

    Args:
        pairs: the files.
        asked: what is looked for.
        max_memory: MiB.
        drawn: keep where the residual is large, for a figure.

    Raises:
        ReadError: a file cannot be read, or the two do not belong together.
        LayerError: the kernel does not fit the input.
        LimitError: the weights are too many for the memory.
    """
    first, model, sums = _summed(pairs, asked, max_memory)
    before, after = first
    clipped = sum(each.clipped for each in sums)
    if not all(each.count for each in sums):
        raise ReadError(
            f"{pairs.names[1]}: every sample that could be fitted is clipped "
            f"({after.levels.low} or {after.levels.high})",
            named=True,
        )
    unit = pairs.unit(after)
    basis = ties(model.inputs, model.size, symmetric=asked.symmetric)
    solutions = tuple(
        solve(
            each.products.numpy(),
            basis,
            bias=asked.bias,
            non_negative=asked.non_negative,
            least=0.0 if after.levels.floats else unit * ROUNDING,
        )
        for each in sums
    )
    kernel = _kernel(pairs, model, solutions, asked)
    frame = math.prod(model.valid((*model.size[:1], *before.size[1:]), pairs.names[0])[1:])
    every = sums[0].count + sums[0].clipped
    length = every // (frame * len(model.systems[0].joins)) if drawn else None
    residual = residual_of(pairs, model, kernel, after, length)
    return Fitted(
        model,
        solutions,
        kernel,
        sum(each.count for each in sums),
        clipped,
        after.channels,
        after.levels,
        unit,
        residual,
        before.rate if pairs.medium.aligned else None,
        tuple(_notes(pairs, model, kernel, residual, after)),
    )


def _summed(
    pairs: Pairs, asked: FitOptions, max_memory: int
) -> tuple[tuple[Part, Part], Model, list[Sums]]:
    """Return the first parts, what is looked for, and the sums over all parts."""
    first: tuple[Part, Part] | None = None
    sums: list[Sums] = []
    for before, after in pairs.parts():
        if first is None:
            first = before, after
            model = Model.of(asked, pairs.medium, first, pairs.names)
            held = len(model.systems) * (model.weights + 2) ** 2 * 8
            refuse_larger("the fit", COPIES * held + before.memory + after.memory, max_memory)
            sums = [Sums(model.inputs, model.size) for _ in model.systems]
        alike = all(
            (one.channels, one.levels) == (other.channels, other.levels)
            for one, other in zip(first, (before, after), strict=True)
        )
        if not alike:
            raise ReadError(f"{pairs.names[0]}: its images differ in channels or levels")
        for windows in pairs.windows(before, after, model):
            for each, system in zip(sums, model.systems, strict=True):
                for inputs, out in system.joins:
                    seen = windows.before[list(inputs)]
                    each.add(seen, windows.after[out], windows.kept[out])
    assert first is not None
    return first, model, sums


def _kernel(pairs: Pairs, model: Model, solutions: Sequence[Solution], asked: FitOptions) -> Kernel:
    """Return what was found as a kernel."""
    stack = np.stack([solution.weights for solution in solutions])
    biases = tuple(solution.bias for solution in solutions)
    shape = model.size if model.shared else (len(solutions), model.inputs, *model.size)
    signed = asked.range is not None and asked.range[0] < 0
    return Kernel(
        "fitted",
        pairs.medium.dims,
        stack.reshape(shape),
        biases[0] if len(set(biases)) == 1 else biases,
        "centred" if signed and not pairs.medium.centred else "clamp",
        model.align,
    )


def _notes(
    pairs: Pairs,
    model: Model,
    kernel: Kernel,
    residual: Residual,
    after: Part,
) -> list[str]:
    """Return what a user should know."""
    notes = list(pairs.notes)
    size = float(np.abs(kernel.weights).max())
    expected = 0.0 if after.levels.floats else ROUNDING
    poor = residual.rms > max(POOR * expected, residual.size * 1e-3)
    if poor and _edge(kernel.weights, model) > EDGE * size:
        notes.append(
            "the weights at the edge of the kernel are not small, and something is left "
            "unexplained: a larger --size may fit better"
        )
    return notes


def _edge(weights: NDArray[np.float64], model: Model) -> float:
    """Return the largest weight at the ends of axes, without its sign."""
    largest = 0.0
    for axis, taps in enumerate(model.size, start=-len(model.size)):
        if taps > 1:
            ends = np.take(weights, [0, taps - 1], axis=axis)
            largest = max(largest, float(np.abs(ends).max()))
    return largest
