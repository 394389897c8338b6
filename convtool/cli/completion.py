"""Complete kernels, their parameters and words in a shell; it must not import torch or NumPy."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import typer

from convtool.errors import KernelError
from convtool.kernels import catalogue
from convtool.media.registry import MEDIA
from convtool.options.values import Kind

Completed = Iterable[tuple[str, str]]  # what a word may become, and what that is
Completer = Callable[[typer.Context, str], Completed]


def completer_of(name: str, kind: Kind) -> Completer | None:
    """Return what completes the values of an option, None where files or nothing are.

    Args:
        name: of the option.
        kind: of its values.
    """
    if name == "kernel":
        return kernels
    if name == "format":
        return _formats
    if not kind.choices:
        return None

    def complete(context: typer.Context, incomplete: str) -> Completed:
        del context
        return [(word, "") for word in kind.choices if word.startswith(incomplete.lower())]

    return complete


def _formats(context: typer.Context, incomplete: str) -> Completed:
    medium = MEDIA.get(context.info_name or "")
    media = [medium] if medium else MEDIA.values()
    formats = sorted({name for each in media for name in each.formats})
    return [(name, "") for name in formats if name.startswith(incomplete.lower())]


def kernels(context: typer.Context, incomplete: str) -> Iterator[tuple[str, str]]:
    """Yield the kernels that a word may become, or the parameters behind its colon.

    Args:
        context: the command line so far; kernels are those for its command's medium.
        incomplete: the word to complete.
    """
    search = tuple(map(Path, context.params.get("kernel_path") or ()))
    medium = MEDIA.get(context.info_name or "")
    head, colon, given = incomplete.partition(":")
    for name, path in catalogue.catalogue(search).items():
        if not name.startswith(head) or (colon and name != head):
            continue
        try:
            entry = catalogue.entry(path, search)
        except KernelError:
            continue  # `convtool kernels list` reports it
        if colon:
            yield from _parameters(entry, given)
        elif medium is None or medium.dims in entry.dimensions:
            yield name, entry.summary


def _parameters(entry: catalogue.Entry, given: str) -> Completed:
    """Yield a kernel with each parameter that may come next, with its default to be changed."""
    before, comma, last = given.rpartition(",")
    used = {part.partition("=")[0].strip() for part in before.split(",")}
    for key, default in entry.parameters.items():
        if key.startswith(last) and key not in used:
            value = default if isinstance(default, str) else f"{default:g}"
            yield f"{entry.name}:{before}{comma}{key}={value}", entry.summary
