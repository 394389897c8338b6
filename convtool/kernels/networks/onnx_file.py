"""Networks in ONNX files; their nodes say how they move. The package `onnx` is an extra.

Nodes are found by name; one without a name by its operator and its place among them: `Conv_0`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_BIASES, MAX_LAYER_WEIGHTS, MAX_TENSOR_BYTES
from convtool.kernels.networks.network import (
    Described,
    Numbers,
    Trained,
    check_layer,
    check_shape,
    unknown,
)
from convtool.kernels.own import Own
from convtool.options.layer import MAX_STEP
from convtool.sizes import same

CONV = "Conv"
KINDS = (CONV, "ConvTranspose")
FLOATS = ("FLOAT", "FLOAT16", "BFLOAT16", "DOUBLE")


class OnnxFile:
    """The convolutions of an ONNX file.

    Args:
        path: of the file.

    Raises:
        KernelError: it cannot be read, or the extra is missing.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        graph = _read(path).graph
        self._numbers = {tensor.name: tensor for tensor in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant" and node.output and node.attribute:
                self._numbers[node.output[0]] = node.attribute[0].t
        convolutions = [node for node in graph.node if node.op_type in KINDS]
        self._nodes: dict[str, Any] = {}
        for place, node in enumerate(convolutions):
            self._nodes.setdefault(node.name or f"{node.op_type}_{place}", node)

    def layers(self) -> list[Described]:
        """Return its convolutions, in the order of the graph."""
        return [
            Described(name, node.op_type, self._shape(node), self._own(node), _biased(node))
            for name, node in self._nodes.items()
        ]

    def layer(self, name: str) -> Trained:
        """Return one of its convolutions."""
        node, place = self._found(name), f"{self._path}: '{name}'"
        if node.op_type != CONV:
            raise KernelError(f"{place} is a {node.op_type}, expected a Conv")
        weights = self._tensor(place, node.input[1], MAX_LAYER_WEIGHTS)
        bias = self._tensor(place, node.input[2], MAX_BIASES) if _biased(node) else None
        check_layer(place, weights, bias)
        own = self._own(node)
        if own is None:
            raise KernelError(f"{place} has attributes that do not fit its weights")
        return Trained(weights, bias, own)

    def _found(self, name: str) -> Any:
        """Return a node by its name, or by its place: `Conv_0` is the first convolution."""
        if name in self._nodes:
            return self._nodes[name]
        placed = {f"{CONV}_{place}": node for place, node in enumerate(self._nodes.values())}
        if name in placed:
            return placed[name]
        raise unknown(str(self._path), name, self._nodes)

    def _shape(self, node: Any) -> tuple[int, ...]:
        """Return the shape of a node's weights; empty where they are computed."""
        tensor = self._numbers.get(node.input[1]) if len(node.input) > 1 else None
        return () if tensor is None else tuple(tensor.dims)

    def _tensor(self, place: str, name: str, most: int) -> Numbers:
        """Return the numbers of a tensor of the file, checked before they are read."""
        from onnx import TensorProto, numpy_helper  # noqa: PLC0415  # an extra

        tensor = self._numbers.get(name)
        if tensor is None:
            raise KernelError(
                f"{place}: its weights are computed by other nodes, as of quantized networks"
            )
        kind = TensorProto.DataType.Name(tensor.data_type)
        if kind not in FLOATS:
            raise KernelError(
                f"{place}: tensor '{name}' holds {kind}, expected {' or '.join(FLOATS)}"
            )
        if tensor.data_location == TensorProto.EXTERNAL:
            raise KernelError(
                f"{place}: its weights lie in another file",
                hint="onnx.save_model(model, FILE, save_as_external_data=False) joins them",
            )
        check_shape(f"{place}: tensor '{name}'", tuple(tensor.dims), most)
        try:
            numbers = numpy_helper.to_array(tensor)
        except Exception as exc:
            raise KernelError(f"{place}: tensor '{name}' is damaged") from exc
        return np.array(numbers, dtype=np.float64)

    def _own(self, node: Any) -> Own | None:
        """Return how a node moves; None where its attributes do not fit its weights."""
        taps = self._shape(node)[2:]
        given = {each.name: each for each in node.attribute}
        ones = [1] * len(taps)

        def numbers(attribute: str, usual: Sequence[int]) -> tuple[int, ...]:
            return tuple(given[attribute].ints) if attribute in given else tuple(usual)

        stride, dilation = numbers("strides", ones), numbers("dilations", ones)
        pads = numbers("pads", [0] * 2 * len(taps))
        groups = given["group"].i if "group" in given else 1
        several = (*stride, *dilation, groups)
        fits = len(stride) == len(dilation) == len(taps) and len(pads) == 2 * len(taps)
        if not fits or not all(1 <= each <= MAX_STEP for each in several):
            return None
        if not all(0 <= each <= MAX_STEP for each in pads):
            return None
        auto = given["auto_pad"].s.decode(errors="replace") if "auto_pad" in given else "NOTSET"
        return Own(
            stride,
            _padding(auto, pads, taps, dilation, stride),
            dilation,
            groups,
            bias=_biased(node),
        )

    def steps(self, first: str, last: str) -> tuple[str, ...]:
        """Refuse: only networks of torchvision are followed."""
        raise KernelError(
            f"{self._path}: what lies between {first} and {last} is not followed in ONNX files",
            hint="write the steps as a chain: 'FILE:LAYER -> relu -> FILE:LAYER'",
        )

    def files(self) -> list[Path]:
        """Return the file."""
        return [self._path]


def _read(path: Path) -> Any:
    """Return the content of a file; nothing that it refers to is read."""
    try:
        import onnx  # noqa: PLC0415  # an extra
    except ModuleNotFoundError as exc:
        raise KernelError(
            f"{path}: reading ONNX needs the package onnx",
            hint="pip install 'torch-convtool[onnx]'",
        ) from exc
    if not path.is_file():
        problem = "is not a regular file" if path.exists() else "no such file"
        raise KernelError(f"{path}: {problem}")
    if path.stat().st_size > MAX_TENSOR_BYTES:
        raise KernelError(f"{path}: larger than the limit of {MAX_TENSOR_BYTES // 2**30} GiB")
    try:
        model = onnx.load(str(path), load_external_data=False)
    except PermissionError as exc:
        raise KernelError(f"{path}: cannot be read: {exc.strerror}") from exc
    except Exception as exc:  # protobuf's own, which have no types
        raise KernelError(f"{path}: is damaged, or no ONNX file") from exc
    if not model.graph.node:
        raise KernelError(f"{path}: is damaged, or no ONNX file: it has no nodes")
    return model


def _biased(node: Any) -> bool:
    return len(node.input) > 2 and bool(node.input[2])


def _padding(
    auto: str,
    pads: Sequence[int],
    taps: Sequence[int],
    dilation: Sequence[int],
    stride: Sequence[int],
) -> Any:
    """Return what is added before and after, or None where it depends on the input's size."""
    if auto == "VALID":
        return ((0, 0),) * len(taps)
    if auto not in ("SAME_UPPER", "SAME_LOWER"):
        return tuple(zip(pads[: len(taps)], pads[len(taps) :], strict=True))
    if set(stride) != {1}:
        return None
    upper = tuple(same(taps, dilation))
    return upper if auto == "SAME_UPPER" else tuple((after, before) for before, after in upper)
