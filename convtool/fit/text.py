"""What was found as the text of a kernel file, which `-k` takes."""

import re
from collections.abc import Sequence
from typing import Any

import yaml

from convtool.kernels.kernel import Kernel
from convtool.places.names import pure

DIGITS = 9  # of a weight: as many as tell all numbers of 32 bits apart
LONGEST = 64  # characters of a kernel's name
NAMED = 80  # characters of a file's name
WIDE = 2**14  # columns: a row of weights stays a line


def text_of(kernel: Kernel, name: str, files: Sequence[str], about: Sequence[str]) -> str:
    """Return a kernel as the text of a kernel file.

    Args:
        kernel: what was found.
        name: of the file that it is written to.
        files: the names of BEFORE and AFTER.
        about: comments, a line each.
    """
    before, after = (_short(file) for file in files)
    content: dict[str, Any] = {
        "name": name_of(name),
        "summary": f"fitted: turns {before} into {after}",
        "source": f"convtool fit {before} {after}",
        "normalize": kernel.normalize,
    }
    if kernel.align != "centre":
        content["align"] = kernel.align
    content["weights"] = {kernel.dims: _rounded(kernel.weights.tolist())}
    content["bias"] = _rounded(list(kernel.bias) if isinstance(kernel.bias, tuple) else kernel.bias)
    dumped: str = yaml.safe_dump(
        content, sort_keys=False, allow_unicode=True, width=WIDE, default_flow_style=None
    )
    return "".join(f"# {_printable(line)}\n" for line in about) + dumped


def name_of(file: str) -> str:
    """Return the name of a kernel by that of its file.

    >>> name_of("My Blur_2.yaml"), name_of("öä.yaml")
    ('my-blur-2', 'fitted')
    """
    words = re.sub(r"[^a-z0-9]+", "-", pure(file).stem.lower()).strip("-")
    return words[:LONGEST].strip("-") or "fitted"


def _short(file: str) -> str:
    """Return the name of a file without its folder, in printable characters."""
    name = _printable(pure(file).name)
    return name if len(name) <= NAMED else f"{name[: NAMED - 1]}…"


def _printable(text: str) -> str:
    """Return a text of one line, as YAML takes it."""
    return "".join(c if c.isprintable() else "?" for c in text)


def _rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return float(f"{value:.{DIGITS}g}") + 0.0
