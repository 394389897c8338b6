"""Correlate by PyTorch's own forward, channels-last, on a layer regrouped to fill its vectors.

A layer with few outputs leaves most lanes of a vector idle. Its sums are also those of a layer
whose channels are the outputs of several neighbouring positions, whose stride is as many positions,
and whose kernel holds the old one at each of them:

    kernel abc, 2 positions at once  →  outputs  abc0   with stride 2
                                                 0abc
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own habit
from torch import Tensor


class Forward:
    """A group of a layer, or all of its groups.

    Audio is run as images of one row. Video is run by `F.conv3d`; with several positions at once,
    as batches of images that are added up over time, which takes half as long for few channels, and
    twice as long for many.

    Args:
        weight: floats, shape (O, I, *K).
        stride: per axis.
        dilation: per axis.
        dtype: of the samples.
        device: where it runs.
        groups: of the layer; more than one are run at once, with `positions` 1.
        positions: outputs along the last axis that are computed at once.
    """

    def __init__(
        self,
        weight: Tensor,
        stride: Sequence[int],
        dilation: Sequence[int],
        *,
        dtype: torch.dtype,
        device: torch.device,
        groups: int = 1,
        positions: int = 1,
    ) -> None:
        missing = (1,) * (3 - len(stride))  # axes of audio and images that only video has
        volume = weight.reshape(*weight.shape[:2], *missing, *weight.shape[2:])
        self._stride = (*missing, *stride)
        self._dilation = (*missing, *dilation)
        self._outputs, self._positions, self._groups = len(weight), positions, groups
        self._volume: Tensor | None = None
        self._images: list[Tensor] = []
        if positions == 1 and not missing:
            self._volume = volume.to(device, dtype).contiguous(memory_format=torch.channels_last_3d)
            return
        if positions > 1:
            volume = _regrouped(volume, self._stride[2], self._dilation[2], positions)
            self._dilation = (*self._dilation[:2], 1)
        self._images = [
            kernel.to(device, dtype).contiguous(memory_format=torch.channels_last)
            for kernel in volume.unbind(2)
        ]

    def __call__(self, samples: Tensor, size: Sequence[int]) -> Tensor:
        """Return the correlation.

        Args:
            samples: channels last; the last axis long enough for a whole number of `positions`.
            size: the number of outputs on each axis.

        Shape: (*S, I) → (*S', O)
        """
        if self._volume is None:
            return self._over_time(samples, size)
        video = samples[None].permute(0, 4, 1, 2, 3)
        sums = F.conv3d(video, self._volume, None, self._stride, 0, self._dilation, self._groups)
        return sums[0].permute(1, 2, 3, 0)

    def _over_time(self, samples: Tensor, size: Sequence[int]) -> Tensor:
        """Run the kernel of each frame on a batch of frames, and add up the results."""
        missing = (1,) * (3 - len(size))
        frames = samples.reshape(*missing, *samples.shape).permute(0, 3, 1, 2)
        count = (*missing, *size)
        stride = self._stride[1], self._stride[2] * self._positions
        total: Tensor | None = None
        for time, weight in enumerate(self._images):
            batch = frames[time * self._dilation[0] :: self._stride[0]][: count[0]]
            part = F.conv2d(batch, weight, None, stride, 0, self._dilation[1:], self._groups)
            total = part if total is None else total.add_(part)
        assert total is not None
        rows: Tensor = total.permute(0, 2, 3, 1).flatten(2).unflatten(2, (-1, self._outputs))
        return rows[:, : count[1], : count[2]].reshape(*size, self._outputs)


def _regrouped(weight: Tensor, stride: int, dilation: int, positions: int) -> Tensor:
    """Return the weights of several positions.

    Shape: (O, I, T, H, W) → (positions * O, I, T, H, W')
    """
    outputs, inputs, *rest, width = weight.shape
    extent = dilation * (width - 1) + 1
    size = (positions, outputs, inputs, *rest, extent + (positions - 1) * stride)
    regrouped = weight.new_zeros(size)
    for position in range(positions):
        start = position * stride
        regrouped[position, ..., start : start + extent : dilation] = weight
    return regrouped.flatten(0, 1)


def forward_slack(width: int, extent: int, stride: int, positions: int) -> int:
    """Return how many samples must follow a row to compute its outputs in groups of `positions`.

    >>> forward_slack(7, 3, 1, 4)  # 5 outputs, of which 8 are computed
    3
    """
    count = (width - extent) // stride + 1
    groups = -(-count // positions)
    return max(0, (groups * positions - 1) * stride + extent - width)
