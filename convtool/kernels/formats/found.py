"""What a format has read, what it writes, and how it says what it cannot hold.

Weights are those of `nn.Conv` everywhere: in the order of correlation, with the tap in the middle
of each axis, the one before it where there are two, on the current sample. Formats convert.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_WEIGHT, MAX_WEIGHTS
from convtool.kernels.kernel import KINDS, Bank, Kernel, usual_rule

Weights = NDArray[np.float64]
Direction = Literal["correlation", "convolution"]
MAX_AXES = 5  # of weights for video with channels

Bias = float | tuple[float, ...]


@dataclass(frozen=True)
class Found:
    """What a file holds.

    Attributes:
        weights: of shape (*K), or (out, in/groups, *K) with channel axes.
        bias: added to every output, or one number per output channel.
        notes: how it was converted, where a user should know.
        layers: three axes and more are those of a layer, with channel axes.
    """

    weights: Weights
    bias: Bias = 0.0
    notes: tuple[str, ...] = ()
    layers: bool = False

    @property
    def dimensions(self) -> tuple[int, ...]:
        """The dimensions that there are weights for; others may be made of them."""
        axes = self.weights.ndim
        if axes == 1 or (axes == 2 and len(self.weights) == 1):
            return (1, 2)
        if axes == 3 and self.layers:
            return (1, 3)
        return (axes,) if axes <= max(KINDS) else (axes - 2,)

    def bank(self, label: str, dims: int) -> Bank:
        """Return the kernel for an input of so many spatial axes.

        Args:
            label: its name.
            dims: 1 audio, 2 images, 3 video.

        Raises:
            KernelError: it has more axes.
        """
        weights = self.weights
        if weights.ndim != dims + 2:
            while weights.ndim > dims and weights.shape[0] == 1:
                weights = weights[0]
            weights = weights.reshape((1,) * (dims - weights.ndim) + weights.shape)
        if weights.ndim not in (dims, dims + 2):
            shape = "×".join(map(str, self.weights.shape))
            raise KernelError(f"kernel '{label}' is {shape}, expected {KINDS[dims]}")
        rule = usual_rule(weights, dims)
        return Bank.of(Kernel(label, dims, weights, self.bias, rule, notes=self.notes))


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a file beside its weights.

    Attributes:
        rate: samples per second of an impulse response.
        name: of the kernel.
    """

    rate: float
    name: str


@dataclass(frozen=True)
class Written:
    """The content of a file, and what its user should know of it."""

    content: bytes
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """A format of kernels.

    Attributes:
        word: its name on the command line.
        title: what it is, for people.
        suffixes: of its files, the usual one first.
        direction: of its weights.
        dims: the dimensions that it can hold, the preferred one first.
        write: returns the content of a file with a kernel.
        read: returns what a file holds; None where a loader of its own reads it.
    """

    word: str
    title: str
    suffixes: tuple[str, ...]
    direction: Direction
    dims: tuple[int, ...]
    write: Callable[[Kernel, Wanted], Written]
    read: Callable[[Path], Found] | None = None


def checked(place: str, weights: Weights) -> Weights:
    """Return weights, once there are some, not too many, all finite and not too large.

    Args:
        place: the file, for messages.
        weights: of any shape.

    Raises:
        KernelError: they are not so.
    """
    if not 0 < weights.size <= MAX_WEIGHTS:
        raise KernelError(f"{place}: {weights.size} weights, expected 1 to {MAX_WEIGHTS}")
    if not bool((np.abs(weights) <= MAX_WEIGHT).all()):
        raise KernelError(f"{place}: weights are finite and at most {MAX_WEIGHT:g} in size")
    return weights


def plane_of(kernel: Kernel, title: str) -> Weights:
    """Return the weights of a kernel as rows and columns. Shape: (H, W)

    Args:
        kernel: the kernel.
        title: of the format, which has rows and columns only.

    Raises:
        KernelError: it has channels, or more than one frame.
    """
    weights = kernel.weights
    if kernel.has_channel_axes and weights.shape[:2] == (1, 1):
        weights = weights[0, 0]
    if weights.ndim == 3 and len(weights) == 1:
        weights = weights[0]
    if weights.ndim > 2:
        shape = "×".join(map(str, kernel.weights.shape))
        raise KernelError(
            f"kernel '{kernel.label}' is {shape}, and {title} has rows and columns only",
            hint="YAML, JSON, .npy, .safetensors and .pt hold more axes",
        )
    return np.atleast_2d(weights)


def refuse_bias(kernel: Kernel, title: str) -> None:
    """Check that a kernel has no bias, which a format cannot hold.

    Raises:
        KernelError: it has one.
    """
    if np.any(kernel.bias):
        raise KernelError(
            f"kernel '{kernel.label}' has the bias {kernel.bias}, which {title} cannot hold",
            hint="YAML, JSON, .safetensors and .pt hold it",
        )


def lost(kernel: Kernel) -> tuple[str, ...]:
    """Return notes on what a kernel says beside its weights and bias, which most formats cannot."""
    notes = []
    if kernel.align == "causal":
        notes.append(
            "its last tap lies on the current sample, which this format cannot say: "
            "--align causal does"
        )
    if kernel.normalize != usual_rule(kernel.weights, kernel.dims):
        notes.append(
            f"its results are shown by {kernel.normalize}, which this format cannot say: "
            f"--normalize {kernel.normalize} does"
        )
    return tuple(notes)


def centred_on(weights: Weights, origin: Sequence[int]) -> Weights:
    """Return weights with zeros around them, so that their origin is where convtool has it.

    Args:
        weights: of one axis per number of `origin`.
        origin: the tap of each axis that lies on the current sample.

    >>> centred_on(np.array([1.0, 2.0]), (1,)).tolist()
    [1.0, 2.0, 0.0]
    """
    ends = []
    for place, taps in zip(origin, weights.shape, strict=True):
        before, after = place, taps - 1 - place
        ends.append((max(0, after - 1 - before), max(0, before - after)))
    return np.pad(weights, ends)


def odd(weights: Weights) -> tuple[Weights, tuple[str, ...]]:
    """Return weights with zeros before axes of even length, and the note on it.

    The middle is then the same for all programs.
    """
    ends = [(1 - taps % 2, 0) for taps in weights.shape]
    if not any(before for before, _ in ends):
        return weights, ()
    padded = np.pad(weights, ends)
    size = "×".join(map(str, padded.shape))
    return padded, (f"made {size} by zeros, so that its middle stays where it is",)
