"""A normalizer as a step of an epilogue: it maps responses of one unit, and can tell how."""

from dataclasses import dataclass

from torch import Tensor

from convtool.convolve.pointwise import Pointwise
from convtool.results.normalize import Normalizer


@dataclass(frozen=True, eq=False)
class Scaled:
    """A step of an epilogue.

    Attributes:
        normalizer: what maps the responses.
        unit: the response that stands for 1.
    """

    normalizer: Normalizer
    unit: float

    def __call__(self, block: Tensor) -> Tensor:
        """Map one block of responses, which may be written to. Shape: (N, C, *S), kept"""
        return self.normalizer(block, self.unit)

    def tell(self, before: Pointwise) -> Pointwise | None:
        """Return what the steps do in all; None where it is not the same for all responses."""
        found = self.normalizer.span(self.unit)
        if found is None:
            return None
        rule, span = found
        return None if rule.affine is None else rule.affine(before, span)
