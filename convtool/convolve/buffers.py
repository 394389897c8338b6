"""Memory that is reused for every block: fresh memory costs as much as a small convolution.

A buffer's content is lost when it is asked for again under the same name.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor


class Buffers:
    """Named buffers of one thread that grow to the largest size asked for.

    Args:
        device: where they are.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._held: dict[tuple[str, torch.dtype], Tensor] = {}

    def get(self, name: str, size: Sequence[int], dtype: torch.dtype) -> Tensor:
        """Return a contiguous tensor of arbitrary content.

        >>> Buffers(torch.device("cpu")).get("out", (2, 3), torch.float32).shape
        torch.Size([2, 3])
        """
        count = math.prod(size)
        held = self._held.get((name, dtype))
        if held is None or len(held) < count:
            self._held.pop((name, dtype), None)  # free the old one before the new one is allocated
            held = torch.empty(count, dtype=dtype, device=self.device)
            self._held[name, dtype] = held
        return held[:count].view(*size)

    def named(self, name: str, dtype: torch.dtype) -> Callable[[Sequence[int]], Tensor]:
        """Return `get` for one name and type."""
        return lambda size: self.get(name, size, dtype)

    def clear(self) -> None:
        """Free all buffers."""
        self._held.clear()


def share_memory(one: Tensor, other: Tensor) -> bool:
    """Return whether two tensors are views of the same memory."""
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def empty_like(strip: Tensor, axis: int, count: int) -> Tensor:
    """Return memory for all strips of a block, channels innermost.

    Args:
        strip: the result of the first one.
        axis: along which they follow each other, counted from the last.
        count: the size of the axis.
    """
    size = list(strip.movedim(1, -1).shape)
    size[axis - 1] = count
    return strip.new_empty(size).movedim(-1, 1)
