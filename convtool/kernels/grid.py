"""Read kernels that are written out as a grid: `1 -1`, `0 -1 0; -1 5 -1; 0 -1 0`.

Spaces separate numbers, `;` rows, and `|` the planes of a 3-D grid.
"""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from convtool.errors import KernelError
from convtool.kernels.bounds import grid_shape
from convtool.kernels.grammar import parse_row
from convtool.kernels.kernel import KINDS, Bank, Kernel, sums_to_zero
from convtool.kernels.loader import KernelSpec, Request

_NUMBERS = re.compile(r"[\s\d.+\-eE/;|]+")
# What begins as a grid is one with a mistake, not the name of a preset.
_BEGINS_AS_GRID = re.compile(r"\s*(\[|[+-]?\.?\d[\d./+\-eE]*\s*[\s,;|])")
_EXAMPLE = "spaces separate numbers, ';' rows and '|' planes: '0 -1 0; -1 5 -1; 0 -1 0'"


class GridLoader:
    """Weights in the text itself."""

    def claims(self, text: str) -> bool:
        """Return whether the text is made of numbers, or begins with one."""
        return bool(_NUMBERS.fullmatch(text) or _BEGINS_AS_GRID.match(text))

    def parse(self, text: str) -> KernelSpec:
        """Return the spec; the whole text is the grid."""
        return KernelSpec(text, self, text)

    def load(self, spec: KernelSpec, request: Request) -> Bank:
        """Read the numbers; a grid of fewer axes is lifted to the input's."""
        dims = request.dims
        try:
            planes = [_plane(plane) for plane in spec.head.split("|")]
            grid_shape(planes)
        except KernelError as exc:
            raise KernelError(f"grid '{spec.text}': {exc}", hint=_EXAMPLE) from exc
        except ValueError as exc:
            raise KernelError(f"grid '{spec.text}': {exc}") from exc
        weights = np.asarray(planes, dtype=np.float64)
        while weights.ndim > dims and weights.shape[0] == 1:
            weights = weights[0]
        if weights.ndim > dims:
            shape = "×".join(map(str, weights.shape))
            raise KernelError(f"grid '{spec.text}' is {shape}, expected {KINDS[dims]}")
        return Bank.of(Kernel("grid", dims, weights, signed=sums_to_zero(weights)))

    def dimensions(self, spec: KernelSpec, search: Sequence[Path]) -> tuple[int, ...]:
        """Return the axes that the separators show."""
        del search
        if "|" in spec.head:
            return (3,)
        return (2,) if ";" in spec.head else (1, 2)

    def files(self, spec: KernelSpec, search: Sequence[Path]) -> list[Path]:
        """Return none."""
        del spec, search
        return []


def _plane(text: str) -> list[list[float]]:
    return [parse_row(row) for row in text.split(";")]
