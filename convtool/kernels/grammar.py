"""Read the words of a kernel: parameters such as `sigma=3` and `delay=250ms`, and the numbers of a grid.

It must not import pydantic, which is for those who read kernel files.
"""

import math
import re
from typing import TYPE_CHECKING

from convtool.errors import KernelError

if TYPE_CHECKING:
    from convtool.kernels.schema import KernelFile, Parameter

MAX_WEIGHTS = 2**20
MAX_WEIGHT = 1e12  # sums of MAX_WEIGHTS such numbers, and their magnitudes, stay finite in float32
UNITS = {
    "ms": (1e-3, "s"),
    "s": (1.0, "s"),
    "hz": (1.0, "Hz"),
    "khz": (1e3, "Hz"),
    "deg": (1.0, "deg"),
    "px": (1.0, "px"),
}
_NUMBER = re.compile(r"^\s*([+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)\s*$")


def split_parameters(text: str, file: "KernelFile") -> dict[str, str]:
    """Return the parameters of `sigma=3,truncate=2` as they are written.

    Raises:
        KernelError: one is no parameter of `file`, is given twice, or has no value.
    """
    given: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value:
            raise KernelError(f"kernel '{file.name}': a parameter is NAME=NUMBER, not '{part}'")
        if key not in file.parameters:
            names = ", ".join(file.parameters) or "none"
            raise KernelError(
                f"kernel '{file.name}' has no parameter '{key}'", hint=f"it has {names}"
            )
        if key in given:
            raise KernelError(f"kernel '{file.name}': the parameter '{key}' is given twice")
        given[key] = value
    return given


def parse_value(name: str, key: str, text: str, parameter: "Parameter") -> float | str:
    """Return a parameter's value in its own unit, `250ms` in seconds is 0.25, or the word chosen.

    Args:
        name: the kernel's name, for messages.
        key: the parameter's.
        text: what was written.
        parameter: its unit and range.

    Raises:
        KernelError: it is no such number, outside the range, or none of the choices.
    """
    if parameter.choices:
        if text not in parameter.choices:
            raise KernelError(
                f"kernel '{name}': {key} is one of {', '.join(parameter.choices)}, not '{text}'"
            )
        return text
    match = _NUMBER.match(text)
    scale, unit = (
        UNITS.get(match[2].lower(), (0.0, "")) if match and match[2] else (1.0, parameter.unit)
    )
    try:
        value = float(match[1]) * scale if match else float("nan")
    except ValueError:
        value = float("nan")
    if match is None or not math.isfinite(value) or unit != parameter.unit:
        wanted = f"a number in {parameter.unit}" if parameter.unit else "a number"
        raise KernelError(f"kernel '{name}': {key}={text} is not {wanted}")
    if parameter.integer and value != int(value):
        raise KernelError(f"kernel '{name}': {key} is a whole number, not {text}")
    low = -math.inf if parameter.minimum is None else parameter.minimum
    high = math.inf if parameter.maximum is None else parameter.maximum
    if not low <= value <= high:
        raise KernelError(f"kernel '{name}': {key}={text} is outside {low:g}…{high:g}")
    return value


def parse_row(text: str) -> list[float]:
    """Return the numbers of a row; `1/16` is one of them.

    Raises:
        KernelError: one is no number.
    """
    return [_fraction(word) for word in text.split()]


def _fraction(word: str) -> float:
    numerator, slash, denominator = word.partition("/")
    try:
        return float(numerator) / float(denominator) if slash else float(numerator)
    except (ValueError, ZeroDivisionError) as exc:
        raise KernelError(f"'{word}' is not a number of a kernel grid") from exc


def grid_shape(grid: object) -> tuple[int, ...]:
    """Return the shape of nested lists of finite numbers.

    Raises:
        ValueError: the lists are ragged or empty, or hold anything but finite numbers.
    """
    if isinstance(grid, bool) or not isinstance(grid, list | int | float):
        raise ValueError(f"weights are numbers in nested lists, not {grid!r}")  # noqa: TRY004  # pydantic's protocol
    if not isinstance(grid, list):
        if not abs(grid) <= MAX_WEIGHT:  # as a comparison: integers may be too large for a float
            raise ValueError(f"weights are finite and at most {MAX_WEIGHT:g} in size, not {grid!r}")
        return ()
    shapes = {grid_shape(item) for item in grid}
    if len(shapes) != 1:
        raise ValueError("rows differ in length" if shapes else "a list of weights is empty")
    return (len(grid), *shapes.pop())
