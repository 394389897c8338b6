"""How an option is declared, how its text is read, and how its value is checked.

It knows no option: the groups declare them.
"""

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, Literal, get_args

from convtool.errors import UsageError

Axes = int | tuple[int, ...]
Padding = Literal["same", "valid"] | Axes

_AXES = re.compile(r"\s*-?\d{1,30}\s*(,\s*-?\d{1,30}\s*)*")


def option(default: Any, help: str, panel: str, *flags: str, **extra: Any) -> Any:
    """Declare a field with what the command line shows of it.

    Args:
        default: the value when it is not given.
        help: one line for `--help`.
        panel: the group of options that it is listed in.
        flags: its spellings, where they are not `--name`.
        extra: further arguments of `typer.Option`.
    """
    metadata = {"help": help, "panel": panel, "flags": flags, "extra": extra}
    return field(default=default, metadata=metadata)


def parse_axes(text: str) -> Axes:
    """Read `3` or `3,5`: one number for every axis, or one number per axis."""
    if not _AXES.fullmatch(text):
        raise UsageError(f"'{text}' is not a whole number, nor a list of them such as 3,5")
    numbers = tuple(int(part) for part in text.split(","))
    return numbers[0] if len(numbers) == 1 else numbers


def parse_padding(text: str) -> Padding:
    """Read `same`, `valid`, or what `parse_axes` reads."""
    if text == "same":
        return "same"
    if text == "valid":
        return "valid"
    try:
        return parse_axes(text)
    except UsageError as exc:
        hint = "--padding-mode chooses what is added" if text.isalpha() else None
        raise UsageError(
            f"--padding takes a number, 'same' or 'valid', not '{text}'", hint=hint
        ) from exc


def parse_groups(text: str) -> int | Literal["depthwise"]:
    """Read `depthwise` or a whole number."""
    if text == "depthwise":
        return "depthwise"
    groups = parse_axes(text) if _AXES.fullmatch(text) else None
    if not isinstance(groups, int):
        raise UsageError(f"--groups takes a whole number or 'depthwise', not '{text}'")
    return groups


def axes(parse: Callable[[str], Any] = parse_axes, metavar: str = "N[,N]") -> dict[str, Any]:
    """Return the further arguments of an option that takes one number, or one per axis."""
    return {"parser": parse, "metavar": metavar}


def check_choice(name: str, value: str | None, choices: Any) -> None:
    """Check that a value is one of a Literal's, or None.

    Args:
        name: the option's, without its dashes.
        value: the value.
        choices: the Literal.

    Raises:
        UsageError: it is another one.
    """
    known = get_args(choices)
    if value is not None and value not in known:
        listed = f"{', '.join(known[:-1])} or {known[-1]}"
        raise UsageError(f"--{name} takes {listed}, not '{value}'")


def check_whole(name: str, value: Axes | None, low: int, high: int) -> None:
    """Check that all numbers are whole and in a range; None is not checked.

    Args:
        name: the option's, without its dashes.
        value: one number, or one per axis.
        low: the smallest that is allowed.
        high: the largest that is allowed.

    Raises:
        UsageError: a number is not whole, or outside the range.
    """
    if value is None:
        return
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, bool) or not isinstance(number, int):
            raise UsageError(f"--{name} takes whole numbers, not {number}")
        if number < low:
            raise UsageError(f"--{name} takes whole numbers from {low}, not {number}")
        if number > high:
            raise UsageError(f"--{name} takes whole numbers up to {high}, not {number}")


def per_axis(name: str, value: Axes, dims: int) -> tuple[int, ...]:
    """Return one number per axis.

    Args:
        name: the option's, without its dashes.
        value: one number for all axes, or one per axis.
        dims: the number of axes.

    Raises:
        UsageError: there are more numbers than one, and not one per axis.
    """
    if isinstance(value, int):
        return (value,) * dims
    if len(value) != dims:
        raise UsageError(f"--{name} has {len(value)} numbers for {dims} axes")
    return value
