"""Kernel files of convtool's own, `.yaml`; `FileLoader` reads them.

Direction: correlation, unless `convention` says otherwise. Scaling: `divide_by`. They hold all that
a kernel is. Each dimension has its own weights; one is written.
"""

import re
from typing import Any

import yaml

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_FILE_BYTES
from convtool.kernels.formats.found import Format, Wanted, Written
from convtool.kernels.kernel import Kernel, usual_rule

MAX_NAME = 64  # characters


def content_of(kernel: Kernel, name: str) -> dict[str, Any]:
    """Return the content of a kernel file, without what has its default.

    Args:
        kernel: the kernel.
        name: what it is called; other characters than small letters and digits become `-`.
    """
    content: dict[str, Any] = {"name": _name(name)}
    if kernel.normalize != usual_rule(kernel.weights, kernel.dims):
        content["normalize"] = kernel.normalize
    if kernel.align != "centre":
        content["align"] = kernel.align
    content["weights"] = {kernel.dims: kernel.weights.tolist()}
    if isinstance(kernel.bias, tuple):
        content["bias"] = list(kernel.bias)
    elif kernel.bias:
        content["bias"] = kernel.bias
    return content


def _name(label: str) -> str:
    """Return a name that kernel files allow.

    >>> _name("gaussian-sigma=2.5"), _name("Ölbild")
    ('gaussian-sigma-2-5', 'lbild')
    """
    plain = re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")
    return plain[:MAX_NAME].rstrip("-") or "kernel"


def write(kernel: Kernel, wanted: Wanted) -> Written:
    """Return the text of a kernel.

    Raises:
        KernelError: it is larger than a kernel file may be.
    """
    content = content_of(kernel, wanted.name)
    text = yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=100).encode()
    if len(text) > MAX_FILE_BYTES:
        raise KernelError(
            f"kernel '{kernel.label}' has {kernel.weights.size} weights, more than a kernel file "
            f"of {MAX_FILE_BYTES // 2**20} MiB holds",
            hint=".npy, .safetensors and .pt hold them",
        )
    return Written(text)


FORMAT = Format("yaml", "a kernel file", (".yaml", ".yml"), "correlation", (2, 1, 3), write)
