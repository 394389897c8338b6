"""The step alone on frames of a 1080p film, stored integers to stored integers, against the stock `nn.Conv3d`."""

from collections.abc import Iterator

import torch
from steps import Step
from timing import Row, medians

SIZE = (24, 1080, 1920)


def rows() -> Iterator[Row]:
    """Yield the table; its times are for all frames."""
    noise = torch.Generator().manual_seed(0)
    film = torch.randint(0, 256, (1, *SIZE, 3), dtype=torch.uint8, generator=noise).movedim(-1, 1)
    work = [
        ("3×3×3 depthwise", torch.randn(1, 1, 3, 3, 3, generator=noise).expand(3, -1, -1, -1, -1), 0.6),
        ("3×3×3 dense, 3→4", torch.randn(4, 3, 3, 3, 3, generator=noise), 0.9),
    ]
    for name, weight, goal in work:
        step = Step(film, weight / 5, padding_mode="zeros")
        took = medians({"convtool": step, "nn.Conv3d": step.stock}, runs=3)
        way = step.run.plan.algorithm
        yield Row(
            f"{name}, {SIZE[0]} frames", way, took["convtool"], "nn.Conv3d", took["nn.Conv3d"], goal, step.error()
        )
