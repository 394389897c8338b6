"""Many kernels and options, stored samples to stored samples, against the stock forward."""

from collections.abc import Iterator
from itertools import product

import torch
from steps import Step
from timing import Row, medians

GOAL = 1.1
SIZES = {1: (2**18,), 2: (1200, 1600), 3: (8, 270, 480)}
KERNELS = {1: (3, 31), 2: (1, 3, 7), 3: (3,)}
# input channels, output channels, groups; every one of the layer's ways to mix channels
CHANNELS = ((1, 1, 1), (3, 3, 3), (3, 6, 3), (3, 4, 1), (16, 16, 16), (16, 32, 1))
OPTIONS: tuple[dict[str, object], ...] = (
    {},
    {"stride": 2},
    {"stride": 5},
    {"dilation": 3},
    {"padding": 0, "stride": 3, "dilation": 2},
)
MOST = 5e9  # multiply-adds, or the stock forward takes minutes
DTYPES = {"uint8": torch.uint8, "float32": torch.float32}


def rows() -> Iterator[Row]:
    """Yield the slowest of each kind, against its stock forward."""
    noise = torch.Generator().manual_seed(0)
    for dims, (name, dtype), options in product(SIZES, DTYPES.items(), OPTIONS):
        found = []
        for k, (inputs, outputs, groups) in product(KERNELS[dims], CHANNELS):
            size = SIZES[dims]
            work = torch.Size(size).numel() * k**dims * inputs // groups * outputs
            if (
                work / int(str(options.get("stride", 1))) ** dims > MOST
                or inputs * torch.Size(size).numel() > 2**25
            ):
                continue
            stored = (torch.rand(1, *size, inputs, generator=noise) * 255).to(dtype).movedim(-1, 1)
            weight = torch.randn(outputs, inputs // groups, *[k] * dims, generator=noise) / k**dims
            step = Step(stored, weight, padding_mode="zeros", **options)
            label = f"{'×'.join([str(k)] * dims)}, {inputs}→{outputs}, {groups} groups"
            took = medians({"convtool": step, "stock": step.stock}, runs=1)
            if took["convtool"] > took["stock"] / 2:  # one run is enough only far from the bound
                took = medians({"convtool": step, "stock": step.stock}, runs=9)
            found.append((took["convtool"] / took["stock"], label, step.run.plan.algorithm, took))
        _, label, way, took = max(found)
        shown = ", ".join(f"{key} {value}" for key, value in options.items()) or "no option"
        over = sum(each[0] > GOAL for each in found)
        yield Row(
            f"{dims}-D, {name}, {shown}: worst of {len(found)}, {over} over: {label}",
            way,
            took["convtool"],
            "nn.Conv",
            took["stock"],
            GOAL,
        )
