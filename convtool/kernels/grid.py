"""Read kernels that are written out as a grid: `1 -1`, `0 -1 0; -1 5 -1; 0 -1 0`.

Spaces separate numbers, `;` or line breaks rows, and `|` the planes of a 3-D grid. Nested brackets,
as Python and NumPy print them, are read as well: `[[0, -1, 0], [-1, 5, -1], [0, -1, 0]]`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_NESTING, grid_shape
from convtool.kernels.grammar import parse_row
from convtool.kernels.kernel import KINDS, Bank, Kernel, usual_rule
from convtool.kernels.loader import KernelSpec, Request

_NUMBERS = re.compile(r"[\s\d.+\-eE/;|]+")
# What begins as a grid is one with a mistake, not the name of a preset.
_BEGINS_AS_GRID = re.compile(r"\s*[+-]?\.?\d[\d./+\-eE]*\s*[\s,;|]")
_NESTED = re.compile(r"\s*(?:(?:np\.|numpy\.|torch\.)?(?:array|tensor|Tensor)\(\s*)?[\[(]")
_AROUND = re.compile(r"^\s*[\w.]*\(\s*(?=\[)|(,\s*(dtype|device)\s*=[^\]\[]*)?\s*\)\s*$")
_EXAMPLE = "spaces separate numbers, ';' rows and '|' planes: '0 -1 0; -1 5 -1; 0 -1 0'"


class GridLoader:
    """Weights in the text itself."""

    def claims(self, text: str) -> bool:
        """Return whether the text is made of numbers, or begins with one or a bracket."""
        begins = _BEGINS_AS_GRID.match(text) or _NESTED.match(text)
        return bool(_NUMBERS.fullmatch(text) or begins)

    def parse(self, text: str) -> KernelSpec:
        """Return the spec; the whole text is the grid."""
        return KernelSpec(text, self, text)

    def load(self, spec: KernelSpec, request: Request) -> Bank:
        """Read the numbers; a grid of fewer axes is lifted to the input's."""
        dims = request.dims
        weights = self._weights(spec)
        has_channel_axes = bool(_NESTED.match(spec.head)) and weights.ndim == dims + 2
        if not has_channel_axes:
            weights = _of_dimension(weights, dims)
        if weights.ndim not in (dims, dims + 2):
            shape = "×".join(map(str, weights.shape))
            raise KernelError(f"grid '{spec.text}' is {shape}, expected {KINDS[dims]}")
        rule, text = usual_rule(weights, dims), " ".join(spec.text.split())
        return Bank.of(Kernel("grid", dims, weights, normalize=rule, text=text))

    def _weights(self, spec: KernelSpec) -> NDArray[np.float64]:
        """Return the numbers of a grid, with as many axes as it is written with."""
        try:
            return read_numbers(spec.head)
        except KernelError as exc:
            raise KernelError(f"grid '{spec.text}': {exc}", hint=exc.hint) from exc

    def dimensions(self, spec: KernelSpec, search: Sequence[Path]) -> tuple[int, ...]:
        """Return the axes that the separators or the brackets show."""
        del search
        if _NESTED.match(spec.head):
            axes = self._weights(spec).ndim
            return (1, 2) if axes == 1 else (axes if axes <= max(KINDS) else axes - 2,)
        if "|" in spec.head:
            return (3,)
        return (2,) if ";" in spec.head or "\n" in spec.head.strip() else (1, 2)

    def files(self, spec: KernelSpec, search: Sequence[Path]) -> list[Path]:
        """Return none."""
        del spec, search
        return []

    def steps(self, spec: KernelSpec, search: Sequence[Path]) -> Sequence[str]:
        """Return none: it is a kernel."""
        del spec, search
        return ()


def read_numbers(text: str) -> NDArray[np.float64]:
    """Return the numbers of a grid: with three axes, or as many as brackets show.

    Raises:
        KernelError: one is not a number, rows differ in length, or brackets do not match.

    >>> read_numbers("1 2; 3 4").shape, read_numbers("[1, 2]").shape
    ((1, 2, 2), (2,))
    """
    nested = is_nested(text)
    try:
        grid = _brackets(text) if nested else _planes(text)
        grid_shape(grid)
    except KernelError as exc:
        raise KernelError(exc.message, hint=exc.hint or (None if nested else _EXAMPLE)) from exc
    except ValueError as exc:
        raise KernelError(str(exc)) from exc
    return np.asarray(grid, dtype=np.float64)


def is_nested(text: str) -> bool:
    """Return whether a text begins with brackets, as Python and NumPy print arrays."""
    return bool(_NESTED.match(text))


def _planes(text: str) -> list[list[list[float]]]:
    """Return the planes of a grid with separators."""
    planes = (plane.strip().replace("\n", ";") for plane in text.split("|"))
    return [[parse_row(row) for row in re.split(r"\s*;\s*", plane)] for plane in planes]


def _of_dimension(weights: NDArray[np.float64], dims: int) -> NDArray[np.float64]:
    """Return weights with axes of length 1 before them added or removed, as far as that goes."""
    while weights.ndim > dims and weights.shape[0] == 1:
        weights = weights[0]
    return weights.reshape((1,) * (dims - weights.ndim) + weights.shape)


def _brackets(text: str) -> Any:
    """Return nested lists of numbers, as Python or NumPy print them.

    Raises:
        KernelError: something else is between the brackets, or they do not match.
    """
    text = _AROUND.sub("", text) if _AROUND.match(text) else text
    open_lists: list[list[Any]] = [[]]
    for word in re.findall(r"[\[(]|[\])]|[^\s,\[\]()]+", text):
        if word in "[(":
            open_lists.append([])
        elif word in "])":
            inner = open_lists.pop()
            if not open_lists:
                break
            open_lists[-1].append(inner)
        else:
            open_lists[-1] += parse_row(word)
        if len(open_lists) > MAX_NESTING:
            raise KernelError(f"brackets are nested more than {MAX_NESTING} deep")
    if len(open_lists) != 1 or len(open_lists[0]) != 1:
        raise KernelError("its brackets do not match", hint="for example [[0, 1], [1, 0]]")
    return open_lists[0][0]
