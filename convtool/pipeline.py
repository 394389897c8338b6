"""Run one job, start to end: source → blocks → stream → normalize → sinks.

It is the same for every medium; what differs is in the room that it is given.
"""

import io
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

from convtool import devices
from convtool.atomic import refuse_existing, replacing
from convtool.convolve import block_length
from convtool.errors import ConvtoolError, LimitError, ReadError, UsageError, WriteError
from convtool.geometry import centres, output_size, padded_size, shown
from convtool.jobs import PIPE, Job, refuse_inputs
from convtool.kernels import resolve
from convtool.layers import Layer, build
from convtool.levels import to_float, to_stored
from convtool.media import Medium, Part, Room, Source
from convtool.normalize import Normalizer
from convtool.report import Outcome
from convtool.settings import OutputSettings, Settings
from convtool.stream import Stream
from convtool.targets import Target, plan_targets

MAX_RESULT = 4  # samples of a result for each pixel that --max-pixels allows


class Filter:
    """The layers that settings ask for, one for each number of input channels, made when needed.

    Args:
        settings: the kernel and the layer's options.
        medium: whose defaults hold.
        device: where layers run, instead of where the settings say.

    Raises:
        KernelError: a kernel cannot be used.
        UsageError: there is no such device.
    """

    def __init__(self, settings: Settings, medium: Medium, device: torch.device | None = None) -> None:
        self.settings, self.medium = settings, medium
        self.banks = [resolve(spec, medium.dims, search=settings.kernel_path) for spec in settings.kernel]
        self.device = device or devices.choose(settings.device)
        self._layers: dict[int, Layer] = {}

    def layer(self, in_channels: int) -> Layer:
        """Return the layer for inputs with this many channels.

        Raises:
            LayerError: the options do not fit them.
        """
        if in_channels not in self._layers:
            layer = build(
                self.banks,
                self.settings,
                dims=self.medium.dims,
                in_channels=in_channels,
                random_channels=self.medium.random_channels or in_channels,
                padding_mode=self.medium.padding_mode,
            )
            layer.conv.to(self.device)
            self._layers[in_channels] = layer
        return self._layers[in_channels]

    def layers(self) -> list[Layer]:
        """Return the layers made so far."""
        return list(self._layers.values())

    def responses(self, part: Part) -> Iterator[Tensor]:
        """Yield the folded, raw results of a part, block by block. Shape: (N, C, L, *S)"""
        layer = self.layer(len(part.channels))
        blocks = part.blocks(block_length(layer.conv, part.size))
        stream = Stream(layer.conv)
        with devices.exact():
            for block in stream(map(self._prepared, blocks), tail=lambda n: self._prepared(part.tail(n))):
                yield layer.fold(block)

    def _prepared(self, block: Tensor) -> Tensor:
        return to_float(block.to(self.device))


def run(
    job: Job,
    filter: Filter,
    room: Room,
    output: OutputSettings,
    inputs: frozenset[tuple[int, int]] = frozenset(),
) -> Outcome:
    """Filter one input and write its outputs; errors become part of the outcome.

    Args:
        job: what is read and where it goes.
        filter: the layer.
        room: the medium.
        output: how results are written.
        inputs: identities of files that must not be replaced.

    Raises:
        UsageError: the call is wrong, so every input would fail.
    """
    started = time.perf_counter()
    if job.problem:
        return failure(job, ReadError(job.problem))
    try:
        with opened(job.input) as file:
            source = room.open_source(file, job.input, filter.settings)
            targets = _filter_into_files(job, source, filter, room, output, inputs)
    except (UsageError, BrokenPipeError):
        raise
    except ConvtoolError as exc:
        return failure(job, exc)
    except OSError as exc:
        return failure(job, WriteError(f"the output cannot be written: {exc.strerror or exc}"))
    seconds = time.perf_counter() - started
    names = tuple(str(target.path) for target in targets)
    return Outcome(job.input, "done", names, tuple(source.notes), seconds=round(seconds, 3), seed=filter.settings.seed)


def failure(job: Job, error: ConvtoolError) -> Outcome:
    """Return the outcome of a job that raised; its message begins with the input's name."""
    named = error.message.startswith(f"{job.input}:")
    return Outcome(
        job.input,
        "failed",
        error=error.message if named else f"{job.input}: {error.message}",
        hint=error.hint,
    )


def _filter_into_files(
    job: Job,
    source: Source,
    filter: Filter,
    room: Room,
    output: OutputSettings,
    inputs: frozenset[tuple[int, int]],
) -> list[Target]:
    first = next(source.parts())
    layer = filter.layer(len(first.channels))
    check_size(first, layer, filter.settings.max_pixels)
    targets = plan_targets(job, layer, first.channels, sheet=output.sheet)
    refuse_targets(job, targets, output, inputs)
    dtype = stored_dtype(first, source, filter, room, job, output)
    normalizer = Normalizer(
        layer,
        filter.settings.normalize,
        independent=filter.settings.independent,
        floats=dtype.is_floating_point,
    )
    if normalizer.needs_range:
        normalizer.measure(block for part in source.parts() for block in filter.responses(part))
    with ExitStack() as files:
        sinks = [
            room.open_sink(files.enter_context(_created(target, job, output)), job.suffix, target.tiles, source, output)
            for target in targets
        ]
        for part in source.parts():
            if part.channels != first.channels:
                raise ReadError(f"{job.input}: its pages are partly grey and partly colour")
            check_size(part, layer, filter.settings.max_pixels)
            places = centres(layer.conv, part.size)
            for sink in sinks:
                sink.begin(part, places, dtype)
            for block in filter.responses(part):
                stored = to_stored(normalizer(block), dtype).cpu()
                for sink in sinks:
                    sink.write(stored)
        for sink in sinks:
            sink.close()
    return targets


def refuse_targets(
    job: Job, targets: Sequence[Target], output: OutputSettings, inputs: frozenset[tuple[int, int]]
) -> None:
    """Check that a job's outputs may be written.

    Raises:
        WriteError: one exists and is to stay, or is an input of the run.
    """
    for target in targets:
        if job.merged != PIPE:
            refuse_inputs(target.path, inputs)
            refuse_existing(target.path, overwrite=output.overwrite)


def stored_dtype(
    part: Part,
    source: Source,
    filter: Filter,
    room: Room,
    job: Job,
    output: OutputSettings,
) -> torch.dtype:
    """Return the sample type of a job's outputs: the input's where they can, floats for raw results.

    Raises:
        WriteError: results are raw, and the outputs cannot hold floats.
    """
    raw = filter.settings.normalize == "none"
    dtype = room.stored_dtype(source, torch.float32 if raw else part.dtype, job.suffix, output)
    if raw and not dtype.is_floating_point:
        raise WriteError(f"--normalize none writes raw floats, which {job.suffix} cannot hold", hint="--format npy")
    return dtype


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
        samples = channels
        for n in size:
            samples *= n
        if samples > MAX_RESULT * max_pixels:
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
