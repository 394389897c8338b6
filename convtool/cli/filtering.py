"""The commands that filter: one per medium of the registry."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from convtool.cli.loading import loading_torch
from convtool.cli.options import Given, fields_of, with_options
from convtool.cli.pages import Content, HelpAll, OptionsCommand
from convtool.errors import UsageError
from convtool.media.registry import MEDIA, Medium
from convtool.options.numbers import read_number
from convtool.options.run import RunOptions
from convtool.start.threads import wait_briefly


class FilterCommand(OptionsCommand):
    """The command of a medium."""

    def content(self, ctx: typer.Context) -> Content:
        """Return what the page says."""
        medium = MEDIA[str(ctx.info_name)]
        help = medium.help
        return Content(
            "INPUT... OUTPUT",
            help.command,
            [(f"convtool {medium.name} {call}", text) for call, text in help.examples],
            [("INPUT", help.inputs), ("OUTPUT", help.output)],
            fields_of(medium),
            medium.name,
        )


Words = Annotated[list[str] | None, typer.Argument(metavar="INPUT... OUTPUT")]


def command_of(medium: Medium) -> Callable[..., None]:
    """Return the command of a medium, for typer."""

    def filter_(words: Sequence[str], given: Given) -> None:
        names = {field.name for field in fields(RunOptions)}
        values = given.values
        run = RunOptions(**{name: values[name] for name in names & values.keys()})
        _refuse_scattered_grid(words, values.get("kernel", ()))
        inputs, output = _inputs_and_output(words, run, medium)
        options = medium.options({name: values[name] for name in values.keys() - names})
        if options.output.segments > 1 and not run.dry_run:
            from convtool.run import processes  # noqa: PLC0415  # few calls need it

            wait_briefly()  # they import torch as well
            processes.prepare()
        engine = options.engine
        whole = engine.compile or engine.device not in {"auto", "cpu"}
        with _patience(run), loading_torch(whole=whole):
            from convtool.cli.running import filter_files  # noqa: PLC0415  # torch

            medium.load()

        filter_files(inputs, output, medium, options, run, given)

    command = with_options(filter_, medium, words=Words, help_all=HelpAll)
    command.__name__ = medium.name
    command.__doc__ = medium.help.command
    return command


def _inputs_and_output(
    words: Sequence[str], run: RunOptions, medium: Medium
) -> tuple[list[str], str]:
    """Return the names of inputs, and of the output: the last one, or that of --output."""
    if run.output is not None:
        return list(words), run.output
    if not words:
        raise UsageError(
            "INPUT and OUTPUT are missing", hint=f"convtool {medium.name} INPUT... OUTPUT"
        )
    return list(words[:-1]), words[-1]


def _refuse_scattered_grid(words: Sequence[str], kernels: Sequence[str]) -> None:
    """Check that no grid was left without quotes: its other numbers would be names of files."""
    if not any(map(_is_number, kernels)):
        return
    for word in words:
        if _is_number(word) and not Path(word).exists():
            raise UsageError(
                f"'{word}' is no file", hint='a grid with spaces needs quotes: -k "-1 0 1"'
            )


def _is_number(word: str) -> bool:
    try:
        read_number(word)
    except ValueError:
        return False
    return True


@contextmanager
def _patience(run: RunOptions) -> Iterator[None]:
    """Say on a terminal that PyTorch is being imported, which takes a second or more."""
    seen = sys.stderr is not None and sys.stderr.isatty() and "torch" not in sys.modules
    if not seen or run.quiet or run.json:
        yield
        return
    print("loading PyTorch …", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
