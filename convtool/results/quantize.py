"""Make stored samples of normalized results, and count those that are clipped.

`normalize` brings results into the range, `levels` rounds them.
"""

from dataclasses import replace

from torch import Tensor

from convtool.convolve.pointwise import Pointwise
from convtool.levels import UINT8, Levels, beyond, to_levels


class Quantizer:
    """The last step of a result: from numbers in units of its levels to stored samples.

    Args:
        levels: how samples are stored.
        unbounded: the input has floats, which end nowhere.
    """

    def __init__(self, levels: Levels, *, unbounded: bool = False) -> None:
        self._levels = levels
        self._counts = (levels.signed or unbounded) and not levels.floats
        self._clipped, self._total = 0, 0

    def __call__(self, numbers: Tensor) -> Tensor:
        """Return the stored samples; the numbers may be written to.

        Shape: any, kept
        """
        if self._counts:
            self._clipped += beyond(numbers, self._levels)
            self._total += numbers.numel()
        return to_levels(numbers, self._levels)

    def tell(self, before: Pointwise) -> Pointwise | None:
        """Return what the steps do in all; None for others than bytes, or if clips are counted."""
        if self._counts or self._levels != UINT8:
            return None
        return replace(before, stored=True)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of it: that audio, or a float image, was clipped."""
        if not self._clipped:
            return ()
        note = f"{self._clipped} of {self._total} samples clipped"
        return (f"{note}; --normalize minmax scales them to fit",)
