"""A block: consecutive samples of an input or a result, with all that belongs to them.

It must not know media: what travels in `company` is opaque.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from torch import Tensor

from convtool.levels import Levels

AXIS = 2  # the leading spatial axis of NCL, NCHW and NCDHW, along which blocks follow each other


class Moment(NamedTuple):
    """When a position of the leading axis is shown.

    Attributes:
        start: in ticks of the input's time base.
        duration: in ticks; 0 where the input does not state it.
    """

    start: int
    duration: int


@dataclass(frozen=True, eq=False)
class Block:
    """Consecutive positions of the leading axis: rows, samples or frames.

    Attributes:
        tensor: the samples, shape (N, C, L, *S), channels innermost in memory; L may be 0 where
            only company is left.
        levels: how they are stored.
        times: when each of the L positions is shown; None where the medium states no times.
        company: what was read beside them and is passed on as it is, such as audio packets.

    Raises:
        ValueError: the parts do not fit each other. That is a fault of the program.

    >>> import torch
    >>> from convtool.levels import UINT8
    >>> len(Block(torch.zeros(1, 3, 4, 5, dtype=torch.uint8), UINT8))
    4
    """

    tensor: Tensor
    levels: Levels
    times: tuple[Moment, ...] | None = None
    company: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if not 3 <= self.tensor.ndim <= 5:
            raise ValueError(f"a block has 3 to 5 axes, not {self.tensor.ndim}")
        if self.tensor.dtype != self.levels.dtype:
            raise ValueError(f"a block of {self.levels} holds {self.tensor.dtype}")
        if self.times is not None and len(self.times) != len(self):
            raise ValueError(f"a block of {len(self)} positions has {len(self.times)} times")

    def __len__(self) -> int:
        """Return the number of positions along the leading axis."""
        return self.tensor.shape[AXIS]
