"""Weights from sums of products: regularized least squares, and how well each weight is known.

The strength of the regularization follows from the data, by the evidence: the size of the noise and
that of the weights are those under which AFTER is most probable. It is felt only along combinations
of weights about which the data says next to nothing.

Source: D. MacKay, Bayesian interpolation, Neural Computation 4 (1992), 415-447
"""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

NOTHING = 1e-12  # of all variance: less along a combination of weights is rounding
TINY = 1e-300  # in place of zero, where it divides
STEPS = 50  # of the search for the sizes of noise and weights
SETTLED = 1e-6  # change of their ratio at which it ends
NARROW = 1e-2  # of a weight that would make all of AFTER alone: weights are not taken smaller
SILENT = 0.5  # of the sum of the weights, from which on it cannot be told from a bias
CLEAR = 2.0  # standard deviations from which on a bias is not zero


@dataclass(frozen=True, eq=False)
class Solution:
    """The weights of a system.

    Attributes:
        weights: shape (W,).
        bias: 0 where none was looked for, or none was found.
        uncertainty: of each weight, one standard deviation. Shape: (W,)
        known: the share of each weight that comes from the data; the rest is the assumption that
            weights are small. Shape: (W,)
        axes: combinations of weights that are independent of each other. Shape: (W, F)
        told: the share of each that comes from the data. Shape: (F,)
        noise: the standard deviation of what the kernel does not explain, in units of AFTER.
        has_bias: a bias was found; else it is taken for zero.
        ambiguous: a bias was looked for, and cannot be told from the sum of the weights.
    """

    weights: Numbers
    bias: float
    uncertainty: Numbers
    known: Numbers
    axes: Numbers
    told: Numbers
    noise: float
    has_bias: bool
    ambiguous: bool

    @cached_property
    def shares(self) -> Numbers:
        """How each found weight depends on the true ones: the identity where all are known.

        Shape: (W, W)
        """
        found: Numbers = (self.axes * self.told) @ self.axes.T
        return found


def solve(
    products: Numbers,
    basis: Numbers,
    *,
    bias: bool = True,
    non_negative: bool = False,
    least: float = 0.0,
) -> Solution:
    """Return the weights that explain AFTER best.

    Args:
        products: of windows, a one, and AFTER; see `Sums`.
        basis: of the weights that are allowed; see `ties`.
        bias: look for one.
        non_negative: no weight is negative.
        least: noise that there is at least, one standard deviation: that of rounding.

    Shape: (W + 2, W + 2), (W, F)

    >>> x, w = np.random.default_rng(1).random((9, 2)), np.array([3.0, -1.0])
    >>> rows = np.column_stack([x, np.ones(9), x @ w + 0.5])
    >>> found = solve(rows.T @ rows, np.eye(2))
    >>> found.weights.round(3), round(found.bias, 3)
    (array([ 3., -1.]), 0.5)
    """
    means = products[:-2, -2] / products[-2, -2], float(products[-1, -2] / products[-2, -2])
    ambiguous = False
    if bias:
        centred = _System(products, basis, means, least, non_negative)
        ambiguous = centred.silent(means[0]) > SILENT
        found = centred.solution(means[1], has_bias=True)
        if not ambiguous and abs(found.bias) >= CLEAR * centred.doubt(means[0]):
            return found
    nothing = np.zeros_like(means[0]), 0.0
    return _System(products, basis, nothing, least, non_negative).solution(ambiguous=ambiguous)


