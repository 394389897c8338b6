"""Make stored samples of a layer's responses, and count those of a sound that are cut at the ends of its range.

How they come into the range is `normalize`'s business, how they are rounded `levels`'.
"""

from torch import Tensor

from convtool.convolve import Finish
from convtool.levels import Levels, beyond, to_levels
from convtool.results.normalize import Normalizer


class Clips:
    """What becomes of a result's samples.

    Args:
        normalizer: brings responses into the range.
        levels: how they are stored.
    """

    def __init__(self, normalizer: Normalizer, levels: Levels) -> None:
        self._normalizer, self._levels = normalizer, levels
        self._count, self._of = 0, 0

    def finish(self, unit: float) -> Finish:
        """Return what makes stored samples of responses in units of `unit`."""

        def finish(responses: Tensor) -> Tensor:
            numbers = self._normalizer(responses, unit)
            if self._levels.signed and not self._levels.floats:
                self._count += beyond(numbers, self._levels)
                self._of += numbers.numel()
            return to_levels(numbers, self._levels)

        return finish

    def notes(self) -> tuple[str, ...]:
        """Return what to say of it."""
        if not self._count:
            return ()
        return (
            f"{self._count} of {self._of} samples clipped; --normalize minmax scales them to fit",
        )
