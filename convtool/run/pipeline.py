"""Run one job, start to end: source → blocks → stream → normalize → sinks.

It is the same for every medium; what differs is in the room that it is given.
"""

import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from torch import Tensor

from convtool.convolve import devices
from convtool.convolve.geometry import size_text
from convtool.errors import ConvtoolError, LimitError, ReadError, UsageError, WriteError
from convtool.layers.build import Layer
from convtool.levels import Levels
from convtool.limits import Budget, refuse_larger
from convtool.media import Part, Room, Source
from convtool.media.inputs import PIPE, opened, spool
from convtool.options.settings import OutputSettings, Settings
from convtool.outputs.atomic import (
    refuse_existing,
    refuse_existing_folder,
    replacing,
    replacing_folder,
)
from convtool.outputs.jobs import Job, refuse_inputs
from convtool.outputs.manifest import Made
from convtool.outputs.targets import Target, plan_targets
from convtool.results.normalize import Normalizer
from convtool.results.quantize import Clips
from convtool.run.filter import Filter
from convtool.run.outcomes import Outcome, Step
from convtool.run.prefetch import DEPTH, ahead


@dataclass(frozen=True)
class Run:
    """What all jobs of a run share.

    Attributes:
        filter: the layer.
        room: the medium.
        output: how results are written.
        inputs: identities of files that must not be replaced.
        progress: told how far long inputs have come.
        made: what was made before, and is to be noted from now on.
        skip: leave out inputs whose outputs were made before by the same settings.
        budget: the memory of all jobs of all workers; None where one job runs at a time.
    """

    filter: Filter
    room: Room
    output: OutputSettings
    inputs: frozenset[tuple[int, int]] = frozenset()
    progress: Callable[[Step], None] | None = None
    made: Made | None = None
    skip: bool = False
    budget: Budget | None = None


@dataclass(frozen=True)
class Work:
    """What a job comes to, once its input is open; its first part stands for all.

    Attributes:
        source: the input.
        part: its first part.
        layer: what runs on it.
        targets: the outputs.
        levels: how their samples are stored.
        memory: about how many bytes it takes.
    """

    source: Source
    part: Part
    layer: Layer
    targets: list[Target]
    levels: Levels
    memory: int


def run(job: Job, shared: Run) -> Outcome:
    """Filter one input and write its outputs; errors become part of the outcome.

    Raises:
        UsageError: the call itself is wrong.
    """
    started = time.perf_counter()

    if shared.skip and shared.made is not None and shared.made.has(job):
        return Outcome(job.input, "skipped")

    def finish(work: Work) -> Outcome:
        with shared.budget.taken(work.memory) if shared.budget else nullcontext():
            notes = _write(job, work, shared)
        seconds = round(time.perf_counter() - started, 3)
        algorithm = str(shared.filter.convolution(work.part).plan)
        size = 0 if job.input == PIPE else os.stat(job.input).st_size  # noqa: PTH116  # a name, not always a path
        return succeeded(
            job,
            work,
            shared,
            notes,
            status="done",
            seconds=seconds,
            bytes=size,
            algorithm=algorithm,
        )

    return attempt(job, shared, finish)


def attempt(job: Job, shared: Run, finish: Callable[[Work], Outcome]) -> Outcome:
    """Open a job's input, see what it comes to, and return what `finish` makes of it, or the failure.

    Raises:
        UsageError: the call itself is wrong.
    """
    if job.problem:
        return _failed(job, ReadError(job.problem))
    try:
        with opened(job.input) as file:
            source = shared.room.open_source(file, job.input, shared.filter.settings)
            return finish(_prepared(job, source, shared))
    except (UsageError, BrokenPipeError):
        raise
    except ConvtoolError as exc:
        return _failed(job, exc)
    except OSError as exc:
        return _failed(job, WriteError(f"the output cannot be written: {exc.strerror or exc}"))


def succeeded(
    job: Job, work: Work, shared: Run, notes: tuple[str, ...] = (), **more: Any
) -> Outcome:
    """Return the outcome of a job that went well; `notes` are those of its result."""
    names = tuple(str(target.path) for target in work.targets)
    said = (*work.source.notes, *work.layer.notes, *notes)
    return Outcome(job.input, outputs=names, notes=said, seed=shared.filter.settings.seed, **more)


def _failed(job: Job, error: ConvtoolError) -> Outcome:
    """Return the outcome of a job that raised; its message begins with the input's name."""
    named = error.message.startswith(f"{job.input}:")
    message = error.message if named else f"{job.input}: {error.message}"
    return Outcome(job.input, "failed", error=message, hint=error.hint)


def _prepared(job: Job, source: Source, shared: Run) -> Work:
    """Return what a job comes to, after every check that can be made before work."""
    part = next(source.parts())
    layer = shared.filter.layer(len(part.channels), part.rate)
    medium, settings = shared.room.medium, shared.filter.settings
    check_duration(part, settings)
    targets = plan_targets(
        job, layer, part.channels, single=medium.single, sheet=shared.output.sheet
    )
    for target in targets:
        if job.merged != PIPE:
            refuse_inputs(target.path, shared.inputs)
            refuse = refuse_existing_folder if job.makes_folders else refuse_existing
            refuse(target.path, overwrite=shared.output.overwrite)
    levels = shared.room.stored(
        source, part, job.suffix, shared.output, raw=settings.normalize == "none"
    )
    memory = _memory(job, source, part, targets, levels, shared)
    return Work(source, part, layer, targets, levels, memory)


