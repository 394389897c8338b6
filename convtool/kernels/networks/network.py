"""The contract of networks: what one tells of its layers, and the weights of one of them."""

import difflib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_BIASES, MAX_WEIGHT
from convtool.kernels.own import Own, Preprocess

Numbers = NDArray[np.float64]

SHOWN = 6  # names in a hint


@dataclass(frozen=True)
class Described:
    """A convolution of a network, as lists show it.

    Attributes:
        name: of the layer in the network.
        kind: as the network calls it, such as Conv2d.
        shape: of the weights: (out, in/groups, *K).
        own: how it moves; None where the network does not say.
        bias: it has one.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    own: Own | None
    bias: bool


@dataclass(frozen=True, eq=False)
class Trained:
    """A convolution of a network with its weights.

    Attributes:
        weights: shape (out, in/groups, *K).
        bias: of each output; None where it has none.
        own: how it moves.
        preprocess: what an input of the network goes through before it; None where it is not
            known, or the layer is not the first.
        notes: what a user should know of it.
    """

    weights: Numbers
    bias: Numbers | None
    own: Own
    preprocess: Preprocess | None = None
    notes: tuple[str, ...] = ()


class Network(Protocol):
    """A network, opened."""

    def layers(self) -> Sequence[Described]:
        """Return its convolutions, in its order."""

    def layer(self, name: str) -> Trained:
        """Return one of its convolutions.

        Raises:
            KernelError: there is none by this name, or its weights cannot be used.
        """

    def steps(self, first: str, last: str) -> tuple[str, ...]:
        """Return the steps of a chain from one layer to another, as `-k` takes them.

        Raises:
            KernelError: a layer between them is no step that chains have.
        """

    def files(self) -> list[Path]:
        """Return the files that its weights are read from."""


def check_layer(place: str, weights: Numbers, bias: Numbers | None) -> None:
    """Check that numbers are the weights of a convolution, within the limits.

    Args:
        place: the network and the layer, for messages.
        weights: expected of shape (out, in/groups, *K) with one to three axes of taps.
        bias: expected one per output, or None.

    Raises:
        KernelError: they are not.
    """
    check_axes(place, weights.shape)
    if len(weights) > MAX_BIASES:
        raise KernelError(f"{place} makes {len(weights)} outputs, the limit is {MAX_BIASES}")
    if bias is not None and bias.shape != (len(weights),):
        found = "×".join(map(str, bias.shape)) or "a single number"
        raise KernelError(f"{place} makes {len(weights)} outputs, and its bias is {found}")
    for numbers in (weights, bias):
        if numbers is not None and not bool((np.abs(numbers) <= MAX_WEIGHT).all()):
            raise KernelError(
                f"{place}: weights and biases are finite and at most {MAX_WEIGHT:g} in size"
            )


def check_axes(place: str, shape: tuple[int, ...]) -> None:
    """Check that a shape is that of a convolution's weights.

    Raises:
        KernelError: it is not.
    """
    if not 3 <= len(shape) <= 5:
        size = "×".join(map(str, shape)) or "a single number"
        raise KernelError(
            f"{place} is {size}: no convolution, whose weights have outputs, inputs and one to "
            "three axes of taps"
        )


def check_shape(place: str, shape: tuple[int, ...], most: int) -> None:
    """Check that a tensor has at least one number, and not too many; before it is read.

    Raises:
        KernelError: it has not.
    """
    count = math.prod(shape)
    if not 0 < count <= most or min(shape, default=1) < 0:
        size = "×".join(map(str, shape))
        raise KernelError(f"{place} has {count} numbers ({size}), expected 1 to {most}")


def unknown(place: str, name: str, known: Iterable[str]) -> KernelError:
    """Return the error of a layer that a network does not have, with similar names.

    Args:
        place: the network.
        name: of the layer.
        known: the names of its layers.
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.6)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    else:
        more = ", …" if len(names) > SHOWN else ""
        hint = f"its convolutions: {', '.join(names[:SHOWN])}{more}"
    if not names:
        hint = "it has no convolutions"
    what = f"no layer '{name}'" if name else "name one of its layers, as in NETWORK:LAYER"
    return KernelError(f"{place}: {what}", hint=hint)
