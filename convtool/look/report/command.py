"""Write the command that gives the same result, from the options of a run.

Options that have their default are left out; the seed of random weights is among the others.
"""

import os
import shlex
from collections.abc import Iterator
from dataclasses import Field, fields
from typing import Any

from convtool.look.report.shown import Shown
from convtool.media.inputs import PIPE
from convtool.options.declare import declaration_of, flag_of, opposite
from convtool.places import names

EXPLAINED = ("kernel", "layer", "alignment", "result", "reading")  # groups of options


def command_line(shown: Shown) -> str:
    """Return the command for a POSIX shell, one input and its outputs only."""
    words = ["convtool", shown.medium.name, *_names(shown), *_options(shown)]
    return " ".join(map(shlex.quote, words)).encode("utf-8", "replace").decode()


def explaining(shown: Shown) -> str:
    """Return the command that explains an element in the terminal, without its place."""
    words = ["convtool", "explain", _path(names.shown(shown.job.input))]
    for name in EXPLAINED:
        words += _of_group(getattr(shown.options, name))
    suffix = names.pure(shown.job.input).suffix
    if shown.job.suffix.lower() != suffix.lower():
        words += ["--format", shown.job.suffix.removeprefix(".")]
    return " ".join(map(shlex.quote, words)).encode("utf-8", "replace").decode()


def _names(shown: Shown) -> Iterator[str]:
    """Yield the words for the input and for the place of its outputs."""
    job = shown.job
    yield _path(names.shown(job.input))
    if job.merged is not None:
        yield _path(job.merged)
        return
    yield _path(str(job.folder) + os.sep)
    if job.template is not None:
        yield from ("--name", job.template)


def _path(name: str) -> str:
    """Return a name that is not taken for a flag."""
    return f".{os.sep}{name}" if name.startswith("-") and name != PIPE else name


def _options(shown: Shown) -> Iterator[str]:
    """Yield the flags of all options that differ from their defaults."""
    for group in vars(shown.options).values():
        yield from _of_group(group)


def _of_group(group: Any) -> Iterator[str]:
    for each in fields(group):
        if "option" in each.metadata:
            yield from _words(each, getattr(group, each.name))


def _words(field: Field[Any], value: Any) -> Iterator[str]:
    """Yield the words that give an option a value."""
    if value == field.default:
        return
    if isinstance(value, bool):
        yield flag_of(field.name) if value else str(opposite(field))
    elif declaration_of(field).several:
        for each in value:
            yield from _valued(field, str(each))
    else:
        yield from _valued(field, _text(value))


def _text(value: Any, between: str = ",") -> str:
    """Return a value as it is typed: commas between axes, colons between their sides."""
    if not isinstance(value, tuple):
        return str(value)
    return between.join(_text(each, ":") for each in value)


def _valued(field: Field[Any], text: str) -> Iterator[str]:
    """Yield a flag and its value, the short one where there is one."""
    flags = [flag for flag in declaration_of(field).flags if len(flag) == 2]
    yield from ((flags or [flag_of(field.name)])[0], text)
