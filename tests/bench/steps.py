"""The layer alone: stored samples to stored samples, by convtool and by the stock forward."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy import signal
from torch import Tensor

from convtool.convolve import Convolution, Epilogue
from convtool.convolve.geometry import output_size, window
from convtool.convolve.stream import Stream
from convtool.levels import of, to_levels
from convtool.media.registry import medium_of_tensor
from convtool.results.choice import Choice
from convtool.results.normalize import Normalizer
from convtool.run.filter import Filter

LAST = {1: torch.contiguous_format, 2: torch.channels_last, 3: torch.channels_last_3d}
ERROR_PART = (48, 400, 700)  # samples per axis, by which errors are measured


class Step:
    """Convtool's way from stored samples to stored samples, into memory allocated once.

    Args:
        stored: the input, shape (1, C, *S).
        weight: of the layer, shape (O, I, *K); as many groups as its inputs need.
        options: of the medium, by name.
    """

    def __init__(self, stored: Tensor, weight: Tensor, **options: object) -> None:
        dims, channels = stored.ndim - 2, stored.shape[1]
        medium = medium_of_tensor(dims)
        parsed = medium.options(
            {
                "kernel_size": tuple(weight.shape[2:]),
                "out_channels": len(weight),
                "groups": channels // weight.shape[1],
                "bias": False,
                **options,
            }
        )
        self.stored, self.size, self.options = stored, tuple(stored.shape[2:]), options
        self.layer = Filter(parsed, medium, torch.device("cpu")).layer(channels)
        self.layer.conv.weight.data.copy_(weight)
        self.run = Convolution(
            self.layer.conv, self.size, of(stored.dtype), algorithm=parsed.engine.algorithm
        )
        floats = stored.is_floating_point()
        rule = "none" if floats else "clamp"
        self.normalizer = Normalizer(
            self.layer,
            Choice(rule),
            centred=medium.centred,
            floats=floats,
            scale=of(stored.dtype).scale,
            clip=False,
        )
        self.out = torch.empty(
            1, *output_size(self.layer.conv, self.size), len(weight), dtype=stored.dtype
        )
        self.out = self.out.movedim(-1, 1)

    def __call__(self) -> Tensor:
        """Run it."""
        levels = of(self.stored.dtype)
        epilogue: Epilogue = [
            self.layer.fold,
            lambda folded: self.normalizer(folded, levels.scale),
            lambda normalized: to_levels(normalized, levels),
        ]
        stream = Stream(
            window(self.layer.conv), lambda pieces, pads: self.run(pieces, pads, epilogue)
        )
        start = 0
        for block in stream(torch.split(self.stored, self.run.length, 2)):
            self.out[:, :, start : start + block.shape[2]] = block
            start += block.shape[2]
        return self.out

    def stock(self) -> Tensor:
        """Run the layer's own forward, channels last, with conversions, into the same memory."""
        conv = self.layer.conv
        floats = self.stored.to(torch.float32, memory_format=LAST[self.stored.ndim - 2])
        with torch.no_grad():
            return self.out.copy_(to_levels(conv(floats), of(self.stored.dtype)))

    def error(self) -> float:
        """Return the largest error of raw results, over Σ|w| × max|x|, on a part of the input."""
        conv = self.layer.conv
        part = self.stored
        for axis, most in enumerate(ERROR_PART[-len(self.size) :], 2):
            least = max(most, 3 * conv.weight.shape[axis] * conv.dilation[axis - 2])
            part = part.narrow(axis, 0, min(least, part.shape[axis]))
        run = Convolution(conv, self.size, of(self.stored.dtype), algorithm=self.run.plan.algorithm)
        ours = run([part], [(0, 0)] * len(self.size)).double()
        weight, padded = conv.weight.detach().double(), part[0].double().numpy()
        inputs, outputs = weight.shape[1], len(weight) // conv.groups
        worst = 0.0
        for index, kernels in enumerate(weight):
            group = index // outputs
            planes = [
                signal.oaconvolve(
                    padded[group * inputs + plane], _spread(kernel, conv.dilation), "valid"
                )
                for plane, kernel in enumerate(kernels)
            ]
            exact = torch.from_numpy(sum(planes[1:], planes[0]))[
                tuple(slice(None, None, step) for step in conv.stride)
            ]
            largest = float(kernels.abs().sum()) * float(part.abs().max())
            worst = max(worst, float((ours[0, index] - exact).abs().max()) / largest)
        return worst


def _spread(kernel: Tensor, dilation: Sequence[int]) -> np.ndarray:
    """Return the kernel with the zeros of its dilation, reversed for true convolution."""
    spread = kernel.new_zeros(
        [(k - 1) * step + 1 for k, step in zip(kernel.shape, dilation, strict=True)]
    )
    spread[tuple(slice(None, None, step) for step in dilation)] = kernel
    return spread.flip(*range(spread.ndim)).numpy()