def _memory(
    job: Job, source: Source, part: Part, targets: Sequence[Target], levels: Levels, shared: Run
) -> int:
    """Return about how many bytes a part takes, by its header and the plan.

    Raises:
        LayerError: the layer does not fit it.
        LimitError: it takes too many.
    """
    room, layer = shared.room, shared.filter.layer(len(part.channels), part.rate)
    size = layer.output_size(part.size)
    convolution = shared.filter.convolution(part)
    rows = min(convolution.length, part.size[0])
    stored = rows * math.prod(part.size[1:]) * len(part.channels) * part.levels.dtype.itemsize
    made = (
        rows // layer.conv.stride[0] * math.prod(size[1:]) * layer.channels * levels.dtype.itemsize
    )
    waiting = DEPTH + 2 if room.medium.overlapped else 1  # blocks at each of three steps
    needed = part.memory + convolution.memory + waiting * (stored + 2 * made)
    for target in targets:
        needed += room.memory(source, part, size, job.suffix, target.tiles, levels, shared.output)
    what = f"filtering {size_text((len(part.channels), *part.size))} samples into {size_text((layer.channels, *size))}"
    refuse_larger(what, needed, shared.filter.settings.max_memory)
    return needed


def _write(job: Job, work: Work, shared: Run) -> tuple[str, ...]:
    """Filter all parts into the outputs of a job, and return what a user should know of the result."""
    source, layer, settings, levels = work.source, work.layer, shared.filter.settings, work.levels
    normalizer = Normalizer(
        layer, settings.normalize, independent=settings.independent, floats=levels.floats, full=levels.scale,
        clip=levels.floats,
    )  # fmt: skip
    if normalizer.needs_range:
        for part in source.parts():
            responses = shared.filter.results(part)
            normalizer.measure(
                _watched(responses, "measuring", job, part, work, shared), part.levels.scale
            )
    clips = Clips(normalizer, levels)
    with ExitStack() as files:
        places = [
            files.enter_context(_created(target, job, shared.output)) for target in work.targets
        ]
        sinks = [
            shared.room.open_sink(place, job.suffix, target.tiles, source, levels, shared.output)
            for place, target in zip(places, work.targets, strict=True)
        ]
        for sink in sinks:
            files.callback(sink.drop)
        for part in source.parts():
            if part.channels != work.part.channels:
                raise ReadError(f"{job.input}: its pages are partly grey and partly colour")
            _memory(job, source, part, work.targets, levels, shared)
            for sink in sinks:
                sink.begin(part, layer)
            between: Callable[[Iterable[Any]], Generator[Any]]
            between = ahead if shared.room.medium.overlapped else iter  # type: ignore[assignment]  # a thread for each step, or none
            with ExitStack() as steps:  # which end before the files do
                results = steps.enter_context(
                    closing(shared.filter.results(part, clips.finish(part.levels.scale)))
                )
                blocks = steps.enter_context(closing(between(devices.download(results))))
                watched = steps.enter_context(
                    closing(_watched(blocks, "filtering", job, part, work, shared))
                )
                ready = ([sink.prepare(block) for sink in sinks] for block in watched)
                for prepared in steps.enter_context(closing(between(ready))):
                    for sink, made in zip(sinks, prepared, strict=True):
                        sink.write(made)
        for sink in sinks:
            sink.close()
        _note(job, work, shared, places)
    return clips.notes()


def _note(job: Job, work: Work, shared: Run, places: Sequence[BinaryIO | Path]) -> None:
    """Note what complete outputs will be like when they have their names."""
    if shared.made is None or job.merged is not None:
        return
    outputs = []
    for place, target in zip(places, work.targets, strict=True):
        if isinstance(place, Path):
            outputs.append((target.path, place.stat()))
        else:
            place.flush()
            outputs.append((target.path, os.fstat(place.fileno())))
    shared.made.add(job, outputs)


def _watched(
    blocks: Iterable[Tensor], doing: str, job: Job, part: Part, work: Work, shared: Run
) -> Generator[Tensor]:
    """Yield the blocks of a result, and tell how far they have come."""
    done, film = 0, shared.room.medium.dims == 3
    for block in blocks:
        yield block
        done += block.shape[2] * work.layer.conv.stride[0]
        if shared.progress is not None and part.rate is not None:
            whole = part.size[0]
            shared.progress(
                Step(job.input, doing, min(done, whole), whole, None if film else part.rate)
            )


def check_duration(part: Part, settings: Settings) -> None:
    """Check how long an input lasts.

    Raises:
        LimitError: too long.
    """
    if part.rate is not None and part.size[0] / part.rate > settings.max_seconds:
        raise LimitError(
            f"{part.size[0] / part.rate:.0f} s pass the limit of {settings.max_seconds} s",
            hint="raise it with --max-seconds",
        )


@contextmanager
def _created(target: Target, job: Job, output: OutputSettings) -> Iterator[BinaryIO | Path]:
    if job.makes_folders:
        with replacing_folder(target.path, overwrite=output.overwrite) as folder:
            yield folder
        return
    if job.merged != PIPE:
        with replacing(target.path, overwrite=output.overwrite) as file:
            yield file
        return
    if sys.stdout is None:
        raise WriteError("-: standard output is closed")
    with spool() as held:  # encoders seek, and a pipe cannot
        yield held  # type: ignore[misc]  # a BinaryIO but for its name
        held.seek(0)
        shutil.copyfileobj(held, sys.stdout.buffer)
    sys.stdout.buffer.flush()
