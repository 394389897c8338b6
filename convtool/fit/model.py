"""Which weights are looked for: the taps, which channels they join, which of them are equal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convtool.errors import LayerError, ReadError
from convtool.layers.alignment import origin
from convtool.media.contract import Part
from convtool.media.registry import Medium
from convtool.options.declare import per_axis
from convtool.options.fit import OTHER_SIZE, SIZES, FitOptions
from convtool.options.layer import Align
from convtool.sizes import check_groups, counted, size_text

MOST_WEIGHTS = 4096  # of one system: its solution takes a minute, and 600 MiB


@dataclass(frozen=True)
class System:
    """Weights that are found together.

    Attributes:
        joins: the input channels and the output channel that they join; several where the same
            weights serve several channels.
    """

    joins: tuple[tuple[tuple[int, ...], int], ...]


@dataclass(frozen=True)
class Model:
    """The layer that is looked for.

    Attributes:
        size: taps per axis.
        align: where the kernel lies on the leading axis.
        inputs: channels of BEFORE that each output depends on.
        systems: one, or one per output channel.
        shared: one kernel serves all channels.
    """

    size: tuple[int, ...]
    align: Align
    inputs: int
    systems: tuple[System, ...]
    shared: bool

    @classmethod
    def of(
        cls, asked: FitOptions, medium: Medium, parts: tuple[Part, Part], names: tuple[str, str]
    ) -> "Model":
        """Return the layer that is looked for between two parts.

        Args:
            asked: what is looked for.
            medium: of both files.
            parts: of BEFORE and AFTER.
            names: of the files, for messages.

        Raises:
            UsageError: --size does not fit the medium.
            LayerError: the channels cannot be grouped so, or the weights are too many.
            ReadError: the parts have other numbers of channels than the layer would.
        """
        usual = SIZES.get(medium.name, OTHER_SIZE)
        size = per_axis("size", usual if asked.size is None else asked.size, medium.dims)
        ins, outs = (len(part.channels) for part in parts)
        apart = asked.groups in (None, "depthwise")
        if apart and ins != outs:
            raise ReadError(
                f"{names[0]} has {counted(ins, 'channel')}, and {names[1]} {outs}",
                named=True,
                hint="--groups 1 lets each channel of AFTER depend on all of BEFORE",
            )
        groups = ins if apart else int(asked.groups or 1)
        check_groups(ins, groups, "input")
        check_groups(outs, groups, "output")
        inputs, outputs = ins // groups, outs // groups
        weights = inputs * math.prod(size)
        if weights > MOST_WEIGHTS:
            raise LayerError(
                f"{weights} weights per output are looked for, more than the limit of "
                f"{MOST_WEIGHTS}",
                hint="--size takes fewer taps",
            )
        joins = []
        for out in range(outs):
            first = out // outputs * inputs
            joins.append((tuple(range(first, first + inputs)), out))
        shared = asked.groups is None
        systems = (System(tuple(joins)),) if shared else tuple(System((join,)) for join in joins)
        align = asked.align if medium.aligned else "centre"
        return cls(size, align, inputs, systems, shared)

    @property
    def origin(self) -> tuple[int, ...]:
        """The tap that lies on the current sample."""
        return origin(self.size, self.align)

    @property
    def weights(self) -> int:
        """The number of weights of a system."""
        return self.inputs * math.prod(self.size)

    def valid(self, size: Sequence[int], name: str) -> tuple[int, ...]:
        """Return how many windows of the kernel lie inside an input, per axis.

        Args:
            size: of the input.
            name: of the input, for messages.

        Raises:
            LayerError: none does.
        """
        counts = tuple(n - k + 1 for n, k in zip(size, self.size, strict=True))
        if min(counts) < 1:
            fits = ",".join(str(min(n, k)) for n, k in zip(size, self.size, strict=True))
            raise LayerError(
                f"{name}: a kernel of {size_text(self.size)} does not fit into {size_text(size)}",
                hint=f"--size {fits} fits",
            )
        return counts


def ties(inputs: int, size: Sequence[int], *, symmetric: bool) -> NDArray[np.float64]:
    """Return the orthonormal basis of the weights that a system may have.

    Args:
        inputs: channels.
        size: taps per axis.
        symmetric: weights that mirror each other along an axis are equal.

    Shape: (W, F), F free numbers

    >>> ties(1, (3,), symmetric=True).round(2)
    array([[0.71, 0.  ],
           [0.  , 1.  ],
           [0.71, 0.  ]])
    """
    places = np.arange(inputs * math.prod(size)).reshape(inputs, *size)
    if symmetric:
        for axis in range(1, places.ndim):
            places = np.minimum(places, np.flip(places, axis))
    _, orbits, counts = np.unique(places, return_inverse=True, return_counts=True)
    orbits = orbits.ravel()
    basis = np.zeros((len(orbits), len(counts)))
    basis[np.arange(len(orbits)), orbits] = 1 / np.sqrt(counts[orbits])
    return basis
