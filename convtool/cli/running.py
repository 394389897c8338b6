"""Run the jobs of a command and report their outcomes; shared by all media."""

import contextlib
import itertools
import secrets
import time
from collections.abc import Generator, Iterable, Iterator, Sequence

import typer

from convtool import __version__
from convtool.cli import clusters, emitting, failures, messages, planning, telling
from convtool.cli.options import Given
from convtool.cli.previews import Previews, possible
from convtool.cli.progress import Bar, progress_bar, progress_lines
from convtool.cluster.engine import run_on_ray
from convtool.convolve import devices
from convtool.errors import UsageError
from convtool.layers.layer import Layer
from convtool.limits import Budget
from convtool.look.showing import Showing
from convtool.media.registry import Medium
from convtool.options.options import Options
from convtool.options.run import RunOptions
from convtool.outputs.atomic import Publisher
from convtool.outputs.identities import Identities
from convtool.outputs.job import Job
from convtool.outputs.jobs import KNOWN, Jobs
from convtool.outputs.lists import write_list
from convtool.outputs.manifest import Writer, kept
from convtool.run.batch import run_all, workers_for
from convtool.run.filter import Filter
from convtool.run.outcomes import Outcome, Report
from convtool.run.pipeline import run
from convtool.run.preview import preview
from convtool.run.recipe import Recipe
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
    options = planning.seeded(options, run_options)
    planned = planning.planned(inputs, output, medium, options, run_options)
    if run_options.emit is not None:
        emitting.emit(run_options.emit, planned, medium, options, run_options, given)
        return
    if planned.count is None and (run_options.plot or run_options.report):
        raise UsageError(
            f"--plot and --report take fewer than {KNOWN:,} inputs", hint="--shard divides them"
        )
    if clusters.is_asked_for(run_options):
        clusters.check(planned, run_options)
    devices.keep_memory()
    if not run_options.quiet:
        telling.beforehand(planned, options, run_options, given)
    run_options, previews = possible(run_options), Previews(planned.count)
    report, started = Report(), time.perf_counter()
    showing = Showing(run_options, planned.known, medium, options, Publisher())
    try:
        with progress_bar(planned.count, shown=not (run_options.quiet or run_options.json)) as bar:
            runs = Runs(planned, medium, options, run_options, bar, showing)
            _run(planned, runs, run_options, bar, report, previews)
    except (KeyboardInterrupt, SystemExit):
        failures.tell(report.failures, verbose=run_options.verbose)
        if not run_options.quiet:
            telling.interrupted(report, planned)
        telling.index(showing, run_options)
        raise
    if run_options.preview:
        previews.show()
    failures.tell(report.failures, verbose=run_options.verbose)
    _finish(planned, runs, run_options, report, time.perf_counter() - started)


def _finish(
    planned: Jobs, runs: "Runs", run_options: RunOptions, report: Report, seconds: float
) -> None:
    """Print what is known at the end, write the list of failed inputs, and leave."""
    if run_options.show_weights or (run_options.verbose and not run_options.quiet):
        for layer in runs.layers():
            telling.layer(layer, weights=run_options.show_weights)
    if planned.count != 1 and not run_options.quiet:
        left = 0 if planned.count is None else planned.count - report.total
        messages.summary(report, seconds, left=left)
    if run_options.shard is not None and not run_options.quiet:
        messages.say(f"shard {run_options.shard}: {report.total} of {planned.shown} inputs")
    if not run_options.quiet:
        messages.left_out(planned.left_out, runs.medium.several)
    if run_options.failed_to is not None:
        failed = [outcome.input for outcome in report.failures]
        write_list(run_options.failed_to, failed, runs.publisher)
    if not telling.index(runs.showing, run_options):
        raise typer.Exit(1)
    if runs.manifest is not None:
        runs.manifest.close()
    if report.exit_code:
        raise typer.Exit(report.exit_code)


