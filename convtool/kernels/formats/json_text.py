"""JSON: an array of arrays of numbers, or an object with the keys of a kernel file.

Direction: correlation, unless the object's `convention` says otherwise. Scaling: none, or the
object's `divide_by`. An object is written where the array would not say all: a bias, an alignment.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from convtool.errors import KernelError
from convtool.kernels.bounds import grid_shape
from convtool.kernels.formats.found import MAX_AXES, Format, Found, Wanted, Written, checked, lost
from convtool.kernels.formats.text import read_text
from convtool.kernels.formats.yaml_file import content_of
from convtool.kernels.kernel import Kernel


def is_object(path: Path) -> bool:
    """Return whether a file holds an object, once it is valid JSON.

    Raises:
        KernelError: it is not, with the file and the line.
    """
    return isinstance(_content(path), dict)


def _content(path: Path) -> Any:
    def refuse(word: str) -> None:
        raise ValueError(f"{word} is no number of JSON")

    try:
        return json.loads(read_text(path), parse_constant=refuse)
    except json.JSONDecodeError as exc:
        raise KernelError(
            f"{path}: line {exc.lineno}: is not valid JSON",
            hint=f"column {exc.colno}: {exc.msg.lower()}",
        ) from exc
    except RecursionError as exc:
        raise KernelError(f"{path}: arrays are nested too deep") from exc
    except ValueError as exc:
        raise KernelError(f"{path}: {exc}") from exc


def read(path: Path) -> Found:
    """Return the array of a file.

    Raises:
        KernelError: it is ragged, or holds anything but numbers, or too many.
    """
    content = _content(path)
    if not isinstance(content, list):
        raise KernelError(f"{path}: expected an array or an object, not {str(content)[:40]!r}")
    try:
        axes = len(grid_shape(content))
    except (ValueError, RecursionError) as exc:
        raise KernelError(f"{path}: {exc}") from exc
    if axes > MAX_AXES:
        raise KernelError(f"{path}: weights have 1 to {MAX_AXES} axes, not {axes}")
    return Found(checked(str(path), np.asarray(content, dtype=np.float64)))


def write(kernel: Kernel, wanted: Wanted) -> Written:
    """Return the text of a kernel."""
    whole = np.any(kernel.bias) or bool(lost(kernel))
    content = content_of(kernel, wanted.name) if whole else kernel.weights.tolist()
    return Written((json.dumps(content) + "\n").encode())


FORMAT = Format(
    "json",
    "JSON",
    (".json",),
    "correlation",
    (2, 1, 3),
    write,
    read,
)
