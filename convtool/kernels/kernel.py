"""Kernels as layers take them: weights with a name, alone or side by side in a bank.

It must not know where weights come from: loaders make kernels.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from convtool.errors import LayerError
from convtool.kernels import heat, table
from convtool.kernels.own import Own, Preprocess
from convtool.options.kernel import Combine
from convtool.options.layer import Align

ROUNDING = 1e-12  # of the weights' size: a smaller sum is one of zero
KINDS = {1: "1-D (audio)", 2: "2-D (images)", 3: "3-D (video)"}


@dataclass(frozen=True, eq=False)
class Kernel:
    """The weights of one filter, ready for a layer.

    Attributes:
        label: its name in messages and output names; it includes the parameters that were given.
        dims: the number of axes it moves along: 1, 2 or 3.
        weights: float64 of shape (*K), or (out, in/groups, *K) with channel axes.
        bias: added to every output; or one number per output channel that the kernel makes.
        normalize: the rule that shows its results by default; see `usual_rule`.
        align: the tap that lies on the current audio sample: the middle one, or the last.
        notes: how it was made, where a user should know.
        text: the numbers of a grid, as they are written, or the name of a network's layer.
        own: how the layer that it was trained in moves; None for a kernel without a layer.
        preprocess: what an input goes through before it, where its network says so.
    """

    label: str
    dims: int
    weights: NDArray[np.float64]
    bias: float | tuple[float, ...] = 0.0
    normalize: str = "clamp"
    align: Align = "centre"
    notes: tuple[str, ...] = ()
    text: str = ""
    own: Own | None = None
    preprocess: Preprocess | None = None

    @property
    def title(self) -> str:
        """What people know it by: its name, or `text`."""
        return self.text or self.label

    @property
    def name(self) -> str:
        """What messages call it: as `-k` has it for a layer of a network, otherwise its label."""
        return self.label if self.own is None else self.title

    @property
    def size(self) -> tuple[int, ...]:
        """The number of taps along each axis, without channel axes."""
        return self.weights.shape[-self.dims :]

    @property
    def has_channel_axes(self) -> bool:
        """True where the weights have axes for output and input channels."""
        return self.weights.ndim == self.dims + 2

    @property
    def total(self) -> float:
        """The sum of all weights, which is the response to a constant input of 1."""
        return float(self.weights.sum())

    def output_range(self, *, signed: bool = False) -> tuple[float, float]:
        """Return the smallest and largest possible result.

        Args:
            signed: inputs are in -1…1; otherwise in 0…1.
        """
        outputs = self._outputs
        bias = self.biases(len(outputs)) if self.has_channel_axes else np.asarray(self.bias)
        if self.preprocess is not None:
            outputs, bias = self.preprocess.folded(self.weights, bias)
            outputs = outputs.reshape(len(outputs), -1)
        low, high = np.minimum(outputs, 0).sum(1), np.maximum(outputs, 0).sum(1)
        if signed:
            low, high = low - high, high - low
        return float((low + bias).min()), float((high + bias).max())

    @property
    def _outputs(self) -> NDArray[np.float64]:
        """The weights of each output. Shape: (out, K)"""
        return self.weights.reshape(len(self.weights) if self.has_channel_axes else 1, -1)

    def biases(self, outputs: int) -> NDArray[np.float64]:
        """Return the bias of each output channel that the kernel makes.

        Args:
            outputs: how many it makes in a layer.

        Raises:
            LayerError: the file of the kernel lists another number.
        """
        if isinstance(self.bias, tuple) and len(self.bias) != outputs:
            raise LayerError(
                f"kernel '{self.label}' makes {outputs} output channels, and its file lists "
                f"{len(self.bias)} for bias"
            )
        return np.broadcast_to(np.asarray(self.bias, dtype=np.float64), outputs)

    @property
    def separable(self) -> bool:
        """True where the kernel is the outer product of one vector per axis (rank 1 in float64)."""
        if self.has_channel_axes:
            return False
        for axis, taps in enumerate(self.size):
            unfolded = np.moveaxis(self.weights, axis, 0).reshape(taps, -1)
            tolerance = 1e-12 * np.abs(unfolded).max()
            if np.linalg.matrix_rank(unfolded, tol=tolerance) > 1:
                return False
        return True

    def flipped(self) -> "Kernel":
        """Return the kernel mirrored along every axis."""
        return replace(self, weights=mirrored(self.weights, self.dims))

    @property
    def planes(self) -> list[heat.Plane]:
        """The weights as planes, to be drawn."""
        return heat.planes(self.weights, self.dims)

    @property
    def facts(self) -> tuple[str, ...]:
        """What is said of it beside its weights: its size, sum, bias and range."""
        signed = self.dims == 1
        reach = table.spread(self.output_range(signed=signed))
        inputs = "−1…1" if signed else "0…1"
        bias = table.spread(np.atleast_1d(self.bias).tolist())
        sums, sizes = self._outputs.sum(1), np.abs(self._outputs).sum(1)
        sums = np.where(np.abs(sums) <= ROUNDING * sizes, 0.0, sums)
        return (
            "×".join(map(str, self.weights.shape)),
            f"sum {table.spread(sums.tolist())}",
            *([] if bias == "0" else [f"bias {bias}"]),
            f"results {reach} for inputs in {inputs}",
            *self.notes,
        )

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the weights as a heat map with numbers."""
        return table.figure(self.title, self.facts, table.tables(self.planes))

    def _repr_png_(self) -> bytes:
        """Return the heat map as a picture, for notebooks that are printed."""
        return heat.png(self.planes)


