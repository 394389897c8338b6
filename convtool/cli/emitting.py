"""Print a run for another program: `--emit`."""

import torch

from convtool.cli import messages, telling
from convtool.cli.options import Given
from convtool.errors import UsageError
from convtool.look.emit.programs import emitted
from convtool.media.inputs import opened
from convtool.media.mistaken import open_source
from convtool.media.registry import Medium
from convtool.options.declare import flag_of
from convtool.options.options import Options
from convtool.options.run import Program, RunOptions
from convtool.outputs.jobs import Jobs
from convtool.places.names import shown
from convtool.run.filter import Filter
from convtool.run.state import Run
from convtool.run.work import sized


def emit(
    program: Program,
    planned: Jobs,
    medium: Medium,
    options: Options,
    run_options: RunOptions,
    given: Given,
) -> None:
    """Print the lines for a program on standard output, and notes on standard error.

    Args:
        program: its name.
        planned: the jobs, of which there is one.
        medium: of the input.
        options: the filter.
        run_options: what is printed.
        given: the options that were given.

    Raises:
        UsageError: the program cannot do it, there are several inputs, or something else is asked
            for.
    """
    if planned.count != 1:
        raise UsageError(
            f"--emit {program}: the run of one input is printed, and there are {planned.shown}"
        )
    for name in ("plot", "report", "preview", "dry_run", "json"):
        if getattr(run_options, name):
            raise UsageError(f"--emit {program} filters nothing: leave out {flag_of(name)}")
    (job,) = planned.known
    if job.problem is not None:
        raise job.problem
    if not run_options.quiet:
        telling.beforehand(planned, options, run_options, given)
    shared = Run(Filter(options, medium, torch.device("cpu")))
    with opened(job.input, job.known, ranged=medium.timed) as file:
        source = open_source(medium, file, shown(job.input), options.reading)
        part = next(source.parts())
        work = sized(job, source, part, shared)
        result = emitted(program, job, part, work, shared)
    notes = dict.fromkeys([*work.layer.notes, *result.notes])
    for note in () if run_options.quiet else notes:
        messages.say(f"note: {messages.printable(note)}")
    print(result.text)
