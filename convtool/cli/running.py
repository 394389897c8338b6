"""Run the jobs of a command and say what happened; shared by the media."""

import contextlib
import dataclasses
import gc
import os
import secrets
import sys
import time
from collections.abc import Callable, Container, Iterable, Sequence

import numpy as np
import typer
from torch import Tensor

from convtool import __version__
from convtool.cli import messages
from convtool.cli.options import RunSettings
from convtool.cli.progress import Bar, progress_bar, progress_lines
from convtool.convolve import devices
from convtool.errors import UsageError
from convtool.layers.build import Layer
from convtool.limits import Budget
from convtool.media import Room
from convtool.media.inputs import PIPE
from convtool.options.settings import OutputSettings, Settings
from convtool.outputs.atomic import replacing
from convtool.outputs.jobs import Job, Naming, identities, listed, plan
from convtool.outputs.manifest import Made
from convtool.run.batch import run_all, workers_for
from convtool.run.filter import Filter
from convtool.run.outcomes import Outcome, Report
from convtool.run.pipeline import Run, run
from convtool.run.preview import preview


def filter_files(
    inputs: Sequence[str],
    output: str,
    room: Room,
    settings: Settings,
    output_settings: OutputSettings,
    run_settings: RunSettings,
    *,
    found: Iterable[str],
    written: Iterable[str],
    check_suffix: Callable[[str], object],
    folders: Container[str] = (),
) -> None:
    """Filter every input, go on after failures, and leave with the run's exit code.

    Args:
        inputs: files, folders and `-`.
        output: a file, a folder or `-`.
        room: the medium.
        settings: the kernel and the layer.
        output_settings: where results go.
        run_settings: what is printed.
        found: suffixes of the medium's files in folders.
        written: suffixes that outputs can have.
        check_suffix: raises UsageError for another one.
        folders: suffixes of outputs that are folders of many files.
    """
    _wake_collector()
    naming = _naming(output_settings, run_settings, found, written, check_suffix, folders)
    jobs = plan(inputs, output, naming, _listed(run_settings))
    for job in jobs:
        if job.problem is None:
            check_suffix(job.suffix)
    if run_settings.json and output == PIPE:
        raise UsageError("standard output takes either the result or --json")
    settings = _seeded(settings)
    devices.keep_memory()
    if settings.seed is not None and not settings.kernel and not run_settings.quiet:
        messages.say(f"seed: {settings.seed}")
    started = time.perf_counter()
    with progress_bar(len(jobs), shown=not (run_settings.quiet or run_settings.json)) as bar:
        runs = Runs(jobs, room, settings, output_settings, run_settings, bar)
        report = _run(jobs, runs, run_settings, bar)
    if run_settings.show_weights or (run_settings.verbose and not run_settings.quiet):
        for layer in runs.layers():
            _show(layer, weights=run_settings.show_weights)
    if len(jobs) > 1 and not run_settings.quiet:
        messages.summary(
            report, time.perf_counter() - started, left=len(jobs) - len(report.outcomes)
        )
    if run_settings.failed_to is not None:
        failed = [outcome.input for outcome in report.outcomes if outcome.error is not None]
        with replacing(run_settings.failed_to, overwrite=True) as file:
            file.write(b"".join(os.fsencode(name) + b"\0" for name in failed))
    if report.exit_code:
        raise typer.Exit(report.exit_code)


class Runs:
    """Makes what the jobs of a worker share; each has layers and buffers of its own.

    Args:
        jobs: all of the run.
        room: the medium.
        settings: the kernel and the layer.
        output_settings: where results go.
        run_settings: what is printed and left out.
        bar: told how far a long input has come.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        room: Room,
        settings: Settings,
        output_settings: OutputSettings,
        run_settings: RunSettings,
        bar: Bar | None,
    ) -> None:
        self._jobs, self._room, self._settings, self._output = (
            len(jobs),
            room,
            settings,
            output_settings,
        )
        self._inputs, self._skip = identities(jobs), run_settings.skip_existing
        self._progress = (
            progress_lines() if run_settings.json else bar.step if bar is not None else None
        )
        self._filters: list[Filter] = []
        self._made: Made | None = None
        self._budget = Budget(settings.max_memory)
        root = jobs[0].root
        if root is not None and (len(jobs) > 1 or self._skip) and not run_settings.dry_run:
            self._made = Made(
                root,
                __version__,
                (settings, output_settings, Named(room.medium.name, run_settings.name)),
            )

    @property
    def alone(self) -> bool:
        """True where one job keeps all cores busy by itself."""
        return self._room.medium.overlapped

    def __call__(self) -> Run:
        """Return what one worker's jobs share."""
        filter_ = Filter(self._settings, self._room.medium, inputs=self._jobs)
        self._filters.append(filter_)
        return Run(
            filter_,
            self._room,
            self._output,
            self._inputs,
            self._progress,
            self._made,
            self._skip,
            self._budget,
        )

    def layers(self) -> list[Layer]:
        """Return the layers that were made, those of one worker."""
        return max((filter_.layers() for filter_ in self._filters), key=len, default=[])


