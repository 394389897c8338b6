"""The grammar of `-k`: NAME or FILE with parameters, values with units, grids of numbers.

    NAME[:KEY=VALUE,…]    FILE.yaml[:KEY=VALUE,…]    NUMBER NUMBER; NUMBER NUMBER | …

It must not import NumPy or pydantic, which `convtool kernels list` does without.
"""

import math
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from convtool.errors import KernelError
from convtool.options.numbers import read_number

if TYPE_CHECKING:
    from convtool.kernels.schema import Parameter

Parameters = tuple[tuple[str, str], ...]  # names and values as they were given, in order

SUFFIXES = (".yaml", ".yml")  # of kernel files
UNITS = {
    "ms": (1e-3, "s"),
    "s": (1.0, "s"),
    "hz": (1.0, "Hz"),
    "k": (1e3, "Hz"),
    "khz": (1e3, "Hz"),
    "deg": (1.0, "deg"),
    "px": (1.0, "px"),
}
NAMES_OF_UNITS = {
    "": "a number",
    "px": "a number of pixels",
    "samples": "a number of samples",
    "s": "a number of seconds",
    "Hz": "a number of Hz",
    "deg": "a number of degrees",
}

_FILE = re.compile(r"(?P<head>.+\.ya?ml)(?::(?P<parameters>.*))?", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")  # a path of Windows
_VALUE = re.compile(r"\s*(?P<number>[+-]?[\d.]+(?:[eE][+-]?\d+)?)\s*(?P<unit>[A-Za-z]*)\s*")
_GRID_WORD = re.compile(r"[\d.+\-eE/]+")


def split_head(text: str) -> tuple[str, str | None]:
    """Split a kernel's name or path from the parameters behind its colon.

    >>> split_head("gaussian:sigma=3"), split_head("my.yaml")
    (('gaussian', 'sigma=3'), ('my.yaml', None))
    """
    match = _FILE.fullmatch(text)
    if match:
        return match["head"], match["parameters"]
    if _DRIVE.match(text):
        return text, None
    head, colon, parameters = text.partition(":")
    return head, parameters if colon else None


def is_path(head: str) -> bool:
    """Return whether a head is the path of a kernel file; otherwise it is a kernel's name."""
    return PurePath(head).suffix in SUFFIXES


def parse_parameters(head: str, text: str | None) -> Parameters:
    """Return the parameters of `sigma=3,truncate=2`, their values not yet read.

    Args:
        head: the kernel's name, for messages.
        text: what follows its colon; None where there is no colon.

    Raises:
        KernelError: one has no name or no value, or is given twice.

    >>> parse_parameters("gaussian", "sigma=3, truncate=2")
    (('sigma', '3'), ('truncate', '2'))
    """
    if text is None:
        return ()
    given: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not (key and equals and value):
            raise KernelError(
                f"kernel '{head}': parameters are written NAME=VALUE, not '{part}'",
                hint=_decimal_comma(part, given),
            )
        if key in given:
            raise KernelError(f"kernel '{head}': parameter '{key}' is given twice")
        given[key] = value
    return tuple(given.items())


def _decimal_comma(part: str, given: dict[str, str]) -> str | None:
    """Return the hint for a part that may be the fraction of the one before, else None."""
    if given and part.strip().isdecimal():
        key, value = list(given.items())[-1]
        return f"decimals take a point: {key}={value}.{part.strip()}"
    return None


def parse_value(name: str, key: str, text: str, parameter: "Parameter") -> float | str:
    """Return a parameter's value in its own unit: `250ms` is 0.25 in seconds.

    Args:
        name: the kernel's name, for messages.
        key: the parameter's.
        text: the value as it was given.
        parameter: its unit, range and choices.

    Raises:
        KernelError: it is not a number in this unit, out of range, or not one of the choices.
    """
    if parameter.choices:
        if text not in parameter.choices:
            raise KernelError(
                f"kernel '{name}': {key} takes {', '.join(parameter.choices)}, not '{text}'"
            )
        return text
    value = _number(name, key, text, parameter)
    if parameter.integer and value != int(value):
        raise KernelError(f"kernel '{name}': {key} takes a whole number, not {text}")
    low = -math.inf if parameter.minimum is None else parameter.minimum
    high = math.inf if parameter.maximum is None else parameter.maximum
    if not low <= value <= high:
        raise KernelError(f"kernel '{name}': {key}={text} is outside {low:g}…{high:g}")
    return value


def _number(name: str, key: str, text: str, parameter: "Parameter") -> float:
    match = _VALUE.fullmatch(text)
    try:
        value = read_number(match["number"] if match else text)
    except ValueError as exc:
        expected = NAMES_OF_UNITS[parameter.unit]
        raise KernelError(f"kernel '{name}': {key} takes {expected}, not '{text}'") from exc
    if match is None or not match["unit"]:
        return value
    scale, unit = UNITS.get(match["unit"].lower(), (0.0, ""))
    if unit == parameter.unit and unit:
        return value * scale
    if parameter.unit in ("", "samples"):
        measure = "in samples, without a unit" if parameter.unit else "a number without a unit"
        example = match["number"]
    else:
        measure = f"in {parameter.unit}, not in '{match['unit']}'"
        example = match["number"] + parameter.unit
    raise KernelError(f"kernel '{name}': {key} is {measure}: {key}={example}")


def parse_row(text: str) -> list[float]:
    """Return the numbers of a row; fractions such as `1/16` are among them.

    Raises:
        KernelError: one is not a number.

    >>> parse_row("1/4 .5 -1e-3")
    [0.25, 0.5, -0.001]
    """
    return [_fraction(word) for word in text.split()]


def _fraction(word: str) -> float:
    try:
        if not _GRID_WORD.fullmatch(word):
            raise ValueError(word)  # noqa: TRY301  # per cent are no weights
        return read_number(word)
    except ValueError as exc:
        raise KernelError(f"'{word}' is not a number") from exc
