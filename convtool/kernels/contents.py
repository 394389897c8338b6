"""From the contents of a kernel file to weights: fixed ones, a generator's, or a bank's.

It must not read YAML itself: `schema` reads and checks a file.
"""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convtool.errors import KernelError, LayerError
from convtool.kernels import catalogue
from convtool.kernels.bounds import MAX_BANK_DEPTH, MAX_WEIGHT, MAX_WEIGHTS
from convtool.kernels.generators import GENERATORS, Causal
from convtool.kernels.grammar import (
    Parameters,
    is_path,
    parse_parameters,
    parse_value,
    split_head,
)
from convtool.kernels.kernel import KINDS, Bank, Kernel, mirrored, usual_rule
from convtool.kernels.loader import Request
from convtool.options.layer import Align

if TYPE_CHECKING:
    from convtool.kernels.schema import KernelFile

Weights = NDArray[np.float64]


def find(head: str, search: Sequence[Path]) -> "KernelFile":
    """Return the contents of a kernel file by its name or path.

    Raises:
        KernelError: there is no such kernel, or its file is wrong.
    """
    from convtool.kernels import schema  # noqa: PLC0415  # pydantic, which grids do without

    path = catalogue.path_of(head, search)
    file = schema.read(path)
    if not is_path(head) and file.name != path.stem:
        raise KernelError(f"{path}: names its kernel '{file.name}', expected '{path.stem}'")
    return file


def dimensions(file: "KernelFile", search: Sequence[Path]) -> tuple[int, ...]:
    """Return the dimensions that a kernel has weights for.

    Raises:
        KernelError: a member of a bank is missing.
    """
    if file.bank:
        return tuple(sorted(catalogue.bank_dimensions(file.bank, search)))
    return tuple(sorted(file.weights or file.dimensions))


def bank_of(
    file: "KernelFile", parameters: Parameters, request: Request, *, depth: int = 0
) -> Bank:
    """Return the kernels of a file.

    Args:
        file: its contents.
        parameters: those given in the text.
        request: the input that they are for.
        depth: the number of banks that this one lies in.

    Raises:
        KernelError: it does not fit the request, or a parameter is wrong.
        LayerError: it does not fit the sample rate.
    """
    for key, _ in parameters:
        if key not in file.parameters:
            names = ", ".join(file.parameters)
            raise KernelError(
                f"kernel '{file.name}' has no parameter '{key}'",
                hint=f"its parameters: {names}" if names else "it has no parameters",
            )
    if file.chain:
        raise KernelError(f"kernel '{file.name}' is a chain, which is no kernel of a bank")
    label = file.name + "".join(f"-{key}={value}" for key, value in parameters)
    if file.bank:
        return _bank(file, label, request, depth)
    if file.generator is None:
        made: Weights | Causal = _fixed(file, request.dims)
    else:
        made = _generated(file, parameters, request)
    return Bank.of(_kernel(file, label, made, request.dims))


def _bank(file: "KernelFile", label: str, request: Request, depth: int) -> Bank:
    if depth == MAX_BANK_DEPTH:
        raise KernelError(f"kernel '{file.name}': banks are nested more than {MAX_BANK_DEPTH} deep")
    kernels: list[Kernel] = []
    for member in file.bank:
        head, text = split_head(member)
        parameters = parse_parameters(head, text)
        part = bank_of(find(head, request.search), parameters, request, depth=depth + 1)
        if part.combine:
            raise KernelError(
                f"kernel '{file.name}': a bank cannot hold '{member}', which combines its results"
            )
        kernels += part.kernels
    return Bank(label, tuple(kernels), file.combine, file.rule)


def _fixed(file: "KernelFile", dims: int) -> Weights:
    assert file.weights is not None
    own = _own_dimension(file, tuple(file.weights), dims)
    weights = np.asarray(file.weights[own], dtype=np.float64)  # type: ignore[index]  # a key of it
    return _lifted(weights, own, dims)