class Runs:
    """Makes what the jobs of a worker share; each worker has layers and buffers of its own.

    Args:
        planned: the jobs.
        medium: of the inputs.
        options: the filter.
        run_options: what is printed and skipped.
        bar: shows how far a long input has come.
        showing: what is shown of each job.
    """

    def __init__(
        self,
        planned: Jobs,
        medium: Medium,
        options: Options,
        run_options: RunOptions,
        bar: Bar | None,
        showing: Showing,
    ) -> None:
        self.showing, self.publisher = showing, showing.publisher
        self.medium = medium
        self.inputs = Identities(job.input for job in planned.known)
        self._progress = None if bar is None else bar.update
        if run_options.json:
            self._progress = progress_lines()
        self._filters: list[Filter] = []
        self._elsewhere: Sequence[Layer] = ()
        self._budget = Budget(options.reading.max_memory)
        self.recipe = Recipe(
            medium=medium.name,
            options=options,
            inputs=len(planned.known),
            version=__version__,
            name=run_options.name,
            root=planned.root,
            shard=planning.shard_of(run_options),
            skip=run_options.skip_existing,
        )
        self.name, writer = secrets.token_hex(8), None
        recorded = planned.count != 1 or self.recipe.skip or self.recipe.shard is not None
        if clusters.is_asked_for(run_options):
            recorded, writer = True, Writer(self.name)
        kept = recorded and not run_options.dry_run
        self.manifest = self.recipe.manifest(writer) if kept else None

    def __call__(self) -> Run:
        """Return what one worker's jobs share."""
        filter_ = self.recipe.filter()
        self._filters.append(filter_)
        return Run(
            filter_,
            self.inputs,
            self._progress,
            self.publisher,
            self.manifest,
            self.recipe.skip,
            self._budget,
            self.showing.witness if self.showing.wanted else None,
            self.showing.files,
        )

    def begin(self) -> None:
        """Record that the run begins."""
        if self.manifest is not None:
            self.manifest.begin()

    def layers(self) -> Sequence[Layer]:
        """Return the layers that were made, those of one worker."""
        made = [filter_.layers() for filter_ in self._filters]
        return max([*made, self._elsewhere], key=len)

    def learn(self, layers: Sequence[Layer]) -> None:
        """Learn of the layers of a worker elsewhere."""
        self._elsewhere = max(self._elsewhere, layers, key=len)


def _run(
    planned: Jobs,
    runs: Runs,
    run_options: RunOptions,
    bar: Bar | None,
    report: Report,
    previews: Previews,
) -> None:
    """Run all jobs, tell each outcome, and add it to the report."""
    stop = run_options.on_error == "stop"
    outcomes = _outcomes(planned, runs, run_options, stop=stop)
    manifest = runs.manifest
    with contextlib.closing(outcomes), kept(manifest):
        for job, done in outcomes:
            outcome = runs.showing.show(job, done)
            previews.take(outcome)
            report.add(outcome)
            if manifest is not None and outcome.error is not None:
                manifest.failed(job.input, outcome.error)
            telling.outcome(outcome, run_options)
            if bar is not None:
                bar.count(failed=report.count("failed"))
        if manifest is not None and not (stop and report.failures):
            manifest.end(planned.shown)


def _outcomes(
    planned: Jobs, runs: Runs, run_options: RunOptions, *, stop: bool
) -> Generator[tuple[Job, Outcome]]:
    """Return what yields all jobs with their outcomes, wherever they are filtered."""
    if clusters.is_asked_for(run_options):
        use = clusters.use_of(runs.recipe.options, run_options, runs.learn, runs.begin)
        return run_on_ray(planned, runs.recipe, runs.name, use)
    runs.begin()
    step, workers = preview, 1
    if not run_options.dry_run:
        step = run
        workers = workers_for(planned.count, run_options.jobs, alone=runs.medium.overlapped)
    jobs = itertools.chain(planned.known, _noted(planned.more, runs.inputs))
    return run_all(jobs, step, runs, workers, publisher=runs.publisher, stop=stop)


def _noted(jobs: Iterable[Job], inputs: Identities) -> Iterator[Job]:
    """Yield jobs whose inputs were not known before the run, now that they are."""
    for job in jobs:
        inputs.add(job.input)
        yield job
