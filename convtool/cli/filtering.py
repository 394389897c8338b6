"""The commands that filter: one per medium of the registry."""

import inspect
import os
from collections.abc import Callable
from typing import Annotated, Any

import typer

from convtool.cli.collector import collector_paused
from convtool.cli.options import with_options
from convtool.media.registry import Medium
from convtool.options.run import RunOptions

Inputs = list[str] | None


def command_of(medium: Medium) -> Callable[..., None]:
    """Return the command of a medium, for typer."""

    def filter_(
        *,
        inputs: Annotated[
            Inputs,
            typer.Argument(metavar="[INPUT]", help=medium.help.inputs, show_default=False),
        ] = None,
        output: Annotated[str, typer.Argument(metavar="OUTPUT", help=medium.help.output)],
        values: dict[str, Any],
    ) -> None:
        if medium.overlapped:
            # torch's threads that wait for each other give way to those that decode and encode
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        run_names = set(RunOptions.__dataclass_fields__)
        run = RunOptions(**{name: values.pop(name) for name in run_names})
        options = medium.options(values)
        with collector_paused():
            from convtool.cli.running import filter_files  # noqa: PLC0415  # torch

            medium.load()

        filter_files(inputs or [], output, medium, options, run)

    filter_.__name__ = medium.name
    filter_.__doc__ = inspect.cleandoc(medium.help.command)
    return with_options(filter_, [*medium.groups.values(), RunOptions])
