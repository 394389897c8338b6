"""When the frames of a video are shown: from its first frame to the end of its last.

It must not draw: plots and reports do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convtool.block import Moment

ALONE = 1.0  # seconds of a single frame whose duration is not stated


@dataclass(frozen=True, eq=False)
class Times:
    """The times of frames that follow each other.

    Attributes:
        starts: when each is shown, in seconds. Shape: (F,)
        end: of the last one, in seconds.
        varies: they are shown for different times, by more than a tick.
    """

    starts: NDArray[np.float64]
    end: float
    varies: bool

    def shown_at(self, seconds: NDArray[np.float64], every: int) -> NDArray[np.intp]:
        """Return which frame is shown at each time, where one of every so many is kept.

        Shape: (N,) → (N,), of indices of the frames that are kept
        """
        kept = self.starts[::every]
        return (np.searchsorted(kept, seconds, side="right") - 1).clip(0, len(kept) - 1)


def times_of(moments: Sequence[Moment], unit: float) -> Times:
    """Return the times of frames; the last has its own duration, or the usual one.

    Args:
        moments: when each is shown, at least one.
        unit: seconds per tick.

    >>> times_of([Moment(0, 20), Moment(20, 20), Moment(40, 40)], 0.01).end
    0.8
    """
    starts = [moment.start for moment in moments]
    apart = np.diff(starts)
    usual = float(np.median(apart)) if len(apart) else ALONE / unit
    last = moments[-1].duration or usual
    shown = [*apart.tolist(), last]
    varies = max(shown) - min(shown) > 1
    return Times(np.array(starts) * unit, (starts[-1] + last) * unit, varies)
