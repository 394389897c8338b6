"""Divide the means of weighted samples by their weights: what premultiplied convolution ends with.

It must not know what the weights are; images weight colours by their opacity.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from convtool.levels import LEAST_WEIGHT


class Weighted:
    """A step of an epilogue: channels are divided by the last one, which is their weight.

    Args:
        step: what follows for the other channels.
        scale: the result that a weight of 1 is mapped to; None where the weight is dropped.

    Source: Porter & Duff, Compositing Digital Images (1984), section 3
    """

    def __init__(self, step: Callable[[Tensor], Tensor], scale: float | None) -> None:
        self._step, self._scale = step, scale

    def __call__(self, block: Tensor) -> Tensor:
        """Return what `step` makes of the divided channels, and the weight behind them.

        Shape: (N, C + 1, *S) → (N, C', *S) or (N, C' + 1, *S)
        """
        weight = block[:, -1:]
        least = torch.finfo(block.dtype).tiny
        result = self._step(block[:, :-1] / weight.clamp(min=least))
        if self._scale is None:
            return result
        visible = torch.where(weight > 2 * LEAST_WEIGHT, weight, 0)
        return torch.cat([result, visible * self._scale], 1)
