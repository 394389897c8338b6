"""List the convolutions of a network, for `convtool kernels list NETWORK`."""

from typing import TYPE_CHECKING, Any

from convtool.cli import messages
from convtool.cli.rows import print_rows
from convtool.errors import KernelError
from convtool.kernels.networks.names import is_file, is_network
from convtool.kernels.own import short, words_of
from convtool.sizes import size_text

if TYPE_CHECKING:
    from convtool.kernels.networks.network import Described

HEADINGS = ("layer", "kind", "weights", "bias", "stride", "padding", "dilation", "groups")
UNKNOWN = "?"


def list_network(name: str, *, as_json: bool) -> None:
    """Print the convolutions of a network.

    Args:
        name: of a network of torchvision, or the path of a file of weights or in ONNX.
        as_json: print one line of JSON each.

    Raises:
        KernelError: there is no such network, or it cannot be read.
    """
    if not (is_file(name) or is_network(name)):
        raise KernelError(
            f"'{name}' is no network",
            hint="expected a .safetensors, .pt, .pth or .onnx file, or a network of torchvision, "
            "such as resnet18",
        )
    from convtool.kernels.networks.loader import opened  # noqa: PLC0415  # NumPy

    layers = opened(name).layers()
    if not layers:
        raise KernelError(f"{name}: it has no convolutions")
    if as_json:
        for layer in layers:
            messages.data(_fields(layer))
        return
    rows = [tuple(map(messages.printable, _cells(layer))) for layer in layers]
    print_rows(HEADINGS, rows)
    if any(layer.own is None for layer in layers):
        messages.say("note: ? is not stated there: layers run with stride 1 and padding same")


def _fields(layer: "Described") -> dict[str, Any]:
    own = layer.own
    moves = ("stride", "padding", "dilation", "groups")
    return {
        "name": layer.name,
        "kind": layer.kind,
        "shape": layer.shape,
        "bias": layer.bias,
        **{name: None if own is None else getattr(own, name) for name in moves},
    }


def _cells(layer: "Described") -> tuple[str, ...]:
    shape, bias = size_text(layer.shape) or UNKNOWN, "bias" if layer.bias else "no bias"
    own = layer.own
    if own is None:
        return layer.name, layer.kind, shape, bias, *[UNKNOWN] * 4
    stride, dilation = short(own.stride), short(own.dilation)
    moves = stride, words_of(own.padding), dilation, str(own.groups)
    return layer.name, layer.kind, shape, bias, *moves
