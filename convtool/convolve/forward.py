"""Correlate by PyTorch's own forward, channels-last, on a layer regrouped so that its vectors are full.

A layer with few outputs leaves most lanes of a vector idle. The same sums are those of a layer that has the outputs
of several neighbouring positions for its channels, a stride as long, and for its kernel the old one at each place:

    kernel abc, 2 positions at once  →  outputs  abc0   with stride 2
                                                 0abc
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own habit
from torch import Tensor


class Direct:
    """A group of a layer, or all of its groups.

    Sound is taken as pictures of one row. Films are run by `F.conv3d`, but with several positions at once as batches of
    pictures that are added up over time: for few channels that takes half as long, for many twice.

    Args:
        weight: float64, shape (O, I, *K).
        stride: per axis.
        dilation: per axis.
        groups: of the layer; more than one are run at once and with `positions` 1.
        positions: outputs along the last axis that are made at once.
        dtype: of the samples.
        device: where it runs.
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
        three = weight.reshape(*weight.shape[:2], *(1,) * (5 - weight.ndim), *weight.shape[2:])
        self._stride, self._dilation = (
            (1,) * (3 - len(stride)) + tuple(each) for each in (stride, dilation)
        )
        self._outputs, self._positions, self._groups = len(weight), positions, groups
        self._film: Tensor | None = None
        self._weight: list[Tensor] = []
        if positions == 1 and weight.ndim == 5:
            self._film = three.to(device, dtype).contiguous(memory_format=torch.channels_last_3d)
            return
        if positions > 1:
            three = _regrouped(three, self._stride[2], self._dilation[2], positions)
            self._dilation = (*self._dilation[:2], 1)
        self._weight = [
            kernel.to(device, dtype).contiguous(memory_format=torch.channels_last)
            for kernel in three.unbind(2)
        ]

    def __call__(self, samples: Tensor, size: Sequence[int]) -> Tensor:
        """Return the correlation.

        Args:
            samples: channels last; the last axis long enough for a whole number of `positions`.
            size: how many outputs are wanted on each axis.

        Shape: (*S, I) → (*S', O)
        """
        if self._film is not None:
            film = samples[None].permute(0, 4, 1, 2, 3)
            sums = F.conv3d(film, self._film, None, self._stride, 0, self._dilation, self._groups)
            return sums[0].permute(1, 2, 3, 0)
        frames = samples.reshape(*(1,) * (4 - samples.ndim), *samples.shape).permute(0, 3, 1, 2)
        count = (1,) * (3 - len(size)) + tuple(size)
        steps = self._stride[1], self._stride[2] * self._positions
        total: Tensor | None = None
        for time, weight in enumerate(self._weight):
            at = frames[time * self._dilation[0] :: self._stride[0]][: count[0]]
            part = F.conv2d(at, weight, None, steps, 0, self._dilation[1:], self._groups)
            total = part if total is None else total.add_(part)
        assert total is not None
        rows: Tensor = total.permute(0, 2, 3, 1).flatten(2).unflatten(2, (-1, self._outputs))
        return rows[:, : count[1], : count[2]].reshape(*size, self._outputs)


def _regrouped(weight: Tensor, stride: int, dilation: int, positions: int) -> Tensor:
    """Return the weights of several positions. Shape: (O, I, T, H, W) → (positions * O, I, T, H, W')."""
    outputs, inputs, *rest, width = weight.shape
    spread = dilation * (width - 1) + 1
    wide = weight.new_zeros(positions, outputs, inputs, *rest, spread + (positions - 1) * stride)
    for place in range(positions):
        wide[place, ..., place * stride : place * stride + spread : dilation] = weight
    return wide.flatten(0, 1)


def room(width: int, span: int, stride: int, positions: int) -> int:
    """Return how many samples must follow a row so that a whole number of `positions` covers its outputs."""
    count = (width - span) // stride + 1
    groups = -(-count // positions)
    return max(0, (groups * positions - 1) * stride + span - width)
