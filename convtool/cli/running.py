"""Run the jobs of a command and report their outcomes; shared by all media."""

import contextlib
import dataclasses
import os
import secrets
import time
from collections.abc import Sequence

import typer

from convtool import __version__
from convtool.cli import failures, messages, telling
from convtool.cli.options import Given
from convtool.cli.previews import Previews, possible
from convtool.cli.progress import Bar, progress_bar, progress_lines
from convtool.convolve import devices
from convtool.errors import UsageError
from convtool.layers.layer import Layer
from convtool.limits import Budget
from convtool.look.showing import Showing
from convtool.media.inputs import PIPE
from convtool.media.registry import Medium
from convtool.options.options import Options
from convtool.options.run import RunOptions
from convtool.outputs.atomic import Publisher
from convtool.outputs.expansion import read_list
from convtool.outputs.identities import input_identities
from convtool.outputs.jobs import Job, Jobs, plan_jobs
from convtool.outputs.manifest import Manifest
from convtool.outputs.naming import Naming
from convtool.run.batch import run_all, workers_for
from convtool.run.filter import Filter
from convtool.run.outcomes import Report
from convtool.run.pipeline import run
from convtool.run.preview import preview
from convtool.run.state import Run


def filter_files(
    inputs: Sequence[str],
    output: str,
    medium: Medium,
    options: Options,
    run_options: RunOptions,
    given: Given,
) -> None:
    """Filter every input, go on after failures, and leave with the run's exit code.

    Args:
        inputs: files, folders and `-`.
        output: a file, a folder or `-`.
        medium: of the inputs.
        options: the filter.
        run_options: lists of inputs, names of outputs, what is printed.
        given: the options that were given.
    """
    planned = _planned(inputs, output, medium, options, run_options)
    options = _seeded(options)
    devices.keep_memory()
    if not run_options.quiet:
        telling.beforehand(planned, options, run_options, given)
    run_options, previews = possible(run_options), Previews(len(planned.jobs))
    report, started = Report(), time.perf_counter()
    showing = Showing(run_options, planned.jobs, medium, options, Publisher())
    try:
        with progress_bar(
            len(planned.jobs), shown=not (run_options.quiet or run_options.json)
        ) as bar:
            runs = Runs(planned.jobs, medium, options, run_options, bar, showing)
            _run(planned.jobs, runs, run_options, bar, report, previews)
    except (KeyboardInterrupt, SystemExit):
        failures.tell(report.outcomes, verbose=run_options.verbose)
        if not run_options.quiet:
            telling.interrupted(report, planned)
        telling.index(showing, run_options)
        raise
    if run_options.preview:
        previews.show()
    failures.tell(report.outcomes, verbose=run_options.verbose)
    _finish(planned, runs, run_options, report, time.perf_counter() - started)


def _planned(
    inputs: Sequence[str],
    output: str,
    medium: Medium,
    options: Options,
    run_options: RunOptions,
) -> Jobs:
    """Return the jobs, after every check that needs no input."""
    naming = _naming(medium, options, run_options)
    planned = plan_jobs(inputs, output, naming, _listed(run_options))
    for job in planned.jobs:
        if job.problem is None:
            medium.backend.check_suffix(job.suffix)
    if run_options.json and output == PIPE:
        raise UsageError("standard output takes either the result or --json")
    return planned


def _finish(
    planned: Jobs, runs: "Runs", run_options: RunOptions, report: Report, seconds: float
) -> None:
    """Print what is known at the end, write the list of failed inputs, and leave."""
    if run_options.show_weights or (run_options.verbose and not run_options.quiet):
        for layer in runs.layers():
            telling.layer(layer, weights=run_options.show_weights)
    if len(planned.jobs) > 1 and not run_options.quiet:
        messages.summary(report, seconds, left=len(planned.jobs) - len(report.outcomes))
    if not run_options.quiet:
        messages.left_out(planned.left_out, runs.medium.several)
    if run_options.failed_to is not None:
        failed = [outcome.input for outcome in report.outcomes if outcome.error is not None]
        with runs.publisher.file(run_options.failed_to, overwrite=True) as file:
            file.write(b"".join(os.fsencode(name) + b"\0" for name in failed))
    if not telling.index(runs.showing, run_options):
        raise typer.Exit(1)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


