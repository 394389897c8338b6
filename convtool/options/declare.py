"""How an option is declared, how its text is read, and how its value is checked.

It knows no option: `settings` declares them.
"""

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, Literal, get_args

from convtool.errors import UsageError

Axes = int | tuple[int, ...]
Padding = Literal["same", "valid"] | Axes


def parse_axes(text: str) -> Axes:
    """Read `3` or `3,5`: one number for every axis, or one an axis."""
    if not re.fullmatch(r"\s*-?\d{1,30}\s*(,\s*-?\d{1,30}\s*)*", text):
        raise UsageError(f"'{text}' is neither a whole number nor a comma list of them")
    numbers = tuple(int(part) for part in text.split(","))
    return numbers[0] if len(numbers) == 1 else numbers


def parse_padding(text: str) -> Padding:
    """Read `same`, `valid`, or what `parse_axes` reads."""
    return text if text in ("same", "valid") else parse_axes(text)  # type: ignore[return-value]  # narrowed


def parse_groups(text: str) -> int | Literal["depthwise"]:
    """Read `depthwise` or a whole number."""
    groups = "depthwise" if text == "depthwise" else parse_axes(text)
    if isinstance(groups, tuple):
        raise UsageError(f"'{text}' is neither 'depthwise' nor one whole number")
    return groups  # type: ignore[return-value]  # an int or the one word


def option(
    default: Any, help: str, panel: str, *flags: str, media: tuple[str, ...] = (), **extra: Any
) -> Any:  # typer's word
    """Declare a field with what the command line shows of it.

    Args:
        default: the value when it is not given.
        help: one line for `--help`.
        panel: the group of options it is shown in.
        flags: its spelling, where that is not `--name`.
        media: the commands that have it; none for all.
        extra: further arguments of `typer.Option`.
    """
    metadata = {"help": help, "panel": panel, "flags": flags, "media": media, "extra": extra}
    return field(default=default, metadata=metadata)


def axes(parse: Callable[[str], Any] = parse_axes, metavar: str = "N[,N]") -> dict[str, Any]:
    """Return the further arguments of an option that takes a number, or one an axis."""
    return {"parser": parse, "metavar": metavar}


def check_choice(name: str, value: str | None, choices: Any) -> None:
    """Check that a value is one of a Literal's, or None.

    Raises:
        UsageError: it is not.
    """
    if value is not None and value not in get_args(choices):
        raise UsageError(f"{name} is one of {', '.join(get_args(choices))}, not '{value}'")


def check_whole(name: str, value: Axes | None, low: int, high: int) -> None:
    """Check that all numbers are whole and in a range; None is not checked.

    Raises:
        UsageError: one is not.
    """
    if value is None:
        return
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
            raise UsageError(f"{name} is a whole number from {low} to {high}, not {number}")


def per_axis(name: str, value: Axes, dims: int) -> tuple[int, ...]:
    """Spread one number over `dims` axes, or check that a tuple has one an axis.

    Raises:
        UsageError: the tuple is of another length.
    """
    if isinstance(value, int):
        return (value,) * dims
    if len(value) != dims:
        raise UsageError(f"{name} has {len(value)} numbers, and there are {dims} axes")
    return value
