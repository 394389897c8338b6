"""Describe what a job would do: shapes, cost and files. It writes nothing and runs no layer."""

from collections.abc import Sequence

import numpy as np

from convtool.kernels.frequency import decibels
from convtool.layers.layer import Layer
from convtool.layers.sizes import StepSize, receptive_field, step_sizes
from convtool.limits import MEBI
from convtool.outputs.job import Job
from convtool.padding import text_of
from convtool.run.dividing import Division, divided
from convtool.run.outcomes import Outcome
from convtool.run.state import Run, Work
from convtool.run.work import attempt, succeeded
from convtool.sizes import sides_text, size_text

# Octaves, in hertz.
FREQUENCIES = (0, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)

Description = dict[str, str | int]


def preview(job: Job, shared: Run) -> Outcome:
    """Return the outcome of a job that is not run.

    Raises:
        UsageError: the call itself is wrong.
    """

    def finish(work: Work) -> Outcome:
        plan = shared.filter.convolution(work.seen).plan
        division = divided(job, work, shared)
        parts = len(division.segments)
        return succeeded(
            job,
            work,
            shared,
            status="planned",
            algorithm=plan.algorithm,
            estimates=str(plan),
            notes=division.notes,
            segments=parts or None,
            plan=describe(work, shared) | ({"segments": _parts(division)} if parts else {}),
        )

    return attempt(job, shared, finish)


def _parts(division: Division) -> str:
    """Return how a job is divided, for people."""
    longest = max(each.end - each.first for each in division.segments)
    return f"{len(division.segments)} of at most {longest}, {division.at_once} at once"


def _padding(layer: Layer) -> Description:
    """Return what is added before the layer, where it does not add it itself."""
    if layer.pads is None or layer.before:
        return {}
    return {"padding": f"{sides_text(layer.pads)}; {text_of(layer.modes)}"}


def describe(work: Work, shared: Run) -> Description:
    """Return the shapes, the receptive field, the algorithm and the cost of a job."""
    part, layer, medium = work.part, work.layer, shared.filter.medium
    part = getattr(part, "base", part)  # of the input, not of the last step
    size = work.placement.size
    convolution = shared.filter.convolution(work.seen)
    rows = min(convolution.length, work.seen.size[0])
    steps = step_sizes(layer, len(part.channels), part.size)
    description: Description = {
        "input": size_text((1, len(part.channels), *part.size)),
        "output": size_text((1, layer.channels, *size)),
        **(_chain(steps) if len(steps) > 1 else {"layer": str(layer.named)}),
        **_padding(layer),
        "weights": sum(step.conv.weight.numel() for step in layer.steps if isinstance(step, Layer)),
        "receptive field": size_text(receptive_field(layer.steps)),
        "multiply-adds": sum(step.multiply_adds for step in steps),
        "algorithm": convolution.plan.algorithm,
        "block": f"{rows} of {work.seen.size[0]}",
        "memory": f"about {-(-work.memory // MEBI)} MiB",
        "stored as": str(work.encoding.levels),
    }
    if medium.timed and medium.dims == 1 and part.rate is not None and not layer.before:
        description |= _in_time(part.rate, part.size[0], size[0], layer)
    return description


def _chain(steps: Sequence[StepSize]) -> Description:
    """Return what each step makes."""
    return {
        f"step {number}": f"{step.module} → {size_text((1, step.channels, *step.size))}"
        for number, step in enumerate(steps, start=1)
    }


def _in_time(rate: float, length: int, out_length: int, layer: Layer) -> Description:
    """Return the durations, the latency and the frequency response of an audio layer.

    Args:
        rate: samples per second of the input.
        length: samples of the input.
        out_length: samples of the result.
        layer: the layer.
    """
    out_rate = rate / layer.conv.stride[0]
    latency = f"{layer.latency} samples, {1000 * layer.latency / rate:.2f} ms"
    return {
        "duration": f"{length / rate:.3f} s at {rate:g} Hz",
        "output duration": f"{out_length / out_rate:.3f} s at {out_rate:g} Hz",
        "latency": latency,
        **_responses(layer, rate),
    }


def _responses(layer: Layer, rate: float) -> dict[str, str]:
    """Return the frequency response of each output, none where outputs are folded."""
    if layer.channels != layer.conv.out_channels:
        return {}
    lines = {}
    for output in layer.outputs:
        gains = _gains(layer, output.channels[0], rate)
        key = f"response of {output.label}" if len(layer.outputs) > 1 else "response"
        lines[key] = ", ".join(f"{hertz:g} Hz {gain:+.1f} dB" for hertz, gain in gains)
    return lines


def _gains(layer: Layer, channel: int, rate: float) -> list[tuple[float, float]]:
    """Return frequencies in hertz and the gain of an output channel in dB.

    All input channels are taken to hold the same signal.

    Args:
        layer: an audio layer.
        channel: its output channel, before folding.
        rate: samples per second of its input.
    """
    taps = layer.conv.weight[channel].double().sum(0).numpy()
    dilation = layer.conv.dilation[0]
    spread = np.zeros((len(taps) - 1) * dilation + 1)
    spread[::dilation] = taps
    frequencies = [hertz for hertz in FREQUENCIES if hertz <= rate / 2]
    return list(zip(frequencies, decibels(spread, rate, frequencies).tolist(), strict=True))
