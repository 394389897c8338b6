"""Say what a job would do: shapes, cost and files. It writes nothing and runs no layer."""

import math

import numpy as np

from convtool.convolve.geometry import extent, size_text
from convtool.kernels.frequency import decibels
from convtool.layers.build import Layer
from convtool.limits import MEBI
from convtool.outputs.jobs import Job
from convtool.run.outcomes import Outcome
from convtool.run.pipeline import Run, Work, attempt, succeeded

POINTS = (0, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)  # Hz, octaves


def preview(job: Job, shared: Run) -> Outcome:
    """Return the outcome of a job that is not run.

    Raises:
        UsageError: the call itself is wrong.
    """

    def finish(work: Work) -> Outcome:
        return succeeded(job, work, shared, status="planned", plan=describe(work, shared))

    return attempt(job, shared, finish)


def describe(work: Work, shared: Run) -> dict[str, str | int]:
    """Return the shapes by the output-size formula, the receptive field, how the layer is run and what it costs."""
    part, layer = work.part, work.layer
    conv, size = layer.conv, layer.output_size(part.size)
    convolution = shared.filter.convolution(part)
    rows = min(convolution.length, part.size[0])
    window = math.prod(conv.kernel_size) * conv.in_channels // conv.groups
    plan: dict[str, str | int] = {
        "input": size_text((1, len(part.channels), *part.size)),
        "output": size_text((1, layer.channels, *size)),
        "layer": str(conv),
        "weights": conv.weight.numel(),
        "receptive field": size_text(extent(conv)),
        "multiply-adds": math.prod(size) * conv.out_channels * window,
        "algorithm": str(convolution.plan),
        "block": f"{rows} of {part.size[0]}",
        "memory": f"about {-(-work.memory // MEBI)} MiB",
        "stored as": str(work.levels),
    }
    if shared.room.medium.dims == 1 and part.rate is not None:
        plan |= _in_time(part.rate, part.size[0], size[0], layer)
    return plan


def _in_time(rate: float, length: int, out: int, layer: Layer) -> dict[str, str | int]:
    """Return what a sound's plan says beside its shapes: durations, latency, the frequency response."""
    made = rate / layer.conv.stride[0]
    folded = layer.channels != layer.conv.out_channels
    answers = {
        result.label: _response(layer, result.channels[0], rate)
        for result in layer.results
        if not folded
    }
    lines: dict[str, str | int] = {
        f"response{f' of {label}' if len(answers) > 1 else ''}": ", ".join(
            f"{hertz:g} Hz {gain:+.1f} dB" for hertz, gain in answer
        )
        for label, answer in answers.items()
    }
    return {
        "duration": f"{length / rate:.3f} s at {rate:g} Hz",
        "output duration": f"{out / made:.3f} s at {made:g} Hz",
        "latency": f"{layer.latency} samples, {1000 * layer.latency / rate:.2f} ms",
    } | lines


def _response(layer: Layer, channel: int, rate: float) -> list[tuple[float, float]]:
    """Return frequencies in Hz and what an output channel does to them in dB, where all its inputs hold the same.

    Args:
        layer: a layer of sounds.
        channel: its output channel, before folding.
        rate: samples a second of its input.
    """
    taps = layer.conv.weight[channel].double().sum(0).numpy()
    spread = np.zeros((len(taps) - 1) * layer.conv.dilation[0] + 1)
    spread[:: layer.conv.dilation[0]] = taps
    points = [hertz for hertz in POINTS if hertz <= rate / 2]
    return list(zip(points, decibels(spread, rate, points).tolist(), strict=True))
