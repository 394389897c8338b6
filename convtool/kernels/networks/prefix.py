"""The layers of a network that follow each other, as steps of a chain.

They are found by tracing the network, since the order in which one lists its layers need not be
that of their use. A batch normalization is put into the weights of the layer before it.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import fx, nn

from convtool.errors import KernelError

CONVS = nn.Conv1d | nn.Conv2d | nn.Conv3d
NORMS = nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d
NOTHING = nn.Identity | nn.Dropout | nn.Dropout1d | nn.Dropout2d | nn.Dropout3d
FUNCTIONS = {nn.ReLU: "relu", nn.Sigmoid: "sigmoid", nn.Tanh: "tanh"}
CALLED: dict[Any, str] = {
    torch.nn.functional.relu: "relu",
    torch.relu: "relu",
    torch.sigmoid: "sigmoid",
    torch.tanh: "tanh",
    torch.abs: "abs",
}
POOLS = {
    "max-pool": nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d,
    "avg-pool": nn.AvgPool1d | nn.AvgPool2d | nn.AvgPool3d,
}
STEPS = "steps: convolutions with batch normalization, relu, sigmoid, tanh, pooling without overlap"


def steps(name: str, model: nn.Module, first: str, last: str) -> tuple[str, ...]:
    """Return the steps of a chain from one layer of a network to another.

    Args:
        name: of the network, as `-k` has it.
        model: the network, whose weights are not needed.
        first: the name of a layer.
        last: that of a later one; without the name of what both lie in, where it is the same.

    Returns:
        `NAME:LAYER`, `NAME:LAYER+NORM` or a plain step such as `relu` and `max-pool:2` each.

    Raises:
        KernelError: there is no such layer, or one between them is no step of a chain.
    """
    if not (first and last):
        raise KernelError(f"{name}: several layers are written FIRST..LAST, as in features.0..4")
    last = _completed(model, first, last)
    nodes = _between(name, model, first, last)
    found: list[str] = []
    for node in nodes:
        module = model.get_submodule(str(node.target)) if node.op == "call_module" else None
        if isinstance(module, NORMS) and found and ":" in found[-1] and "+" not in found[-1]:
            found[-1] += f"+{node.target}"
        elif not isinstance(module, NOTHING):
            found.append(_step(name, node, module))
    return tuple(found)


def _completed(model: nn.Module, first: str, last: str) -> str:
    """Return the whole name of the last layer: `4` behind `features.0` is `features.4`."""
    within, dot, _ = first.rpartition(".")
    names = {known for known, _ in model.named_modules()}
    beside = f"{within}{dot}{last}"
    return beside if beside in names else last


def _between(name: str, model: nn.Module, first: str, last: str) -> Iterator[fx.Node]:
    """Yield what is computed from one layer to another, each of what is before it alone."""
    try:
        graph = fx.Tracer().trace(model)
    except Exception as exc:  # whatever a network does that depends on its input
        raise KernelError(f"{name}: its layers do not follow each other in one order") from exc
    nodes = list(graph.nodes)
    start = _place(name, nodes, first, 0)
    stop = _place(name, nodes, last, start)
    for before, node in pairwise(nodes[start : stop + 1]):
        if node.all_input_nodes != [before]:
            raise KernelError(
                f"{name}: {_called(node)} takes more than the result of {_called(before)}, "
                "which a chain cannot do",
                hint=STEPS,
            )
    yield from nodes[start : stop + 1]


def _place(name: str, nodes: Sequence[fx.Node], layer: str, start: int) -> int:
    """Return where a layer is used, from a place on.

    Raises:
        KernelError: it is not used there, or nowhere.
    """
    used = [place for place, node in enumerate(nodes) if _layer(node) == layer]
    after = [place for place in used if place >= start]
    if after:
        return after[0]
    if used:
        raise KernelError(f"{name}: '{layer}' comes before {_called(nodes[start])}")
    inside = [_layer(node) for node in nodes if _layer(node).startswith(f"{layer}.")]
    if inside:
        hint = f"it consists of {inside[0]} … {inside[-1]}"
        raise KernelError(f"{name}: '{layer}' is made of several layers", hint=hint)
    raise KernelError(
        f"{name}: no layer '{layer}'", hint=f"`convtool kernels list {name}` lists its convolutions"
    )


def _layer(node: fx.Node) -> str:
    """Return the name of the layer that a step calls; empty where it is none."""
    return str(node.target) if node.op == "call_module" else ""


def _called(node: fx.Node) -> str:
    """Return what people know a step of a network by."""
    target = node.target
    return f"'{target}'" if isinstance(target, str) else f"'{getattr(target, '__name__', node)}'"


def _step(name: str, node: fx.Node, module: Any) -> str:
    """Return the text of a step.

    Raises:
        KernelError: chains have no such step.
    """
    if isinstance(module, CONVS):
        return f"{name}:{node.target}"
    plain = FUNCTIONS.get(type(module)) or (CALLED.get(node.target) if module is None else None)
    if plain:
        return plain
    for pool, kinds in POOLS.items():
        if isinstance(module, kinds) and _without_overlap(module):
            size = module.kernel_size
            return f"{pool}:{size if isinstance(size, int) else ','.join(map(str, size))}"
    what = f" ({_words(module)})" if module is not None else ""
    raise KernelError(f"{name}: {_called(node)}{what} is no step of a chain", hint=STEPS)


def _without_overlap(module: Any) -> bool:
    """Return whether a pooling takes each sample once, and none that is not there."""
    dilation = getattr(module, "dilation", 1)
    return bool(
        module.stride == module.kernel_size
        and module.padding in (0, (0,), (0, 0), (0, 0, 0))
        and dilation in (1, (1,), (1, 1), (1, 1, 1))
        and not module.ceil_mode
    )


def _words(module: nn.Module) -> str:
    return f"{type(module).__name__}({module.extra_repr()})"