class Runs:
    """Makes what the jobs of a worker share; each worker has layers and buffers of its own.

    Args:
        jobs: all of the run.
        medium: of the inputs.
        options: the filter.
        run_options: what is printed and skipped.
        bar: shows how far a long input has come.
        showing: what is shown of each job.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        medium: Medium,
        options: Options,
        run_options: RunOptions,
        bar: Bar | None,
        showing: Showing,
    ) -> None:
        self.showing, self.publisher = showing, showing.publisher
        self._jobs, self.medium, self._options = len(jobs), medium, options
        self._inputs, self._skip = input_identities(jobs), run_options.skip_existing
        self._progress = None if bar is None else bar.update
        if run_options.json:
            self._progress = progress_lines()
        self._filters: list[Filter] = []
        self._manifest: Manifest | None = None
        self._budget = Budget(options.reading.max_memory)
        root = jobs[0].root
        recorded = len(jobs) > 1 or self._skip
        if root is not None and recorded and not run_options.dry_run:
            groups = vars(options).values()
            named = Named(medium.name, run_options.name)
            self._manifest = Manifest(root, __version__, (*groups, named))

    def __call__(self) -> Run:
        """Return what one worker's jobs share."""
        filter_ = Filter(self._options, self.medium, inputs=self._jobs)
        self._filters.append(filter_)
        return Run(
            filter_,
            self._inputs,
            self._progress,
            self.publisher,
            self._manifest,
            self._skip,
            self._budget,
            self.showing.witness if self.showing.wanted else None,
            self.showing.files,
        )

    def layers(self) -> list[Layer]:
        """Return the layers that were made, those of one worker."""
        return max((filter_.layers() for filter_ in self._filters), key=len, default=[])


@dataclasses.dataclass(frozen=True)
class Named:
    """What results depend on beside the options: the medium, and the names of outputs."""

    medium: str
    name: str | None


def _run(
    jobs: Sequence[Job],
    runs: Runs,
    run_options: RunOptions,
    bar: Bar | None,
    report: Report,
    previews: Previews,
) -> None:
    """Run all jobs, tell each outcome, and add it to the report."""
    step, workers = preview, 1
    if not run_options.dry_run:
        step = run
        workers = workers_for(len(jobs), run_options.jobs, alone=runs.medium.overlapped)
    stop = run_options.on_error == "stop"
    outcomes = run_all(jobs, step, runs, workers, publisher=runs.publisher, stop=stop)
    with contextlib.closing(outcomes):
        for done, job in zip(outcomes, jobs, strict=False):
            outcome = runs.showing.show(job, done)
            previews.take(outcome)
            report.outcomes.append(dataclasses.replace(outcome, witness=None))
            telling.outcome(outcome, run_options)
            if bar is not None:
                bar.count(failed=report.count("failed"))


def _listed(run_options: RunOptions) -> list[str]:
    names: list[str] = []
    for file, separator in ((run_options.files_from, b"\n"), (run_options.files0_from, b"\0")):
        if file is not None:
            names += read_list(str(file), separator)
            if not names:
                raise UsageError(f"{file}: lists no files")
    return names


def _naming(medium: Medium, options: Options, run_options: RunOptions) -> Naming:
    backend = medium.backend
    suffix = None
    if options.output.format is not None:
        backend.check_suffix(options.output.format)
        suffix = f".{options.output.format.lower().removeprefix('.')}"
    return Naming(
        readable=backend.readable,
        writable=backend.writable,
        folders=backend.folders,
        medium=medium.name,
        several=medium.several,
        one=medium.one,
        suffix=suffix,
        split=options.output.one_file_per_channel,
        glob=run_options.glob,
        template=run_options.name,
    )


def _seeded(options: Options) -> Options:
    """Choose the seed of random weights now, so that it can be printed and used again."""
    if options.kernel.kernel or options.kernel.seed is not None:
        return options
    kernel = dataclasses.replace(options.kernel, seed=secrets.randbelow(2**31))
    return dataclasses.replace(options, kernel=kernel)