@dataclasses.dataclass(frozen=True)
class Named:
    """What results depend on beside the settings: the medium, and how outputs are called."""

    medium: str
    name: str | None


def _run(jobs: Sequence[Job], runs: Runs, run_settings: RunSettings, bar: Bar | None) -> Report:
    """Run all jobs, say what became of each, and return the report."""
    report = Report()
    step = preview if run_settings.dry_run else run
    workers = (
        1 if run_settings.dry_run else workers_for(len(jobs), run_settings.jobs, alone=runs.alone)
    )
    stop = run_settings.on_error == "stop"
    with contextlib.closing(run_all(jobs, step, runs, workers, stop=stop)) as outcomes:
        for outcome in outcomes:
            report.outcomes.append(outcome)
            _tell(outcome, run_settings)
            if bar is not None:
                bar.file(failed=report.count("failed"))
    return report


def _listed(run_settings: RunSettings) -> list[str]:
    names: list[str] = []
    for file, separator in ((run_settings.files_from, b"\n"), (run_settings.files0_from, b"\0")):
        if file is not None:
            names += listed(str(file), separator)
            if not names:
                raise UsageError(f"{file}: lists no files")
    return names


def _wake_collector() -> None:
    """Let garbage be collected from now on, but for what the imports made, which stays."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _naming(
    output_settings: OutputSettings,
    run_settings: RunSettings,
    found: Iterable[str],
    written: Iterable[str],
    check_suffix: Callable[[str], object],
    folders: Container[str],
) -> Naming:
    suffix = None
    if output_settings.format is not None:
        check_suffix(output_settings.format)
        suffix = f".{output_settings.format.lower().removeprefix('.')}"
    return Naming(
        frozenset(found), frozenset(written), folders, suffix, output_settings.one_file_a_channel, run_settings.glob,
        run_settings.name,
    )  # fmt: skip


def _seeded(settings: Settings) -> Settings:
    """Choose the seed of random weights now, so that it can be printed and used again."""
    if settings.kernel or settings.seed is not None:
        return settings
    return dataclasses.replace(settings, seed=secrets.randbelow(2**31))


def _tell(outcome: Outcome, run_settings: RunSettings) -> None:
    if outcome.error is not None:
        messages.error(outcome.error, outcome.hint)
    elif not run_settings.quiet and not (run_settings.json or run_settings.dry_run):
        messages.written(outcome, verbose=run_settings.verbose)
    if run_settings.json:
        messages.data(
            {key: value for key, value in dataclasses.asdict(outcome).items() if value is not None}
        )
    elif run_settings.dry_run and outcome.plan is not None:
        messages.noted(outcome)
        print(f"{messages.shown(outcome.input)}:")
        for key, value in outcome.plan.items():
            print(f"  {key}: {value}")
        for name in outcome.outputs:
            print(f"  would write {messages.shown(name)}")


def _show(layer: Layer, *, weights: bool) -> None:
    messages.say(str(layer.conv))
    if weights:
        messages.say(f"weight {tuple(layer.conv.weight.shape)}\n{_array(layer.conv.weight)}")
        if layer.conv.bias is not None:
            messages.say(f"bias {tuple(layer.conv.bias.shape)}\n{_array(layer.conv.bias)}")


def _array(weights: Tensor) -> str:
    return np.array2string(weights.cpu().numpy(), threshold=sys.maxsize)
