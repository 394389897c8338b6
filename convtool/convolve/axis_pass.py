"""Correlate along one axis by PyTorch's depthwise forward, neighbouring samples as its channels.

Its inner loop keeps the sums of many channels in registers over all taps, where shifted
multiply-adds write them back after each. The channels of an image are too few to fill a vector; its
columns, or sixteen of its rows, are not.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own habit
from torch import Tensor

from convtool.convolve import costs

MIN_TAPS = 6  # from which this is faster than shifted multiply-adds
LANES = 16  # float32 in a vector of AVX-512
MAX_WEIGHTS = 2**21  # of all channels of a call, each of which has its own copy of the kernel


def is_faster(
    vector: Tensor, stride: Sequence[int], axis: int, dtype: torch.dtype, device: str
) -> bool:
    """Return whether an `AxisPass` is faster than shifted multiply-adds.

    Args:
        vector: the kernel.
        stride: per axis.
        axis: from 0, channels not counted.
        dtype: of the sums.
        device: the type of the device.
    """
    if dtype != torch.float32 or device != "cpu":
        return False
    last = axis == len(stride) - 1
    if last and (axis == 0 or stride[axis] > 1):
        return False
    return int(vector.count_nonzero()) >= MIN_TAPS


def pass_cost(count: int) -> float:
    """Return the cost of an output of a pass with a kernel of `count` taps."""
    return costs.COSTS.output + count * costs.COSTS.axis_tap


class AxisPass:
    """A kernel along one axis.

    Args:
        vector: float64, shape (K,).
        axis: from 0, channels not counted.
        last: whether it is the last axis.
        stride: along the axis; 1 where it is the last.
        dilation: along the axis.
        interleaved: channels at each position of the last axis.
    """

    def __init__(
        self,
        vector: Tensor,
        axis: int,
        *,
        last: bool,
        stride: int,
        dilation: int,
        interleaved: int = 1,
    ) -> None:
        self._axis, self._last = axis, last
        self._stride = (1, stride)
        self._dilation = (1, dilation * interleaved if last else dilation)
        self._max_channels = max(LANES, MAX_WEIGHTS // len(vector))
        self._vector = vector.float()
        self._weight = vector.new_empty(0)

    def __call__(self, planes: Tensor, size: Sequence[int]) -> Tensor:
        """Return the correlation.

        Args:
            planes: the samples; the last axis may hold more than are needed.
            size: the number of outputs on each axis.

        Shape: (1, *S) → (1, *S')
        """
        return self._along_rows(planes, size[-1]) if self._last else self._along_columns(planes)

    def _along_rows(self, planes: Tensor, length: int) -> Tensor:
        """Correlate along the last axis; the channels are as many rows as fill a vector."""
        width = planes.shape[-1]
        rows = planes.reshape(-1, width)
        full = len(rows) // LANES * LANES
        groups = []
        if full:
            groups.append(rows[:full].view(-1, LANES, 1, width))
        if full < len(rows):
            groups.append(rows[full:].view(1, -1, 1, width))
        sums = [self._correlate(group).flatten(0, 2)[:, :length] for group in groups]
        result: Tensor = _joined(sums, 0).unflatten(0, planes.shape[:-1])
        return result

    def _along_columns(self, planes: Tensor) -> Tensor:
        """Correlate along another axis; the channels are all samples of the axes behind it."""
        before, length = planes.shape[: self._axis + 1], planes.shape[self._axis + 1]
        after = planes.shape[self._axis + 2 :]
        columns = planes.reshape(math.prod(before), 1, length, -1).permute(0, 3, 1, 2)
        groups = columns.split(self._max_channels, 1)
        sums = _joined([self._correlate(group) for group in groups], 1)
        return sums.permute(0, 2, 3, 1).reshape(*before, sums.shape[3], *after)

    def _correlate(self, lines: Tensor) -> Tensor:
        """Correlate each channel along the width. Shape: (N, C, 1, L) → (N, C, 1, L')."""
        channels = lines.shape[1]
        if len(self._weight) < channels:
            self._weight = self._vector.expand(channels, 1, 1, -1).contiguous()
        weight = self._weight[:channels]
        return F.conv2d(lines, weight, None, self._stride, 0, self._dilation, channels)


def _joined(parts: Sequence[Tensor], axis: int) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), axis)
