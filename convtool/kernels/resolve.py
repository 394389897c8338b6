"""Turn what `-k` says into weights: a preset's name with parameters, a YAML file, or a grid of numbers.

It knows no media and no PyTorch: weights are NumPy arrays in float64.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convtool.errors import KernelError, LayerError
from convtool.kernels import catalogue
from convtool.kernels.generators import GENERATORS
from convtool.kernels.grammar import (
    MAX_WEIGHT,
    MAX_WEIGHTS,
    grid_shape,
    parse_row,
    parse_value,
    split_parameters,
)
from convtool.kernels.kernel import Bank, Kernel

if TYPE_CHECKING:
    from convtool.kernels.schema import KernelFile

KINDS = {1: "1-D (sound)", 2: "2-D (pictures)", 3: "3-D (film)"}

_GRID = re.compile(r"^[\s\d.+\-eE/;|]+$")
_SPEC = re.compile(r"^(?P<head>.+?)(?::(?P<parameters>\w[\w-]*=.*))?$", re.DOTALL)


def resolve(
    spec: str, dims: int, *, search: Sequence[Path] = (), rate: float | None = None
) -> Bank:
    """Return the kernel or bank that `spec` names.

    Args:
        spec: `sobel-x`, `gaussian:sigma=3`, `my.yaml`, or a grid: `"1 -1"`, `"0 -1 0; -1 5 -1; 0 -1 0"`;
            `|` parts the planes of a 3-D grid.
        dims: 1 for sound, 2 for pictures, 3 for film.
        search: folders to look in before the search path.
        rate: samples a second, for kernels in Hz and seconds.

    Raises:
        KernelError: no such kernel, or none for these dimensions, or a parameter is wrong.

    >>> resolve("0 -1 0; -1 5 -1; 0 -1 0", 2).kernels[0].size
    (3, 3)
    """
    if not spec.strip():
        raise KernelError("an empty kernel: give a name, a YAML file or a grid of numbers")
    if _GRID.match(spec):
        return _single(_from_grid(spec, dims))
    file, parameters = _load(spec, search)
    return resolve_file(file, dims, parameters=parameters, search=_beside(spec, search), rate=rate)


def dimensions(spec: str, search: Sequence[Path] = ()) -> tuple[int, ...]:
    """Return the dimensions that `resolve` has weights for; a row of numbers and a plane may be lifted to more."""
    if _GRID.match(spec):
        return (3,) if "|" in spec else (2,) if ";" in spec else (1, 2)
    from convtool.kernels import schema  # noqa: PLC0415  # pydantic, which grids do without

    return schema.dimensions(_load(spec, search)[0], _beside(spec, search))


def _beside(spec: str, search: Sequence[Path]) -> Sequence[Path]:
    """Return where the members of a bank are looked up: beside its own file, too."""
    head = spec.partition(":")[0]
    return (*search, Path(head).parent) if catalogue.is_path(head) else search


def _load(spec: str, search: Sequence[Path]) -> "tuple[KernelFile, str | None]":
    """Return the kernel file that `spec` names, and the parameters behind the name."""
    from convtool.kernels import schema  # noqa: PLC0415  # pydantic, which grids do without

    match = _SPEC.match(spec)
    assert match is not None
    path = catalogue.path_of(match["head"], search)
    file = schema.read(path)
    if not catalogue.is_path(match["head"]) and file.name != match["head"]:
        raise KernelError(
            f"{path}: holds the kernel '{file.name}', but the file is called '{match['head']}'"
        )
    return file, match["parameters"]


def resolve_file(
    file: "KernelFile",
    dims: int,
    *,
    parameters: str | None = None,
    search: Sequence[Path] = (),
    rate: float | None = None,
    depth: int = 0,
) -> Bank:
    """Return the kernel or bank of a kernel file that is read already; otherwise as `resolve`."""
    given = split_parameters(parameters, file) if parameters else {}
    label = file.name + "".join(f"-{key}={value}" for key, value in given.items())
    if file.bank:
        if depth == catalogue.MAX_BANK_DEPTH:
            raise KernelError(
                f"kernel '{file.name}': banks within banks, more than {catalogue.MAX_BANK_DEPTH} deep"
            )
        members = [_load(member, search) for member in file.bank]
        parts = [
            resolve_file(member, dims, parameters=text, search=search, rate=rate, depth=depth + 1)
            for member, text in members
        ]
        if any(part.combine for part in parts):
            raise KernelError(
                f"kernel '{file.name}': a bank cannot hold a bank that combines its results"
            )
        kernels = tuple(kernel for part in parts for kernel in part.kernels)
        return Bank(label, kernels, file.combine)
    if file.generator is not None:
        weights = _generate(file, given, dims, rate)
    else:
        weights = _fixed(file, dims)
    return _single(_finish(file, label, weights, dims))


def _single(kernel: Kernel) -> Bank:
    return Bank(kernel.label, (kernel,))


def _fixed(file: "KernelFile", dims: int) -> NDArray[np.float64]:
    assert file.weights is not None
    for own in (dims, 2):
        if own in file.weights and own <= dims:
            weights = np.asarray(file.weights[own], dtype=np.float64)
            return _lift(weights, own, dims)
    raise _wrong_dimension(file.name, tuple(file.weights), dims)


def _lift(weights: NDArray[np.float64], own: int, dims: int) -> NDArray[np.float64]:
    channels = weights.shape[:-own]
    return weights.reshape(*channels, *(1,) * (dims - own), *weights.shape[-own:])


def _generate(
    file: "KernelFile", given: Mapping[str, str], dims: int, rate: float | None
) -> NDArray[np.float64]:
    generator = GENERATORS.get(file.generator or "")
    if generator is None:
        raise KernelError(
            f"kernel '{file.name}': unknown generator '{file.generator}'",
            hint=f"there are {', '.join(GENERATORS)}",
        )
    own = next((d for d in (dims, 2) if d in file.dimensions and d <= dims), None)
    if own is None:
        raise _wrong_dimension(file.name, file.dimensions, dims)
    values = {key: parameter.default for key, parameter in file.parameters.items()}
    values |= {
        key: parse_value(file.name, key, text, file.parameters[key]) for key, text in given.items()
    }
    arguments: dict[str, Any] = {
        key: int(value) if file.parameters[key].integer else value for key, value in values.items()
    }
    try:
        with np.errstate(all="raise", under="ignore"):
            weights = generator(own, rate=rate, **arguments)
    except LayerError as exc:
        raise LayerError(f"kernel '{file.name}': {exc}") from exc
    except (TypeError, ValueError, ArithmeticError) as exc:
        raise KernelError(f"kernel '{file.name}': {exc}") from exc
    if not 0 < weights.size <= MAX_WEIGHTS:
        raise KernelError(
            f"kernel '{file.name}': {weights.size} weights, from 1 to {MAX_WEIGHTS} are allowed"
        )
    return _lift(weights, own, dims)


def _finish(file: "KernelFile", label: str, weights: NDArray[np.float64], dims: int) -> Kernel:
    if file.convention == "convolution":
        weights = np.flip(weights, axis=tuple(range(-dims, 0)))
    divisor = float(weights.sum()) if file.divide_by == "sum" else file.divide_by
    if divisor == 0:
        raise KernelError(f"kernel '{file.name}': divide_by is the sum, and the weights sum to 0")
    weights = weights / divisor
    if not np.abs(weights).max() <= MAX_WEIGHT:
        raise KernelError(f"kernel '{file.name}': weights are at most {MAX_WEIGHT:g} in size")
    signed = _sums_to_zero(weights) if file.output is None else file.output == "signed"
    return Kernel(label, dims, weights, file.bias, signed, file.align if dims == 1 else "centre")


def _sums_to_zero(weights: NDArray[np.float64]) -> bool:
    return bool(abs(weights.sum()) <= 1e-9 * np.abs(weights).sum())


def _wrong_dimension(name: str, known: Sequence[int], dims: int) -> KernelError:
    there = " and ".join(KINDS[d] for d in known)
    return KernelError(f"kernel '{name}' has weights for {there}, not for {KINDS[dims]}")


def _from_grid(text: str, dims: int) -> Kernel:
    planes = [[parse_row(row) for row in plane.split(";")] for plane in text.split("|")]
    try:
        grid_shape(planes)
    except ValueError as exc:
        raise KernelError(f"grid '{text}': {exc}") from exc
    weights = np.asarray(planes, dtype=np.float64)
    while weights.ndim > dims and weights.shape[0] == 1:
        weights = weights[0]
    if weights.ndim > dims:
        raise KernelError(
            f"grid '{text}': its shape is {weights.shape}, and {KINDS[dims]} is wanted"
        )
    return Kernel("grid", dims, weights, signed=_sums_to_zero(weights))
