"""Make a command's flags from option groups, and its options from what was typed."""

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from convtool.cli.completion import completer_of
from convtool.errors import UsageError
from convtool.kernels import safe_yaml
from convtool.media.registry import MEDIA, Medium
from convtool.options.declare import declaration_of, flag_of, opposite, read, spellings
from convtool.options.run import RunOptions
from convtool.options.values import Flag

Fields = dict[str, Field[Any]]


@dataclass(frozen=True)
class Given:
    """The options of a call that were given, on the command line or in a file.

    Attributes:
        values: by name.
        notes: on options that have no effect, as they are for other media.
    """

    values: dict[str, Any]
    notes: tuple[str, ...]


def fields_of(medium: Medium) -> Fields:
    """Return the options of a medium's command, by name."""
    groups = (*medium.groups.values(), RunOptions)
    return {field.name: field for group in groups for field in fields(group)}


def foreign_to(medium: Medium) -> dict[str, tuple[Field[Any], list[Medium]]]:
    """Return the options that other media have instead, by name, and those media."""
    own = fields_of(medium)
    found: dict[str, tuple[Field[Any], list[Medium]]] = {}
    for other in MEDIA.values():
        for name, field in fields_of(other).items():
            if name not in own:
                found.setdefault(name, (field, []))[1].append(other)
    return found


def parameters_of(medium: Medium) -> list[inspect.Parameter]:
    """Return the options of a medium's command as typer reads them; those of others are hidden."""
    own = [parameter_of(field) for field in fields_of(medium).values()]
    others = [parameter_of(field, hidden=True) for field, _ in foreign_to(medium).values()]
    return own + others


def parameter_of(field: Field[Any], *, hidden: bool = False) -> inspect.Parameter:
    """Return an option that is None where it is not given, and a text where it takes a value."""
    declared = declaration_of(field)
    flags = list(spellings(field))
    more: dict[str, Any] = {"metavar": declared.kind.metavar or None, "hidden": hidden}
    hint: Any = str | None
    if declared.counted:
        hint, more["count"] = int, True
    elif isinstance(declared.kind, Flag):
        hint, off = bool | None, opposite(field)
        flags = [f"{flags[0]}/{off}", *flags[1:]] if off else flags
    else:
        hint = list[str] | None if declared.several else hint
        more["autocompletion"] = completer_of(field.name, declared.kind)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=0 if declared.counted else None,
        annotation=Annotated[hint, typer.Option(*flags, **more)],
    )


def collect(medium: Medium, typed: Mapping[str, Any]) -> Given:
    """Return the options that were given.

    Args:
        medium: of the command.
        typed: what typer read, by name.

    Raises:
        UsageError: a value is not allowed, or the file of options is wrong.
    """
    own, foreign = fields_of(medium), foreign_to(medium)
    values = values_of(own, typed)
    given = _given(typed)
    notes = [_for_others(name, foreign[name][1], medium) for name in foreign if name in given]
    if "options" in values:
        for name, value in _read_file(values["options"], own, foreign):
            if name in foreign:
                notes.append(_for_others(name, foreign[name][1], medium))
            else:
                values.setdefault(name, value)
    return Given(values, tuple(notes))


def values_of(own: Fields, typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of options that were given, by name.

    Args:
        own: the options of the command.
        typed: what typer read, by name.

    Raises:
        UsageError: a value is not allowed.
    """
    return {name: _typed(own[name], text) for name, text in _given(typed).items() if name in own}


def _given(typed: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: text for name, text in typed.items() if text not in (None, [], 0) or text is False
    }


def _typed(field: Field[Any], given: Any) -> Any:
    if isinstance(given, bool | int):
        return given
    if isinstance(given, list | tuple):
        return tuple(read(field, text) for text in given)
    return read(field, given)


def _for_others(name: str, others: list[Medium], medium: Medium) -> str:
    media = " and ".join(other.several for other in others)
    return f"{flag_of(name)} has no effect on {medium.several}: it is for {media}"


def _read_file(path: Path, own: Fields, foreign: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the options of a file, by name; those of other media without a value.

    Raises:
        KernelError: it cannot be read; it is read as safely as a kernel file.
        UsageError: it names an option that the command does not have, or a value is not allowed.
    """
    _, root = safe_yaml.parse(path)
    known: dict[str, tuple[str, str | None]] = {}
    known |= {_key(flag): (name, None) for name in own for flag in spellings(own[name])}
    known |= {_key(off): (name, "false") for name in own if (off := opposite(own[name]))}
    del known["options"]
    for key, node in typing.cast("yaml.MappingNode", root).value:
        place = f"{path}: line {key.start_mark.line + 1}"
        name, fixed = known.get(_key(str(key.value)), (None, None))
        if name is not None:
            try:
                yield name, _of_node(own[name], node, fixed)
            except UsageError as exc:
                raise UsageError(f"{place}: {exc.message}", hint=exc.hint) from exc
        elif _key(str(key.value)) in map(_key, foreign):
            yield _key(str(key.value)).replace("-", "_"), None
        else:
            raise UsageError(f"{place}: no option '{key.value}' here")


def _key(spelling: str) -> str:
    return spelling.lstrip("-").replace("_", "-")


def _of_node(field: Field[Any], node: yaml.Node, fixed: str | None) -> Any:
    """Return the value of an option from a node of YAML: one value, or a list of them."""
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not all(isinstance(item, yaml.ScalarNode) for item in items):
        raise UsageError(f"{flag_of(field.name)} takes a value or a list of values")
    if any(item.tag == safe_yaml.NULL for item in items):
        raise UsageError(f"{flag_of(field.name)} has no value")
    texts = [item.value for item in items]
    if declaration_of(field).several:
        return tuple(read(field, text) for text in texts)
    value = read(field, ",".join(texts))
    return value is not read(field, fixed) if fixed is not None else value


Call = Callable[[list[str], Given], None]


def with_options(call: Call, medium: Medium, **others: Any) -> Callable[..., None]:
    """Return a command that takes the options of a medium as flags, for typer.

    Args:
        call: takes the words of the call that are no options, and the options.
        medium: whose options.
        others: how typer reads other parameters, `words` among them, by name.
    """

    def command(**typed: Any) -> None:
        call(typed["words"] or [], collect(medium, typed))

    return taking(command, parameters_of(medium), **others)


def taking(
    command: Callable[..., None], parameters: list[inspect.Parameter], **others: Any
) -> Callable[..., None]:
    """Return a function as a command with these parameters, for typer.

    Args:
        command: takes what typer reads, by name.
        parameters: of the options.
        others: how typer reads other parameters, by name; those that are one text must be given.
    """
    first = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=inspect.Parameter.empty if typing.get_args(hint)[0] is str else None,
            annotation=hint,
        )
        for name, hint in others.items()
    ]
    every = [*first, *parameters]
    # what typer reads
    command.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in every}
    return command
