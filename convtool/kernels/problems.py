"""Tell what is wrong with a kernel file: the file, the line, the key, and what was expected.

Nothing of pydantic's own words reaches a user.
"""

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_BANK_MEMBERS, MAX_BIASES, MAX_WEIGHT

WEIGHTS = "weights by dimension, as in 2: [[0, 1], [1, 0]]"
EXPECTED = {
    "name": "small letters, digits and '-', 64 at most",
    "summary": "a text of at most 200 characters",
    "source": "a text of at most 1000 characters",
    "output": "signed or unsigned",
    "convention": "correlation or convolution",
    "align": "centre or causal",
    "weights": WEIGHTS,
    "divide_by": "a number or sum",
    "bias": f"a number, or a list of at most {MAX_BIASES} numbers, one per output channel",
    "generator": "the name of a generator",
    "dimensions": "a list of 1, 2 and 3",
    "parameters": "a name and its values, as in sigma: {default: 1}",
    "bank": f"a list of at most {MAX_BANK_MEMBERS} kernels",
    "combine": "magnitude, max, sum or mean",
}
OF_PARAMETERS = {
    "summary": "a text",
    "unit": "px, samples, s, Hz or deg",
    "default": "a number or a word",
    "choices": "a list of words",
    "minimum": "a number",
    "maximum": "a number",
    "integer": "true or false",
}
RANGE = ("greater_than_equal", "less_than_equal", "finite_number")
SHOWN = 40  # characters of a value


def first_problem(error: ValidationError, path: Path, root: yaml.Node | None) -> KernelError:
    """Return the first problem that pydantic found, in our words.

    Args:
        error: what it found.
        path: of the file.
        root: the nodes of the file, which know their lines.
    """
    problem = error.errors(include_url=False)[0]
    steps, node = _place(problem["loc"], root)
    place = f"{path}: line {node.start_mark.line + 1 if node else 1}"
    key = ".".join(steps)
    kind = problem["type"]
    if kind in ("extra_forbidden", "missing"):
        return _wrong_key(place, str(problem["loc"][-1]), steps, missing=kind == "missing")
    if kind == "value_error":
        text = problem["msg"].removeprefix("Value error, ")
        return KernelError(f"{place}: {key}: {text}" if key else f"{place}: {text}")
    if kind in RANGE:
        return KernelError(f"{place}: {key}: numbers are finite and at most {MAX_WEIGHT:g} in size")
    return KernelError(f"{place}: {key}: expected {_expected(steps)}{_shown(problem['input'])}")


def _wrong_key(place: str, key: str, steps: list[str], *, missing: bool) -> KernelError:
    known = OF_PARAMETERS if steps[:1] == ["parameters"] else EXPECTED
    if missing:
        return KernelError(f"{place}: the key '{key}' is missing")
    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"keys: {', '.join(known)}"
    return KernelError(f"{place}: unknown key '{key}'", hint=hint)


def _expected(steps: list[str]) -> str:
    """Return what is expected at a place: of a parameter's key, or of a key of the file."""
    if steps[:1] == ["parameters"] and len(steps) > 2:
        return OF_PARAMETERS.get(steps[2], "another value")
    return EXPECTED.get(steps[0], "another value") if steps else "another value"


def _shown(value: Any) -> str:
    """Return the end of a message that shows what was found, where it is short."""
    if isinstance(value, dict | list | tuple):
        return ""
    return f", not {str(value)[:SHOWN]!r}" if isinstance(value, str) else f", not {value}"


def _place(location: tuple[int | str, ...], root: yaml.Node | None) -> tuple[list[str], Any]:
    """Return the keys of a place that are in the file, and the innermost node."""
    keys: list[str] = []
    node = root
    for step in location:
        inner = _child(node, step)
        if inner is not None:
            node = inner
            keys.append(str(step))
    return keys, node


def _child(node: yaml.Node | None, step: str | int) -> yaml.Node | None:
    """Return the node below another by its key or index."""
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        inner: yaml.Node = node.value[step]
        return inner
    return None
