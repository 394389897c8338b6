"""The first step of an epilogue: output channels are folded by the banks' combinations."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from convtool.convolve.pointwise import Pointwise


@dataclass(frozen=True, eq=False)
class Fold:
    """The step of a layer.

    Attributes:
        folded: folds responses.
        combines: channels are combined; otherwise the axes of groups and of outputs are joined.
    """

    folded: Callable[[Tensor], Tensor]
    combines: bool

    def __call__(self, responses: Tensor) -> Tensor:
        """Return the folded responses. Shape: (N, groups, outputs per group, *S) → (N, C, *S)"""
        return self.folded(responses)

    def tell(self, before: Pointwise) -> Pointwise | None:
        """Return what the steps do in all: nothing; None where channels are combined."""
        return None if self.combines else before
