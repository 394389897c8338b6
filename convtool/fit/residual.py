"""What a kernel leaves unexplained of AFTER: its size, its largest value, and where it lies."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convtool.convolve import Convolution
from convtool.convolve.geometry import Conv
from convtool.fit.model import Model
from convtool.fit.pairs import Pairs
from convtool.kernels.kernel import Kernel
from convtool.layers.build import CONVS
from convtool.levels import of
from convtool.look.keepers import Means
from convtool.media.contract import Part

PIXELS = 400  # per axis of a picture of residuals
MOMENTS = 1024  # of a line of residuals


@dataclass(frozen=True, eq=False)
class Residual:
    """What is left unexplained, in levels of AFTER; of floats in units of 1.

    Attributes:
        rms: the root of the mean of squares.
        largest: without its sign.
        size: the root of the mean of squares of AFTER around its mean.
        picture: the RMS of places of the first image. Shape: (H, W)
        line: the RMS of stretches along the leading axis of what has time. Shape: (M,)
        step: positions of a stretch.
    """

    rms: float
    largest: float
    size: float
    picture: NDArray[np.float64] | None = None
    line: NDArray[np.float64] | None = None
    step: int = 1

    @property
    def explained(self) -> float:
        """The share of AFTER's variance that the kernel explains; 1 where there is none."""
        return 1 - (self.rms / self.size) ** 2 if self.size else 1.0


class _Sizes:
    """Sums of what passes."""

    def __init__(self) -> None:
        self.count, self.largest = 0, 0.0
        self.squares = self.total = self.after = 0.0

    def add(self, residuals: Tensor, after: Tensor) -> None:
        """Add residuals, and the samples of AFTER that they belong to."""
        self.count += residuals.numel()
        if residuals.numel():
            self.largest = max(self.largest, float(residuals.abs().max()))
        self.squares += float(residuals.square().sum())
        self.total += float(after.sum())
        self.after += float(after.square().sum())


class _Line:
    """The RMS of stretches along the leading axis, of which there are at most `MOMENTS`."""

    def __init__(self, length: int) -> None:
        self.step = max(1, -(-length // MOMENTS))
        self._sums = torch.zeros(-(-length // self.step), dtype=torch.float64)
        self._counts = torch.zeros_like(self._sums)

    def add(self, squares: Tensor, kept: Tensor, start: int) -> None:
        """Add squares, from a position on. Shape: (C, L, *S), the same"""
        places = torch.arange(start, start + squares.shape[1]) // self.step
        for sums, numbers in ((self._sums, squares), (self._counts, kept.double())):
            sums.index_add_(0, places, numbers.movedim(1, 0).flatten(1).sum(1))

    @property
    def rms(self) -> NDArray[np.float64]:
        """Those of all stretches; 0 where everything is clipped."""
        found: NDArray[np.float64] = (self._sums / self._counts.clamp(min=1)).sqrt().numpy()
        return found


def residual_of(
    pairs: Pairs, model: Model, kernel: Kernel, after: Part, length: int | None
) -> Residual:
    """Return what a kernel leaves unexplained, in windows inside the input that are not clipped.

    Args:
        pairs: the files.
        model: of the kernel.
        kernel: that was found.
        after: a part of AFTER, for its levels.
        length: positions of windows along the leading axis, to keep where it lies; None to do
            without.
    """
    sizes, unit = _Sizes(), pairs.unit(after)
    line = _Line(length) if length is not None and pairs.medium.timed else None
    means: Means | None = None
    for number, (one, other) in enumerate(pairs.parts()):
        conv = _layer(kernel, len(one.channels), len(other.channels), model)
        convolution = Convolution(conv, one.size, of(torch.float64), dtype=torch.float64)
        if length is not None and number == 0 and line is None:
            means = Means(model.valid(one.size, pairs.names[0]), PIXELS)
        for windows in pairs.windows(one, other, model):
            made = convolution([windows.before[None]], ((0, 0),) * pairs.medium.dims)[0]
            left = (windows.after - made) / unit
            sizes.add(left[windows.kept], windows.after[windows.kept] / unit)
            squares = torch.where(windows.kept, left.square(), 0)
            if means is not None and number == 0:
                means.take(squares.mean(0, keepdim=True), windows.start)
            if line is not None:
                line.add(squares, windows.kept, windows.start)
    count = max(sizes.count, 1)
    variance = sizes.after / count - (sizes.total / count) ** 2
    picture = None if means is None else means.samples[0].double().sqrt().numpy()
    return Residual(
        math.sqrt(sizes.squares / count),
        sizes.largest,
        math.sqrt(max(variance, 0.0)),
        picture,
        None if line is None else line.rms,
        1 if line is None else line.step,
    )


def _layer(kernel: Kernel, inputs: int, outputs: int, model: Model) -> Conv:
    """Return the layer of a kernel, without padding."""
    groups = inputs // model.inputs
    conv = CONVS[kernel.dims](
        inputs, outputs, model.size, groups=groups, dtype=torch.float64
    ).requires_grad_(False)
    weight = torch.from_numpy(kernel.weights)
    conv.weight.copy_(weight.reshape(-1, model.inputs, *model.size).expand_as(conv.weight))
    assert conv.bias is not None
    conv.bias.copy_(torch.from_numpy(np.array(kernel.biases(outputs))))
    return conv
