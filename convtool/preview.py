"""Say what a job would do: shapes, cost and files. It writes nothing and runs no layer."""

import math

from convtool.geometry import output_size, shown, span
from convtool.jobs import Job
from convtool.pipeline import Run, Work, attempt, succeeded
from convtool.report import Outcome

FLOAT_BYTES = 4


def preview(job: Job, shared: Run) -> Outcome:
    """Return the outcome of a job that is not run.

    Raises:
        UsageError: the call itself is wrong.
    """

    def finish(work: Work) -> Outcome:
        stored = {"stored as": str(work.dtype).removeprefix("torch.")}
        return succeeded(job, work, shared, status="planned", plan=describe(work, shared) | stored)

    return attempt(job, shared, finish)


def describe(work: Work, shared: Run) -> dict[str, str | int]:
    """Return the shapes by the output-size formula, the receptive field, how the layer is run and what it costs."""
    part, layer = work.part, work.layer
    conv, size = layer.conv, output_size(layer.conv, part.size)
    convolution = shared.filter.convolution(part)
    rows = min(convolution.length, part.size[0])
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
        "algorithm": str(convolution.plan),
        "block": f"{rows} of {part.size[0]}",
        "memory": f"about {(samples * part.dtype.itemsize + floats * FLOAT_BYTES) / 2**20:.0f} MiB",
    }
