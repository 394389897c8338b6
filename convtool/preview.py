"""Say what a job would do: shapes, cost and files. It writes nothing and runs no layer."""

import math

from convtool.convolve import block_length
from convtool.errors import ConvtoolError, ReadError, UsageError
from convtool.geometry import output_size, shown, span
from convtool.jobs import Job
from convtool.layers import Layer
from convtool.media import Part, Room
from convtool.pipeline import Filter, check_size, failure, opened, refuse_targets, stored_dtype
from convtool.report import Outcome
from convtool.settings import OutputSettings
from convtool.targets import plan_targets

FLOAT_BYTES = 4


def preview(
    job: Job,
    filter: Filter,
    room: Room,
    output: OutputSettings,
    inputs: frozenset[tuple[int, int]] = frozenset(),
) -> Outcome:
    """Return the outcome of a job that is not run; its first part stands for all.

    Raises:
        UsageError: the call is wrong, so every input would fail.
    """
    if job.problem:
        return failure(job, ReadError(job.problem))
    try:
        with opened(job.input) as file:
            source = room.open_source(file, job.input, filter.settings)
            part = next(source.parts())
            layer = filter.layer(len(part.channels))
            check_size(part, layer, filter.settings.max_pixels)
            targets = plan_targets(job, layer, part.channels, sheet=output.sheet)
            refuse_targets(job, targets, output, inputs)
            stored = stored_dtype(part, source, filter, room, job, output)
    except UsageError:
        raise
    except ConvtoolError as exc:
        return failure(job, exc)
    plan = describe(part, layer) | {"stored as": str(stored).removeprefix("torch.")}
    names = tuple(str(target.path) for target in targets)
    return Outcome(job.input, "planned", names, tuple(source.notes), seed=filter.settings.seed, plan=plan)


def describe(part: Part, layer: Layer) -> dict[str, str | int]:
    """Return the shapes by the output-size formula, the receptive field and the cost of a layer on a part."""
    conv, size = layer.conv, output_size(layer.conv, part.size)
    rows = block_length(conv, part.size)
    window = math.prod(conv.kernel_size) * conv.in_channels // conv.groups
    floats = rows * (math.prod(part.size[1:]) * conv.in_channels + math.prod(size[1:]) * conv.out_channels)
    samples = math.prod(part.size) * len(part.channels) + math.prod(size) * layer.channels
    return {
        "input": shown((1, len(part.channels), *part.size)),
        "output": shown((1, layer.channels, *size)),
        "layer": str(conv),
        "weights": conv.weight.numel(),
        "receptive field": shown(span(conv)),
        "multiply-adds": math.prod(size) * conv.out_channels * window,
        "algorithm": "direct",
        "block": f"{rows} of {part.size[0]}",
        "memory": f"about {(samples * part.dtype.itemsize + floats * FLOAT_BYTES) / 2**20:.0f} MiB",
    }
