"""Correlate along one axis by PyTorch's depthwise forward, the samples that lie beside each other as its channels.

Its inner loop keeps the sums of many channels in registers over all taps, where shifted multiply-adds write them back
after each. A picture's own channels are too few to fill a vector; its columns, or sixteen of its rows, are not.
"""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own habit
from torch import Tensor

LEAST = 6  # taps from which this is faster than shifted multiply-adds
LANES = 16  # float32 in a vector of AVX-512
MOST_WEIGHTS = 2**21  # of all channels of a call, which each have their own


def fits(vector: Tensor, stride: Sequence[int], axis: int, dtype: torch.dtype, device: str) -> bool:
    """Return whether a kernel along an axis is run faster here than by shifted multiply-adds.

    Args:
        vector: the kernel.
        stride: per axis.
        axis: from 0, channels not counted.
        dtype: of the sums.
        device: the type of where they are made.
    """
    last = axis == len(stride) - 1
    there = dtype == torch.float32 and device == "cpu"
    return (
        there
        and int(vector.count_nonzero()) >= LEAST
        and not (last and (axis == 0 or stride[axis] > 1))
    )


class Lines:
    """A kernel along one axis.

    Args:
        vector: float64, shape (K,).
        axis: from 0, channels not counted.
        last: whether it is the last one.
        stride: along the axis; 1 where it is the last.
        dilation: along the axis.
        inner: samples at each position of the last axis.
    """

    def __init__(
        self, vector: Tensor, axis: int, *, last: bool, stride: int, dilation: int, inner: int = 1
    ) -> None:
        self._axis, self._last = axis, last
        self._stride, self._dilation = (1, stride), (1, dilation * inner if last else dilation)
        self._most = max(LANES, MOST_WEIGHTS // len(vector))
        self._vector, self._weight = vector.float(), vector.new_empty(0)

    def __call__(self, planes: Tensor, size: Sequence[int]) -> Tensor:
        """Return the correlation.

        Args:
            planes: the samples; on the last axis there may be more than are needed.
            size: how many outputs are wanted on each axis.

        Shape: (1, *S) → (1, *S')
        """
        return self._rows(planes, size[-1]) if self._last else self._columns(planes)

    def _rows(self, planes: Tensor, length: int) -> Tensor:
        """Correlate along the last axis, the channels being as many rows as fill a vector."""
        rows = planes.reshape(-1, planes.shape[-1])
        whole = len(rows) // LANES * LANES
        groups = [
            rows[:whole].view(-1, LANES, 1, rows.shape[1]),
            rows[whole:].view(1, -1, 1, rows.shape[1]),
        ]
        sums = [
            self._run(group).flatten(0, 2)[:, :length]
            for group in groups
            if len(group) and group.shape[1]
        ]
        joined: Tensor = _joined(sums, 0).unflatten(0, planes.shape[:-1])
        return joined

    def _columns(self, planes: Tensor) -> Tensor:
        """Correlate along another axis, the channels being all that follows it, channels-last as it lies."""
        before, after = planes.shape[: self._axis + 1], planes.shape[self._axis + 2 :]
        columns = planes.reshape(math.prod(before), 1, planes.shape[self._axis + 1], -1).permute(
            0, 3, 1, 2
        )
        sums = _joined([self._run(group) for group in columns.split(self._most, 1)], 1)
        return sums.permute(0, 2, 3, 1).reshape(*before, sums.shape[3], *after)

    def _run(self, lines: Tensor) -> Tensor:
        """Correlate along the width. Shape: (N, C, 1, L) → (N, C, 1, L')."""
        channels = lines.shape[1]
        if len(self._weight) < channels:
            self._weight = self._vector.expand(channels, 1, 1, -1).contiguous()
        return F.conv2d(
            lines, self._weight[:channels], None, self._stride, 0, self._dilation, channels
        )


def _joined(parts: Sequence[Tensor], axis: int) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), axis)