@dataclass(frozen=True, eq=False)
class Bank:
    """The kernels of one `-k`, side by side, and how their results are combined.

    Attributes:
        label: the name of the combined result.
        kernels: one or more.
        combine: how results become one; None where they stay separate.
        stated: the rule that shows the combined result, where its file states one.
    """

    label: str
    kernels: tuple[Kernel, ...]
    combine: Combine | None = None
    stated: str | None = None

    @classmethod
    def of(cls, kernel: Kernel) -> "Bank":
        """Return the bank of a single kernel."""
        return cls(kernel.label, (kernel,))

    @property
    def normalize(self) -> str:
        """The rule that shows its combined result by default."""
        rules = [kernel.normalize for kernel in self.kernels]
        return self.stated or joined_rule(rules, self.combine)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: its kernels side by side."""
        if len(self.kernels) == 1:
            return self.kernels[0]._repr_html_()
        how = f"combined by {self.combine}" if self.combine else "not combined"
        facts = f"a bank of {len(self.kernels)} kernels", how
        return table.figure(self.label, facts, (each._repr_html_() for each in self.kernels))

    def _repr_png_(self) -> bytes:
        """Return the heat maps of its kernels as one picture, for notebooks that are printed."""
        return heat.png([plane for each in self.kernels for plane in each.planes])


def mirrored(weights: NDArray[np.float64], dims: int) -> NDArray[np.float64]:
    """Return weights in the opposite order along their last axes.

    They are copied, as torch takes no negative strides, which `ascontiguousarray` leaves on axes
    of one element.

    >>> mirrored(np.array([1.0, 2.0]), 1)
    array([2., 1.])
    """
    return np.flip(weights, axis=tuple(range(-dims, 0))).copy()


def usual_rule(weights: NDArray[np.float64], dims: int) -> str:
    """Return the rule for results of weights that nobody stated one for.

    It is `centred` where they sum to zero for each output channel, rounding apart: a constant input
    gives nothing, so that results lie on both sides of zero. Others are clamped.

    >>> usual_rule(np.array([0.1, 0.2, -0.3]), 1), usual_rule(np.zeros(3), 1)
    ('centred', 'clamp')
    """
    outputs = weights.reshape(weights.shape[0] if weights.ndim > dims else 1, -1)
    sums, sizes = outputs.sum(1), np.abs(outputs).sum(1)
    is_centred = sizes.any() and (np.abs(sums) <= 1e-9 * sizes).all()
    return "centred" if is_centred else "clamp"


def joined_rule(rules: Sequence[str], combine: Combine | None) -> str:
    """Return the rule for results that are combined into one.

    Magnitudes of what is centred have one side only, and are clamped. Where rules differ, results
    are centred if one of them is, else clamped.

    >>> joined_rule(["centred", "clamp"], "sum"), joined_rule(["centred"] * 2, "magnitude")
    ('centred', 'clamp')
    """
    if "centred" in rules:
        return "clamp" if combine == "magnitude" else "centred"
    return rules[0] if len(set(rules)) == 1 else "clamp"
