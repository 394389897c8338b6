"""Choose how a layer is run: the algorithm of the registry with the least estimated cost.

It never changes the result: all algorithms give the stock forward's, within float32 rounding.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from convtool.convolve.arithmetic import is_half
from convtool.convolve.block_size import BlockSize
from convtool.convolve.candidate import Candidate
from convtool.convolve.direct import Direct
from convtool.convolve.fourier import Fourier
from convtool.convolve.problem import Input, Problem
from convtool.convolve.separable import Separable
from convtool.convolve.taps import Taps
from convtool.errors import UsageError

REGISTRY: tuple[type[Candidate], ...] = (Direct, Taps, Separable, Fourier)
ALGORITHMS = tuple(algorithm.name for algorithm in REGISTRY)


@dataclass(frozen=True, eq=False)
class Plan:
    """How a layer is run on inputs of one size.

    Attributes:
        chosen: the algorithm, which prepares the runner.
        costs: estimated nanoseconds per output position on two cores, by algorithm.
    """

    chosen: Candidate
    costs: dict[str, float]

    @property
    def algorithm(self) -> str:
        """One of `ALGORITHMS`."""
        return self.chosen.name

    @property
    def dtype(self) -> torch.dtype:
        """The type of the sums."""
        return self.chosen.dtype

    @property
    def block(self) -> BlockSize:
        """How much is run at once."""
        return self.chosen.block

    def seconds(self, size: Sequence[int]) -> float:
        """Return an estimate of the time that two cores need, by the best algorithm.

        Args:
            size: the number of outputs on each axis.
        """
        return min(self.costs.values()) * math.prod(size) / 1e9

    def __str__(self) -> str:
        """Say what runs and why, for people."""
        ranking = sorted(self.costs.items(), key=lambda item: item[1])
        estimates = ", ".join(f"{name} {cost:.2g}" for name, cost in ranking)
        dtype = str(self.dtype).removeprefix("torch.")
        chosen = f"{self.algorithm} ({self.chosen.note}) in {dtype}"
        return f"{chosen}; estimated ns per position: {estimates}"


def choose(problem: Problem, input: Input) -> Plan:
    """Return the plan with the least estimated cost, or the one that the input asks for.

    Args:
        problem: the layer.
        input: the samples, and what the caller asks for.

    Raises:
        UsageError: the algorithm that it asks for cannot be run in its arithmetic.
    """
    if input.algorithm == Fourier.name and is_half(input.dtype):
        dtype = str(input.dtype).removeprefix("torch.")
        raise UsageError(f"--algorithm fft cannot be run in {dtype}", hint="--dtype float32")
    candidates = [algorithm.candidate(problem, input) for algorithm in REGISTRY]
    eligible = candidates
    if input.algorithm != "auto":
        eligible = [each for each in candidates if each.name == input.algorithm]
    elif is_half(input.dtype) or input.device == "mps":  # that only the stock forward runs well
        eligible = [each for each in candidates if each.name == Direct.name]
    costs = {each.name: each.cost for each in candidates if math.isfinite(each.cost)}
    return Plan(min(eligible, key=lambda each: each.cost), costs)
