"""Safetensors and PyTorch files as kernels: what `torch.save(conv.state_dict(), FILE)` writes.

Direction: correlation, as layers have it. Scaling: none. They are written as the state of an
`nn.Conv`: `weight`, of shape (out, in/groups, *K), and `bias` where there is one. Weights of one
output and one input channel are read as a kernel for every channel. `NAME` of `FILE:NAME` chooses
among several tensors; without it, a file has one, or the two of a layer.
"""

import io
from pathlib import Path

import numpy as np

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_BIASES, MAX_WEIGHTS
from convtool.kernels.formats.found import (
    MAX_AXES,
    Bias,
    Format,
    Found,
    Wanted,
    Weights,
    Written,
    lost,
)
from convtool.kernels.formats.tensors import PICKLED, SAFETENSORS, TensorFile, open_tensors
from convtool.kernels.kernel import Kernel

SHOWN = 6  # names of tensors


def read(path: Path) -> Found:
    """Return the weights of a file, and the bias beside them.

    Raises:
        KernelError: there is another number of tensors, or they cannot be weights.
    """
    file = open_tensors(path)
    name, bias_name = _names(file)
    if not 0 < len(shape := file.shapes[name]) <= MAX_AXES:
        raise KernelError(
            f"{path}: tensor '{name}' has {len(shape)} axes, expected 1 to {MAX_AXES}"
        )
    weights = file.read(name, MAX_WEIGHTS)
    if weights.ndim > 2 and shape[:2] == (1, 1):
        weights = weights[0, 0]
    return Found(weights, _bias(file, bias_name, weights), layers=True)


def _names(file: TensorFile) -> tuple[str, str | None]:
    """Return the names of the weights and of the bias."""
    names = list(file.shapes)
    if len(names) == 1:
        return names[0], None
    heads = {name: name.rpartition(".") for name in names}
    kinds = {kind: name for name, (_, _, kind) in heads.items()}
    if len(names) == 2 and kinds.keys() == {"weight", "bias"}:
        return kinds["weight"], kinds["bias"]
    if not names:
        raise KernelError(f"{file.path}: holds no tensors")
    more = ", …" if len(names) > SHOWN else ""
    raise KernelError(
        f"{file.path}: holds {len(names)} tensors: {', '.join(names[:SHOWN])}{more}",
        hint=f"choose one: {file.path}:{names[0]}",
    )


def _bias(file: TensorFile, name: str | None, weights: Weights) -> Bias:
    if name is None:
        return 0.0
    biases = file.read(name, MAX_BIASES)
    outputs = len(weights) if weights.ndim > 2 else 1
    if biases.shape != (outputs,):
        shape = "×".join(map(str, biases.shape))
        raise KernelError(f"{file.path}: tensor '{name}' is {shape}, expected {outputs}")
    return float(biases[0]) if outputs == 1 else tuple(biases.tolist())


def _state(kernel: Kernel) -> dict[str, Weights]:
    weights = kernel.weights if kernel.has_channel_axes else kernel.weights[None, None]
    state = {"weight": np.ascontiguousarray(weights)}
    if np.any(kernel.bias):
        state["bias"] = np.array(kernel.biases(len(weights)))
    return state


def write_safetensors(kernel: Kernel, wanted: Wanted) -> Written:
    """Return a file of safetensors with a kernel."""
    del wanted
    from safetensors.numpy import save  # noqa: PLC0415  # few calls need it

    return Written(save(_state(kernel)), lost(kernel))


def write_pickled(kernel: Kernel, wanted: Wanted) -> Written:
    """Return a file of PyTorch with a kernel."""
    del wanted
    import torch  # noqa: PLC0415  # takes seconds to import

    file = io.BytesIO()
    torch.save({name: torch.from_numpy(array) for name, array in _state(kernel).items()}, file)
    return Written(file.getvalue(), lost(kernel))


SAFE = Format(
    "safetensors",
    "safetensors",
    SAFETENSORS,
    "correlation",
    (2, 1, 3),
    write_safetensors,
    read,
)
TORCH = Format(
    "pytorch",
    "the state of a PyTorch layer",
    PICKLED,
    "correlation",
    (2, 1, 3),
    write_pickled,
    read,
)
