"""The weights that a layer takes: a kernel, and a bank of them."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convtool.options.kernel import Combine
from convtool.options.layer import Align


@dataclass(frozen=True, eq=False)
class Kernel:
    """The weights of one filter, ready for a layer.

    Attributes:
        label: its name for people and files; parameters that were given stand in it.
        dims: 1, 2 or 3, how many axes it moves along.
        weights: float64 of shape (*K), or (out, in/groups, *K) where the kernel names its channels.
        bias: added to every output.
        signed: its result has a middle rather than a zero at the dark end.
        align: which tap lies on the current sample of a sound: the middle one, or the last.
        notes: what was done to make it, for people.
    """

    label: str
    dims: int
    weights: NDArray[np.float64]
    bias: float = 0.0
    signed: bool = False
    align: Align = "centre"
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, ...]:
        """The kernel's length on each axis, without channels."""
        return self.weights.shape[-self.dims :]

    @property
    def full(self) -> bool:
        """True where the weights name their output and input channels."""
        return self.weights.ndim == self.dims + 2

    @property
    def total(self) -> float:
        """The sum of all weights: what a constant input of 1 becomes."""
        return float(self.weights.sum())

    @property
    def reach(self) -> tuple[float, float]:
        """The smallest and largest result that inputs in 0…1 can give."""
        low = float(np.minimum(self.weights, 0).sum()) + self.bias
        high = float(np.maximum(self.weights, 0).sum()) + self.bias
        return low, high

    @property
    def reach_signed(self) -> tuple[float, float]:
        """The smallest and largest result that inputs in -1…1 can give."""
        most = float(np.abs(self.weights).sum())
        return self.bias - most, self.bias + most

    @property
    def separable(self) -> bool:
        """True where the kernel is the outer product of one vector an axis (rank 1 in float64)."""
        if self.full:
            return False
        unfolded = (
            np.moveaxis(self.weights, axis, 0).reshape(n, -1) for axis, n in enumerate(self.size)
        )
        return all(
            np.linalg.matrix_rank(matrix, tol=1e-12 * np.abs(matrix).max()) <= 1
            for matrix in unfolded
        )

    def flipped(self) -> "Kernel":
        """Return the kernel mirrored on every axis."""
        return replace(self, weights=np.flip(self.weights, axis=tuple(range(-self.dims, 0))))


@dataclass(frozen=True, eq=False)
class Bank:
    """What one `-k` stands for: kernels side by side, and how their results become one.

    Attributes:
        label: the name of the result.
        kernels: one or more.
        combine: None for a single kernel or a bank whose results stay apart.
    """

    label: str
    kernels: tuple[Kernel, ...]
    combine: Combine | None = None

    @property
    def signed(self) -> bool:
        """True where the result needs mapping to be seen whole."""
        return any(kernel.signed for kernel in self.kernels)
