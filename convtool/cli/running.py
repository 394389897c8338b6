"""Run the jobs of a command and say what happened; shared by the media."""

import dataclasses
import gc
import json
import secrets
import sys
from collections.abc import Callable, Container, Iterable, Sequence

import numpy as np
import typer
from torch import Tensor

from convtool import devices
from convtool.cli import messages
from convtool.cli.options import RunSettings
from convtool.cli.progress import progress_bar, progress_lines
from convtool.errors import UsageError
from convtool.files import PIPE
from convtool.filter import Filter
from convtool.jobs import Job, identities, plan
from convtool.layers import Layer
from convtool.media import Room
from convtool.pipeline import Run, run
from convtool.preview import preview
from convtool.report import Outcome, Report
from convtool.settings import OutputSettings, Settings


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
    jobs = _plan(inputs, output, output_settings, found, written, check_suffix, folders)
    if run_settings.json and output == PIPE:
        raise UsageError("standard output takes either the result or --json")
    settings = _seeded(settings)
    devices.keep_memory()
    filter_ = Filter(settings, room.medium, inputs=len(jobs))
    if settings.seed is not None and not settings.kernel and not run_settings.quiet:
        messages.say(f"seed: {settings.seed}")
    report = Report()
    with progress_bar(shown=not (run_settings.quiet or run_settings.json)) as bar:
        progress = progress_lines() if run_settings.json else bar
        shared = Run(filter_, room, output_settings, identities(jobs), progress)
        for job in jobs:
            outcome = preview(job, shared) if run_settings.dry_run else run(job, shared)
            report.outcomes.append(outcome)
            _tell(outcome, run_settings)
    if run_settings.show_weights or (run_settings.verbose and not run_settings.quiet):
        for layer in filter_.layers():
            _show(layer, weights=run_settings.show_weights)
    if len(jobs) > 1 and not run_settings.quiet:
        messages.say(f"{len(jobs) - report.count('failed')} done, {report.count('failed')} failed")
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _wake_collector() -> None:
    """Let garbage be collected from now on, but for what the imports made, which stays."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def _plan(
    inputs: Sequence[str],
    output: str,
    output_settings: OutputSettings,
    found: Iterable[str],
    written: Iterable[str],
    check_suffix: Callable[[str], object],
    folders: Container[str],
) -> list[Job]:
    suffix = None
    if output_settings.format is not None:
        check_suffix(output_settings.format)
        suffix = f".{output_settings.format.lower().removeprefix('.')}"
    split = output_settings.one_file_a_channel
    jobs = plan(inputs, output, found=found, written=written, folders=folders, suffix=suffix, split=split)
    for job in jobs:
        if job.problem is None:
            check_suffix(job.suffix)
    return jobs


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
        print(json.dumps({key: value for key, value in dataclasses.asdict(outcome).items() if value is not None}))
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
