"""`convolve(conv, tensor)` on tensors of floats against `conv(tensor)`, in both memory formats."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import torch
from timing import Row, medians
from torch import Tensor, nn

from convtool.convolve import Convolution, convolve
from convtool.convolve.geometry import Conv
from convtool.levels import of

GOAL = 1.3  # of layers that the stock forward runs best, where a plan is all that we add
LAYOUTS = {
    "contiguous": {3: torch.contiguous_format, 4: torch.contiguous_format},
    "channels last": {4: torch.channels_last, 5: torch.channels_last_3d},
}
SIZES = {1: (2**20,), 2: (1200, 1600), 3: (8, 270, 480)}
LAYERS: dict[str, Callable[[], Conv]] = {
    "1-D, 3 taps, stereo": lambda: nn.Conv1d(2, 2, 3),
    "1-D, 255 taps": lambda: nn.Conv1d(1, 1, 255),
    "3×3, depthwise": lambda: nn.Conv2d(3, 3, 3, groups=3),
    "7×7, depthwise": lambda: nn.Conv2d(3, 3, 7, groups=3),
    "25×25, an outer product": lambda: outer_product(25),
    "31×31, 1 channel": lambda: nn.Conv2d(1, 1, 31),
    "3×3, 3→4": lambda: nn.Conv2d(3, 4, 3),
    "3×3, 16→32": lambda: nn.Conv2d(16, 32, 3),
    "1×3×3, depthwise": lambda: nn.Conv3d(3, 3, (1, 3, 3), groups=3),
    "3×3×3, depthwise": lambda: nn.Conv3d(3, 3, 3, groups=3),
    "3×3×3, 3→8": lambda: nn.Conv3d(3, 8, 3),
}


def outer_product(size: int) -> nn.Conv2d:
    """Return a depthwise layer with one separable kernel for all channels."""
    conv = nn.Conv2d(3, 3, size, groups=3)
    vector = torch.randn(size) / size
    conv.weight.data = torch.outer(vector, vector).expand_as(conv.weight).clone()
    return conv


def stock(conv: Conv, tensor: Tensor) -> Tensor:
    """Run the layer's own forward without a graph."""
    with torch.no_grad():
        return conv(tensor)


def rows() -> Iterator[Row]:
    """Yield the table."""
    torch.manual_seed(0)
    for (name, layer), (label, layouts) in product(LAYERS.items(), LAYOUTS.items()):
        conv = layer()
        axes = conv.weight.ndim
        if axes not in layouts:
            continue
        size = SIZES[axes - 2]
        tensor = torch.rand(1, conv.in_channels, *size).contiguous(memory_format=layouts[axes])
        ways = {"convtool": partial(convolve, conv, tensor), "stock": partial(stock, conv, tensor)}
        took = medians(ways, runs=3)
        plan = Convolution(conv, size, of(tensor.dtype)).plan
        yield Row(
            f"{name}, {label}", plan.algorithm, took["convtool"], "nn.Conv", took["stock"], GOAL
        )
