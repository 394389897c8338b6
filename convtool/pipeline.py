"""Run one job, start to end: source → blocks → stream → normalize → sinks.

It is the same for every medium; what differs is in the room that it is given.
"""

import io
import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import torch

from convtool import devices
from convtool.atomic import refuse_existing, replacing
from convtool.convolve import Finish
from convtool.errors import ConvtoolError, LimitError, ReadError, UsageError, WriteError
from convtool.filter import Filter
from convtool.geometry import centres, output_size, padded_size, shown
from convtool.jobs import PIPE, Job, refuse_inputs
from convtool.layers import Layer
from convtool.levels import to_levels, unit
from convtool.media import Part, Room, Source
from convtool.normalize import Normalizer
from convtool.report import Outcome
from convtool.settings import OutputSettings
from convtool.targets import Target, plan_targets

MAX_RESULT = 4  # samples of a result for each pixel that --max-pixels allows


@dataclass(frozen=True)
class Run:
    """What all jobs of a run share.

    Attributes:
        filter: the layer.
        room: the medium.
        output: how results are written.
        inputs: identities of files that must not be replaced.
    """

    filter: Filter
    room: Room
    output: OutputSettings
    inputs: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Work:
    """What a job comes to, once its input is open; its first part stands for all.

    Attributes:
        source: the input.
        part: its first part.
        layer: what runs on it.
        targets: the outputs.
        dtype: the type of their samples.
    """

    source: Source
    part: Part
    layer: Layer
    targets: list[Target]
    dtype: torch.dtype


def run(job: Job, shared: Run) -> Outcome:
    """Filter one input and write its outputs; errors become part of the outcome.

    Raises:
        UsageError: the call itself is wrong.
    """
    started = time.perf_counter()

    def finish(work: Work) -> Outcome:
        _write(job, work, shared)
        seconds = round(time.perf_counter() - started, 3)
        algorithm = str(shared.filter.convolution(work.part).plan)
        return succeeded(job, work, shared, status="done", seconds=seconds, algorithm=algorithm)

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


def succeeded(job: Job, work: Work, shared: Run, **more: Any) -> Outcome:
    """Return the outcome of a job that went well."""
    names = tuple(str(target.path) for target in work.targets)
    return Outcome(job.input, outputs=names, notes=tuple(work.source.notes), seed=shared.filter.settings.seed, **more)


def _failed(job: Job, error: ConvtoolError) -> Outcome:
    """Return the outcome of a job that raised; its message begins with the input's name."""
    named = error.message.startswith(f"{job.input}:")
    message = error.message if named else f"{job.input}: {error.message}"
    return Outcome(job.input, "failed", error=message, hint=error.hint)


def _prepared(job: Job, source: Source, shared: Run) -> Work:
    """Return what a job comes to, after every check that can be made before work."""
    part = next(source.parts())
    layer = shared.filter.layer(len(part.channels))
    check_size(part, layer, shared.filter.settings.max_pixels)
    targets = plan_targets(job, layer, part.channels, sheet=shared.output.sheet)
    for target in targets:
        if job.merged != PIPE:
            refuse_inputs(target.path, shared.inputs)
            refuse_existing(target.path, overwrite=shared.output.overwrite)
    raw = shared.filter.settings.normalize == "none"
    dtype = shared.room.stored_dtype(source, torch.float32 if raw else part.dtype, job.suffix, shared.output)
    if raw and not dtype.is_floating_point:
        raise WriteError(f"--normalize none writes raw floats, which {job.suffix} cannot hold", hint="--format npy")
    return Work(source, part, layer, targets, dtype)


def _write(job: Job, work: Work, shared: Run) -> None:
    source, layer, settings = work.source, work.layer, shared.filter.settings
    floats = work.dtype.is_floating_point
    normalizer = Normalizer(
        layer, settings.normalize, independent=settings.independent, floats=floats, full=unit(work.dtype), clip=floats
    )
    if normalizer.needs_range:
        for part in source.parts():
            normalizer.measure(shared.filter.results(part), unit(part.dtype))
    with ExitStack() as files:
        sinks = [
            shared.room.open_sink(
                files.enter_context(_created(target, job, shared.output)),
                job.suffix,
                target.tiles,
                source,
                shared.output,
            )
            for target in work.targets
        ]
        for part in source.parts():
            if part.channels != work.part.channels:
                raise ReadError(f"{job.input}: its pages are partly grey and partly colour")
            check_size(part, layer, settings.max_pixels)
            places = centres(layer.conv, part.size)
            for sink in sinks:
                sink.begin(part, places, work.dtype)
            finish = _finish(normalizer, unit(part.dtype), work.dtype)
            for stored in devices.download(shared.filter.results(part, finish)):
                for sink in sinks:
                    sink.write(stored)
        for sink in sinks:
            sink.close()


def _finish(normalizer: Normalizer, unit: float, dtype: torch.dtype) -> Finish:
    return lambda responses: to_levels(normalizer(responses, unit), dtype)


def check_size(part: Part, layer: Layer, max_pixels: int) -> None:
    """Check that the padded input and the result stay within the limit, before anything is made.

    Raises:
        LayerError: the layer does not fit the input.
        LimitError: they would be too large.
    """
    for what, channels, size in (
        ("result", layer.conv.out_channels, output_size(layer.conv, part.size)),
        ("padded input", layer.conv.in_channels, padded_size(layer.conv, part.size)),
    ):
        if channels * math.prod(size) > MAX_RESULT * max_pixels:
            shape = shown((channels, *size))
            raise LimitError(
                f"the {what} of {shape} samples passes {MAX_RESULT} × the limit of {max_pixels} pixels",
                hint="raise it with --max-pixels",
            )


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open an input for reading, seekable; standard input is read to its end.

    Raises:
        ReadError: it is missing, no regular file, or cannot be opened.
    """
    if name == PIPE:
        if sys.stdin is None:
            raise ReadError("-: standard input is closed")
        yield io.BytesIO(sys.stdin.buffer.read())
        return
    path = Path(name)
    try:
        if path.exists() and not path.is_file():
            raise ReadError(f"{name}: is not a regular file")
        file = path.open("rb")
    except FileNotFoundError as exc:
        raise ReadError(f"{name}: there is no such file") from exc
    except (OSError, ValueError) as exc:
        if isinstance(exc, ConvtoolError):
            raise
        raise ReadError(f"{name}: cannot be opened: {getattr(exc, 'strerror', None) or exc}") from exc
    with file:
        yield file


@contextmanager
def _created(target: Target, job: Job, output: OutputSettings) -> Iterator[BinaryIO]:
    if job.merged != PIPE:
        with replacing(target.path, overwrite=output.overwrite) as file:
            yield file
        return
    if sys.stdout is None:
        raise WriteError("-: standard output is closed")
    memory = io.BytesIO()  # encoders seek, and a pipe cannot
    yield memory
    sys.stdout.buffer.write(memory.getbuffer())
    sys.stdout.buffer.flush()
