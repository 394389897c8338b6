"""Load a layer of a trained network: `model.pt:features.0`, `resnet18:conv1`, `net.onnx:Conv_0`.

torch, torchvision and onnx are imported only when such a text is loaded.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np

from convtool.errors import KernelError
from convtool.kernels.kernel import KINDS, Bank, Kernel
from convtool.kernels.loader import KernelSpec, Request
from convtool.kernels.networks.names import ONNX, is_file, label, split
from convtool.kernels.networks.network import Network, Trained

PREFIX = ".."  # between the first and the last layer of several
LAYER = "layer"


class NetworkLoader:
    """Layers by the name of their network or its file, and their own."""

    def claims(self, text: str) -> bool:
        """Return whether the text names a network, or the file of one, and a layer."""
        return split(text) is not None

    def parse(self, text: str) -> KernelSpec:
        """Split the network from its layer."""
        head, layer = split(text) or (text, "")
        return KernelSpec(text, self, head, ((LAYER, layer),))

    def load(self, spec: KernelSpec, request: Request) -> Bank:
        """Read the weights of the layer."""
        layer = _layer(spec)
        if PREFIX in layer:
            raise KernelError(f"kernel '{spec.text}' is a chain, which has no weights of its own")
        trained = _fitted(spec.text, opened(spec.head).layer(layer), request.dims)
        bias = 0.0 if trained.bias is None else tuple(trained.bias.tolist())
        kernel = Kernel(
            label(spec.head, layer),
            request.dims,
            trained.weights,
            bias,
            "centred",
            notes=trained.notes,
            text=f"{PurePath(spec.head).name}:{layer}",
            own=trained.own,
            preprocess=trained.preprocess,
        )
        return Bank.of(kernel)

    def dimensions(self, spec: KernelSpec, search: Sequence[Path]) -> tuple[int, ...]:
        """Return the axes of taps that the layer has."""
        del search
        return (opened(spec.head).layer(_layer(spec)).weights.ndim - 2,)

    def files(self, spec: KernelSpec, search: Sequence[Path]) -> list[Path]:
        """Return the file of the weights."""
        del search
        return [Path(spec.head)] if is_file(spec.head) else opened(spec.head).files()

    def steps(self, spec: KernelSpec, search: Sequence[Path]) -> Sequence[str]:
        """Return the steps of several layers, `features.0..4`; none of a single one."""
        del search
        first, dots, last = _layer(spec).partition(PREFIX)
        if not dots:
            return ()
        return opened(spec.head).steps(first, last)


def _layer(spec: KernelSpec) -> str:
    return dict(spec.parameters)[LAYER]


def opened(head: str) -> Network:
    """Return a network by its name, or by the path of its file.

    Raises:
        KernelError: there is no such network, its file cannot be read, or an extra is missing.
    """
    if not is_file(head):
        from convtool.kernels.networks.zoo import Zoo  # noqa: PLC0415  # imports torchvision

        return Zoo(head)
    if PurePath(head).suffix.lower() in ONNX:
        from convtool.kernels.networks.onnx_file import OnnxFile  # noqa: PLC0415  # an extra

        return OnnxFile(Path(head))
    from convtool.kernels.networks.state import StateFile  # noqa: PLC0415  # imports torch

    return StateFile(Path(head))


def _fitted(text: str, trained: Trained, dims: int) -> Trained:
    """Return a layer for an input of other axes, where that changes nothing.

    A layer of images filters each frame of a video. Layers of audio may be written with a further
    axis of one tap.

    Raises:
        KernelError: it is for other inputs.
    """
    own = trained.weights.ndim - 2
    if own == 2 and dims == 3:
        weights = np.expand_dims(trained.weights, 2)
        return replace(trained, weights=weights, own=trained.own.lifted(3))
    axis = 1 if trained.weights.shape[-1] == 1 else 0
    if own == 2 and dims == 1 and trained.own.rests(axis, trained.weights.shape[2 + axis]):
        weights = trained.weights.squeeze(2 + axis)
        return replace(trained, weights=weights, own=trained.own.without(axis))
    if own != dims:
        raise KernelError(f"kernel '{text}' has weights for {KINDS[own]}, not for {KINDS[dims]}")
    return trained
