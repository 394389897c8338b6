"""Make typer options from the fields of settings, so that every command that shares them has the same ones."""

import functools
import inspect
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from convtool.cli.completion import kernel_names
from convtool.errors import UsageError
from convtool.kernels import catalogue
from convtool.options.declare import option

COMPLETED = {"kernel": kernel_names}
OnError = Literal["continue", "stop"]


def take_options(context: typer.Context, value: Path | None) -> Path | None:
    """Let a file of options be the defaults of those that are not given.

    Raises:
        KernelError: it is no such file; they are read as safely as those of kernels.
        UsageError: it names an option that the command has not.
    """
    if value is not None:
        known = {parameter.name for parameter in context.command.params} - {
            "options",
            "inputs",
            "output",
        }
        content, _ = catalogue.parse(value)
        named = {str(key).replace("-", "_"): given for key, given in content.items()}
        unknown = sorted(set(named) - known)
        if unknown:
            raise UsageError(f"{value}: no option '{unknown[0].replace('_', '-')}' here")
        context.default_map = {**(context.default_map or {}), **named}
    return value


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """What the command line does around the work."""

    files_from: Path | None = option(
        None, "File, or -, with the name of an INPUT on each line; their folders are made below OUTPUT.", "Inputs",
        metavar="FILE",
    )  # fmt: skip
    files0_from: Path | None = option(
        None,
        "The same with a NUL after each name, as `find -print0` has it.",
        "Inputs",
        metavar="FILE",
    )
    glob: str | None = option(
        None,
        "Take the files of folders that match, instead of those with known suffixes.",
        "Inputs",
        metavar="PATTERN",
    )
    options: Path | None = option(
        None, "YAML file of options by their long names; flags override it.", "Inputs", metavar="FILE", is_eager=True,
        callback=take_options,
    )  # fmt: skip

    name: str | None = option(
        None, "Names of outputs in a folder, of {stem} {kernel} {channel} {index} {suffix}.", "Output",
        metavar="TEMPLATE",
    )  # fmt: skip
    skip_existing: bool = option(
        False,
        "Leave out inputs whose outputs are there, made by the same options.",
        "Output",
        "--skip-existing",
    )

    jobs: int | None = option(
        None, "Files filtered at once. Pictures and sounds: one a core; films: one.", "Run", metavar="N", min=1,
        show_default="by medium",
    )  # fmt: skip
    on_error: OnError = option("continue", "After a failed input, go on or stop.", "Run")
    failed_to: Path | None = option(
        None,
        "Write the names of failed inputs here, a NUL after each, for --files0-from.",
        "Run",
        metavar="FILE",
    )
    dry_run: bool = option(
        False, "Say what would be done: shapes, cost, files. Write nothing.", "Run", "--dry-run"
    )
    show_weights: bool = option(False, "Print the layer and its weights.", "Run", "--show-weights")
    json: bool = option(False, "Print one line of JSON for each input.", "Run", "--json")
    quiet: bool = option(False, "Print errors only.", "Run", "--quiet", "-q")
    verbose: bool = option(
        False,
        "Print the layer, its algorithm and the time of each input.",
        "Run",
        "--verbose",
        "-v",
    )


def with_options(
    medium: str, *groups: type
) -> Callable[[Callable[..., None]], Callable[..., None]]:
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
            group: [
                field for field in fields(group) if medium in (field.metadata["media"] or (medium,))
            ]
            for group in groups
        }
        added = {
            field.name: _parameter(field, hint)
            for group in groups
            for field, hint in _hinted(group, taken[group])
        }

        @functools.wraps(command)
        def call(**given: Any) -> None:
            settings = []
            for group in groups:
                values = {
                    field.name: _parsed(field, given.pop(field.name)) for field in taken[group]
                }
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
    extra = dict(metadata["extra"], autocompletion=COMPLETED.get(field.name))
    default: Any = field.default
    if extra.pop("parser", None):
        hint = str | None
        default = None if default is None else str(default)
    elif typing.get_origin(hint) is tuple:
        hint, default = list[typing.get_args(hint)[0]], []  # type: ignore[misc]  # made for typer
    flags = metadata["flags"] or (f"--{field.name.replace('_', '-')}",)
    if hint is bool and field.default is True:
        flags = (f"{flags[0]}/--no-{flags[0].removeprefix('--')}",)
    typed = Annotated[
        hint,
        typer.Option(*flags, help=metadata["help"], rich_help_panel=metadata["panel"], **extra),
    ]
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=typed
    )


def _parsed(field: Field[Any], value: Any) -> Any:
    parser = field.metadata["extra"].get("parser")
    if isinstance(value, list):
        return tuple(value)
    return parser(value) if parser and value is not None else value
