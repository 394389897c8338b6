"""Make a command's flags from option groups, and its options from what was typed."""

import functools
import inspect
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import Field, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from convtool.cli.completion import kernel_names
from convtool.errors import UsageError
from convtool.kernels import safe_yaml

ARGUMENTS = {"inputs", "output"}


def take_options(context: typer.Context, value: Path | None) -> Path | None:
    """Let a file of options be the defaults of those that are not given.

    Raises:
        KernelError: it cannot be read; it is read as safely as a kernel file.
        UsageError: it names an option that the command does not have.
    """
    if value is not None:
        known = {parameter.name for parameter in context.command.params} - {"options"} - ARGUMENTS
        content, _ = safe_yaml.parse(value)
        named = {str(key).replace("-", "_"): given for key, given in content.items()}
        unknown = sorted(set(named) - known)
        if unknown:
            raise UsageError(f"{value}: no option '{unknown[0].replace('_', '-')}' here")
        context.default_map = {**(context.default_map or {}), **named}
    return value


# What only the command line adds to the declaration of an option.
EXTRA: dict[str, dict[str, Any]] = {
    "kernel": {"autocompletion": kernel_names},
    "options": {"callback": take_options},
}


def with_options(command: Callable[..., None], groups: Iterable[type]) -> Callable[..., None]:
    """Return a command that takes the options of groups as flags, for typer.

    Args:
        command: takes its own arguments by keyword, and `values`: the options by name.
        groups: dataclasses of options.
    """
    taken = {field.name: (field, hint) for group in groups for field, hint in _hinted(group)}

    @functools.wraps(command)
    def call(**given: Any) -> None:
        values = {name: _parsed(field, given.pop(name)) for name, (field, _) in taken.items()}
        command(values=values, **given)

    own = [
        parameter
        for name, parameter in inspect.signature(command).parameters.items()
        if name != "values"
    ]
    parameters = [*own, *(_parameter(field, hint) for field, hint in taken.values())]
    # what typer reads
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return call


def _hinted(group: type) -> Iterator[tuple[Field[Any], Any]]:
    hints = typing.get_type_hints(group)
    for field in fields(group):
        yield field, hints[field.name]


def _parameter(field: Field[Any], hint: Any) -> inspect.Parameter:
    metadata = field.metadata
    extra = metadata["extra"] | EXTRA.get(field.name, {})
    default: Any = field.default
    if extra.pop("parser", None):
        hint = str | None
        default = None if default is None else str(default)
    elif typing.get_origin(hint) is tuple:
        hint, default = list[typing.get_args(hint)[0]], []  # type: ignore[misc]  # made for typer
    flags = metadata["flags"] or (f"--{field.name.replace('_', '-')}",)
    if hint is bool and field.default is True:
        flags = (f"{flags[0]}/--no-{flags[0].removeprefix('--')}",)
    option = typer.Option(*flags, help=metadata["help"], rich_help_panel=metadata["panel"], **extra)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[hint, option],
    )


def _parsed(field: Field[Any], value: Any) -> Any:
    parser = field.metadata["extra"].get("parser")
    if isinstance(value, list):
        return tuple(value)
    return parser(value) if parser and value is not None else value
