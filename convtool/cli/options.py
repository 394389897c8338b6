"""Make typer options from the fields of settings, so that every command that shares them has the same ones."""

import functools
import inspect
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import Field, dataclass, fields
from typing import Annotated, Any

import typer

from convtool.options import option


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What the command line does around the work."""

    dry_run: bool = option(False, "Say what would be done: shapes, cost, files. Write nothing.", "Run", "--dry-run")
    show_weights: bool = option(False, "Print the layer and its weights.", "Run", "--show-weights")
    json: bool = option(False, "Print one line of JSON for each input.", "Run", "--json")
    quiet: bool = option(False, "Print errors only.", "Run", "--quiet", "-q")
    verbose: bool = option(
        False, "Print the layer, its algorithm and the time of each input.", "Run", "--verbose", "-v"
    )


def with_options(medium: str, *groups: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of settings classes that are for all commands or for this one.

    The command takes an instance of each, by position, ahead of its own arguments, which are keywords.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for name, parameter in inspect.signature(command).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        ]
        taken = {
            group: [field for field in fields(group) if medium in (field.metadata["media"] or (medium,))]
            for group in groups
        }
        added = {
            field.name: _parameter(field, hint) for group in groups for field, hint in _hinted(group, taken[group])
        }

        @functools.wraps(command)
        def call(**given: Any) -> None:
            settings = []
            for group in groups:
                values = {field.name: _parsed(field, given.pop(field.name)) for field in taken[group]}
                settings.append(group(**values))
            command(*settings, **given)

        parameters = [*own, *added.values()]
        call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by typer
        call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return call

    return decorate


def _hinted(group: type, taken: Sequence[Field[Any]]) -> Iterator[tuple[Field[Any], Any]]:
    hints = typing.get_type_hints(group)
    for field in taken:
        yield field, hints[field.name]


def _parameter(field: Field[Any], hint: Any) -> inspect.Parameter:
    metadata = field.metadata
    extra = dict(metadata["extra"])
    default: Any = field.default
    if extra.pop("parser", None):
        hint = str | None
        default = None if default is None else str(default)
    elif typing.get_origin(hint) is tuple:
        hint, default = list[typing.get_args(hint)[0]], []  # type: ignore[misc]  # made for typer
    flags = metadata["flags"] or (f"--{field.name.replace('_', '-')}",)
    if hint is bool and field.default is True:
        flags = (f"{flags[0]}/--no-{flags[0].removeprefix('--')}",)
    typed = Annotated[hint, typer.Option(*flags, help=metadata["help"], rich_help_panel=metadata["panel"], **extra)]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=typed)


def _parsed(field: Field[Any], value: Any) -> Any:
    parser = field.metadata["extra"].get("parser")
    if isinstance(value, list):
        return tuple(value)
    return parser(value) if parser and value is not None else value