class _System:
    """Normal equations about some means, along the axes on which they are independent."""

    def __init__(
        self,
        products: Numbers,
        basis: Numbers,
        means: tuple[Numbers, float],
        least: float,
        non_negative: bool,  # noqa: FBT001  # of `solve`
    ) -> None:
        self._basis, self._means, self._non_negative = basis, means, non_negative
        self._count = float(products[-2, -2])
        squares = products / self._count
        inner = squares[:-2, :-2] - np.outer(means[0], means[0])
        cross = squares[:-2, -1] - means[0] * means[1]
        self._power = max(0.0, float(squares[-1, -1]) - means[1] ** 2)
        tied = basis.shape[0] > basis.shape[1]  # otherwise it is the identity
        values, axes = np.linalg.eigh(basis.T @ inner @ basis if tied else inner)
        whole = max(float(np.trace(squares[:-2, :-2])), TINY)
        self.values = np.where(values > NOTHING * whole, values, 0.0)
        self._axes: Numbers = basis @ axes if tied else axes
        self._along = np.where(self.values > 0, self._axes.T @ cross, 0.0)
        size, after = math.sqrt(whole / len(means[0])), math.sqrt(float(squares[-1, -1]))
        rounding = float(np.finfo(np.float32).eps) * after
        self._least = max(least, rounding, TINY)
        self._settle(max(after, self._least) / size)

    def _settle(self, largest: float) -> None:
        """Find the sizes of noise and of weights under which AFTER is most probable."""
        values, along, count = self.values, self._along, self._count
        noise, size = self._least, largest
        for _ in range(STEPS):
            ridge = noise**2 / (count * size**2)
            found = along / (values + ridge)
            told = float((values / (values + ridge)).sum())
            noise = self._noise_of(found, told)
            wanted = math.sqrt(float(found @ found) / told) if told > 0 else largest
            size = min(max(wanted, NARROW * largest), largest)
            if abs(noise**2 / (count * size**2) - ridge) <= SETTLED * ridge:
                break
        self._noise, self._ridge = noise, noise**2 / (count * size**2)

    def _noise_of(self, found: Numbers, told: float) -> float:
        """Return the size of what weights do not explain.

        Args:
            found: they, along the axes.
            told: how many numbers were taken from the data to find them.
        """
        explained = 2 * found @ self._along - found @ (self.values * found)
        left = max(0.0, self._power - float(explained))
        free = max(1 - told / self._count, 1 / self._count)
        return max(self._least, math.sqrt(left / free))

    @property
    def _told(self) -> Numbers:
        """The share that comes from the data, along each axis."""
        return self.values / (self.values + self._ridge)

    def silent(self, direction: Numbers) -> float:
        """Return the share of a combination of weights about which the data says nothing."""
        along = self._axes.T @ direction
        whole = float(direction @ direction)
        inside = float(along @ along)
        if not inside or not whole:
            return 0.0
        return float((1 - self._told) @ along**2) / inside

    def doubt(self, direction: Numbers) -> float:
        """Return the standard deviation of the bias.

        Args:
            direction: the means of windows.
        """
        along = self._axes.T @ direction
        spread = self._noise**2 / self._count / (self.values + self._ridge)
        return float(np.sqrt(self._noise**2 / self._count + spread @ along**2))

    def solution(
        self, mean: float = 0.0, *, has_bias: bool = False, ambiguous: bool = False
    ) -> Solution:
        """Return the weights.

        Args:
            mean: of AFTER, where there is a bias.
            has_bias: there is one.
            ambiguous: one was looked for in vain.
        """
        told, noise = self._told, self._noise
        weights = self._axes @ (self._along / (self.values + self._ridge))
        if self._non_negative:
            weights = self._bounded()
            noise = max(noise, self._noise_of(self._axes.T @ weights, float(told.sum())))
        spread = noise**2 / self._count / (self.values + self._ridge)
        return Solution(
            weights,
            mean - float(self._means[0] @ weights) if has_bias else 0.0,
            np.sqrt((self._axes**2) @ spread),
            (self._axes**2 @ told) / (self._basis**2).sum(1),
            self._axes,
            told,
            noise,
            has_bias,
            ambiguous,
        )

    def _bounded(self) -> Numbers:
        """Return the best weights of which none is negative."""
        from scipy.optimize import nnls  # noqa: PLC0415  # takes time, and is rarely asked for

        lengths = np.sqrt(self.values + self._ridge)
        own = self._axes.T @ self._basis  # each free number is a weight, times a positive one
        free, _ = nnls(lengths[:, None] * own, self._along / lengths, maxiter=30 * len(lengths))
        weights: Numbers = self._basis @ free
        return weights
