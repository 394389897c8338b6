"""What the names of networks and of their layers look like, without a look at any file.

It must not import torch or NumPy: every text of `-k` is held against it.
"""

import re
from pathlib import PurePath

# The families of torchvision's networks: its own list takes seconds to import.
FAMILIES = (
    "alexnet",
    "convnext_",
    "deeplabv3_",
    "densenet",
    "efficientnet_",
    "fasterrcnn_",
    "fcn_",
    "fcos_",
    "googlenet",
    "inception_v",
    "keypointrcnn_",
    "lraspp_",
    "maskrcnn_",
    "maxvit_",
    "mc3_",
    "mnasnet",
    "mobilenet_v",
    "mvit_v",
    "r2plus1d_",
    "r3d_",
    "raft_",
    "regnet_",
    "resnet",
    "resnext",
    "retinanet_",
    "s3d",
    "shufflenet_v",
    "squeezenet",
    "ssd300_",
    "ssdlite320_",
    "swin3d_",
    "swin_",
    "vgg",
    "vit_",
    "wide_resnet",
)
STATE, ONNX = (".safetensors", ".pt", ".pth"), (".onnx",)
MAX_LABEL = 80  # characters, of which names of outputs are made

_FAMILY = re.compile(rf"(?:{'|'.join(FAMILIES)})\w*")
_FILE = re.compile(
    r"(?P<head>.+\.(?:safetensors|pt|pth|onnx))(?::(?P<layer>.*))?", re.DOTALL | re.IGNORECASE
)
_NETWORK = re.compile(r"(?P<head>[A-Za-z][\w-]*):(?P<layer>[\w.+-]+)")
_UNUSUAL = re.compile(r"[^\w.=+-]+")


def is_network(name: str) -> bool:
    """Return whether a name is like those of torchvision's networks, in any case, with - or _.

    >>> is_network("ResNet18"), is_network("sobel")
    (True, False)
    """
    return bool(_FAMILY.fullmatch(plain(name)))


def plain(name: str) -> str:
    """Return the name of a network as torchvision spells it.

    >>> plain("MobileNet-V3-Large")
    'mobilenet_v3_large'
    """
    return name.strip().lower().replace("-", "_")


def is_file(head: str) -> bool:
    """Return whether a name is the path of a file of a network."""
    return PurePath(head).suffix.lower() in STATE + ONNX


def split(text: str) -> tuple[str, str] | None:
    """Return the network and the layer that a text names; None where it is no such text.

    >>> split("resnet18:conv1"), split("models/a.pt:features.0"), split("gaussian:sigma=3")
    (('resnet18', 'conv1'), ('models/a.pt', 'features.0'), None)
    """
    match = _FILE.fullmatch(text)
    if match and (match["layer"] is not None or PurePath(match["head"]).suffix.lower() in ONNX):
        return match["head"], match["layer"] or ""
    match = _NETWORK.fullmatch(text)
    return (match["head"], match["layer"]) if match and is_network(match["head"]) else None


def label(head: str, layer: str) -> str:
    """Return the name of a layer in names of outputs.

    >>> label("models/a.pt", "features.0")
    'a-features.0'
    """
    stem = PurePath(head).stem if is_file(head) else head
    return _UNUSUAL.sub("_", f"{stem}-{layer}")[:MAX_LABEL]