def _own_dimension(file: "KernelFile", known: Sequence[int], dims: int) -> int:
    """Return the dimension whose weights are used: the input's, or 2 for the frames of a video."""
    for own in (dims, 2):
        if own in known and own <= dims:
            return own
    kinds = " and ".join(KINDS[own] for own in known)
    raise KernelError(f"kernel '{file.name}' has weights for {kinds}, not for {KINDS[dims]}")


def _lifted(weights: Weights, own: int, dims: int) -> Weights:
    """Return weights with axes of length 1 before their own."""
    channels, size = weights.shape[:-own], weights.shape[-own:]
    return weights.reshape(*channels, *(1,) * (dims - own), *size)


def _generated(file: "KernelFile", parameters: Parameters, request: Request) -> Weights | Causal:
    generator = GENERATORS.get(file.generator or "")
    if generator is None:
        raise KernelError(
            f"kernel '{file.name}': unknown generator '{file.generator}'",
            hint=f"generators: {', '.join(GENERATORS)}",
        )
    _refuse_other_parameters(file, generator)
    own = _own_dimension(file, file.dimensions, request.dims)
    arguments = _arguments(file, parameters)
    try:
        with np.errstate(all="raise", under="ignore"):
            made = generator(own, rate=request.rate, **arguments)
    except LayerError as exc:
        raise LayerError(f"kernel '{file.name}': {exc}") from exc
    except (TypeError, ValueError, ArithmeticError) as exc:
        raise KernelError(f"kernel '{file.name}': {exc}") from exc
    weights = made.weights if isinstance(made, Causal) else made
    if not 0 < weights.size <= MAX_WEIGHTS:
        raise KernelError(
            f"kernel '{file.name}': {weights.size} weights, expected 1 to {MAX_WEIGHTS}"
        )
    lifted = _lifted(weights, own, request.dims)
    return Causal(lifted) if isinstance(made, Causal) else lifted


def _refuse_other_parameters(file: "KernelFile", generator: Any) -> None:
    """Check that a file declares the parameters that its generator takes."""
    taken = dict(inspect.signature(generator).parameters)
    del taken["dims"], taken["rate"]
    required = {name for name, parameter in taken.items() if parameter.default is parameter.empty}
    declared = file.parameters.keys()
    if not required <= declared <= taken.keys():
        raise KernelError(
            f"kernel '{file.name}': generator '{file.generator}' takes the parameters "
            f"{', '.join(taken)}, not {', '.join(declared) or 'none'}"
        )


def _arguments(file: "KernelFile", parameters: Parameters) -> dict[str, Any]:
    """Return the values of all parameters: the file's defaults, and those that were given."""
    values = {key: parameter.default for key, parameter in file.parameters.items()}
    for key, text in parameters:
        values[key] = parse_value(file.name, key, text, file.parameters[key])
    return {
        key: int(value) if file.parameters[key].integer else value for key, value in values.items()
    }


def _kernel(file: "KernelFile", label: str, made: Weights | Causal, dims: int) -> Kernel:
    """Return weights as a kernel: flipped, divided, with the attributes of its file."""
    causal = isinstance(made, Causal) or file.align == "causal"
    weights = made.weights if isinstance(made, Causal) else made
    if file.convention == "convolution":
        weights = mirrored(weights, dims)
    divisor = float(weights.sum()) if file.divide_by == "sum" else file.divide_by
    if divisor == 0:
        raise KernelError(f"kernel '{file.name}': divide_by is 'sum', but the weights sum to 0")
    weights = weights / divisor
    if not np.abs(weights).max() <= MAX_WEIGHT:
        raise KernelError(f"kernel '{file.name}': weights must be at most {MAX_WEIGHT:g} in size")
    align: Align = "causal" if causal and dims == 1 else "centre"
    rule = file.rule or usual_rule(weights, dims)
    return Kernel(label, dims, weights, file.bias, rule, align)
