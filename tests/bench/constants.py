"""Measure the constants of `convtool.convolve.costs` again: `python tests/bench/constants.py`.

It takes two minutes. A cost is a sum of constants, each multiplied by a count. Whole runs of the
algorithms give as many equations, and the constants are their non-negative solution with the least
relative error.
"""

import dataclasses
import math
from collections.abc import Callable
from unittest import mock

import numpy as np
import torch
from scipy.optimize import nnls
from steps import Step
from timing import THREADS, machine, medians

from convtool.convolve import Convolution, costs, devices, direct, fourier, plan
from convtool.convolve.compiling import Compiler
from convtool.convolve.costs import Costs
from convtool.levels import of

NAMES = [field.name for field in dataclasses.fields(Costs)]
IMAGE, AUDIO, VIDEO = (2000, 3000), (2**21,), (6, 360, 640)
RGB, OTHERS, MIX, ONE = (3, 3, 3, True), (3, 3, 3, False), (3, 4, 1, False), (1, 1, 1, True)
MANY = (16, 16, 16, False)
BYTES, FLOATS = torch.uint8, torch.float32
# algorithm, positions of `direct`, size, kernel,
# channels (in, out, groups, all alike), samples, whole, options
WORK = [
    *(("taps", 0, IMAGE, k, RGB, BYTES, whole, {}) for k in (1, 3, 7) for whole in (False, True)),
    *(("taps", 0, IMAGE, k, how, BYTES, False, {}) for k in (1, 3, 5) for how in (OTHERS, ONE)),
    *(("taps", 0, IMAGE, k, RGB, BYTES, False, {"compiled": True}) for k in (3, 7)),
    *(
        ("taps", 0, AUDIO, 3, how, FLOATS, False, {"stride": s})
        for how in (ONE, OTHERS)
        for s in (1, 2, 3)
    ),
    ("taps", 0, (600, 1000), 3, MANY, BYTES, False, {}),
    *(("separable", 0, IMAGE, k, RGB, BYTES, False, {}) for k in (9, 25, 101)),
    *(
        ("direct", 0, IMAGE, k, how, BYTES, False, {})
        for k in (1, 3, 7, 13)
        for how in (OTHERS, MIX, ONE)
    ),
    *(("direct", 0, VIDEO, 3, how, BYTES, False, {}) for how in (OTHERS, MANY)),
    *(("direct", 0, AUDIO, 3, ONE, FLOATS, False, {"stride": s}) for s in (1, 3)),
    *(
        ("direct", p, AUDIO, k, ONE, FLOATS, False, {"stride": s})
        for p in (8, 16)
        for k in (3, 31)
        for s in (1, 3)
    ),
    *(
        ("fft", 0, IMAGE, k, how, BYTES, False, {})
        for k in (9, 31, 101)
        for how in (RGB, OTHERS, MIX, ONE)
    ),
]


def prepared(way, positions, size, k, channels, dtype, whole, options) -> tuple[Step, np.ndarray]:
    """Return a run, and the count of each constant in its cost."""
    inputs, outputs, groups, alike = channels
    noise = torch.Generator().manual_seed(0)
    kernel = [k] * len(size)
    line = torch.randn(k, generator=noise)
    weight = torch.randn(outputs, inputs // groups, *kernel, generator=noise)
    if way == "separable":
        weight = (line[:, None] * line).expand_as(weight)
    weight = (weight[:1] if alike else weight).expand(outputs, -1, *kernel) / 50
    weight = (weight * 50).round() if whole else weight
    stored = (torch.rand(1, *size, inputs, generator=noise) * 255).to(dtype).movedim(-1, 1)
    options = dict(options)
    compiler = Compiler() if options.pop("compiled", False) else None
    step = Step(stored, weight, padding_mode="zeros", algorithm=way, **options)
    algorithm = plan.REGISTRY[plan.ALGORITHMS.index(way)]

    def planned() -> Convolution:
        return Convolution(step.layer.conv, size, of(dtype), compiler=compiler)

    with (
        mock.patch.object(plan, "REGISTRY", (algorithm,)),
        mock.patch.object(direct, "best_positions", return_value=positions),
    ):
        step.run = planned()
        tile = getattr(step.run.plan.chosen, "tile", ())
        with mock.patch.object(fourier, "choose_tile", return_value=tile):
            counts = [alone(name, planned) for name in NAMES]
    return step, np.array(counts)


def alone(name: str, planned: Callable[[], Convolution]) -> float:
    """Return the cost of a plan if one constant were 1 and all others 0."""
    only = Costs(**{each: float(each == name) for each in NAMES})
    with mock.patch.object(costs, "COSTS", only):
        return planned().plan.chosen.cost


def main() -> None:
    """Print the constants, measured and in use, and how well the measured ones explain the runs."""
    torch.set_num_threads(THREADS)
    devices.keep_memory()
    counts, measured = [], []
    for work in WORK:
        step, each = prepared(*work)
        positions = math.prod(step.out.shape[2:])
        counts.append(each)
        measured.append(medians({"step": step})["step"] / positions * 1e9)
    relative = np.array(counts) / np.array(measured)[:, None]
    found, _ = nnls(relative, np.ones(len(measured)))
    print("| constant | measured | in use |\n|---|---|---|")
    for name, value in zip(NAMES, found, strict=True):
        print(f"| {name} | {value:.3g} | {getattr(costs.COSTS, name):g} |")
    used = relative @ np.array([getattr(costs.COSTS, name) for name in NAMES])
    for label, explained in (("measured", relative @ found), ("in use", used)):
        print(
            f"\nestimated / run, constants {label}: "
            + " ".join(f"{ratio:.2f}" for ratio in explained)
        )
    print("\n" + ", ".join(f"{name} {value}" for name, value in machine().items()))


if __name__ == "__main__":
    main()
