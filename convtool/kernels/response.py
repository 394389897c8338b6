"""Shape an impulse response: where it begins and ends, how it fades, and how loud it is.

Plain functions on taps in the order of time, of shape (C, K); all channels are treated alike, so
that their times and levels keep to each other. They read no files.
"""

import numpy as np
from numpy.typing import NDArray

Taps = NDArray[np.float64]

ONSET = 10 ** (-20 / 20)  # of the peak: where a response begins, by ISO 3382-1
END = 10 ** (-60 / 20)  # of the peak: the last sample as loud as this ends what is heard
GAINS = ("none", "peak", "energy")
ENDS = ("none", "start", "end", "both")


def onset(taps: Taps) -> int:
    """Return the first sample that is at most 20 dB softer than the loudest one.

    >>> onset(np.array([[0, 0.01, 0.5, 1, 0.1]]))
    2
    """
    sizes = np.abs(taps).max(0)
    return int(np.argmax(sizes >= sizes.max() * ONSET))


def end(taps: Taps) -> int:
    """Return the place behind the last sample that is at most 60 dB softer than the loudest one.

    >>> end(np.array([[0, 1, 0.002, 0.0001, 0]]))
    3
    """
    sizes = np.abs(taps).max(0)
    return int(np.flatnonzero(sizes >= sizes.max() * END)[-1]) + 1


def faded(taps: Taps, count: int) -> Taps:
    """Return taps of which the last `count` go down to nothing, by half a cosine.

    >>> faded(np.ones((1, 4)), 2).round(2).tolist()
    [[1.0, 1.0, 0.75, 0.25]]
    """
    count = min(count, taps.shape[1])
    shape = np.ones(taps.shape[1])
    if count:
        shape[-count:] = (1 + np.cos(np.pi * (np.arange(count) + 1) / (count + 1))) / 2
    return taps * shape


def levelled(taps: Taps, gain: str) -> Taps:
    """Return taps as loud as asked, the loudest channel deciding for all.

    Args:
        taps: not silent.
        gain: `peak`, so that the largest sample is 1; `energy`, so that the squares sum to 1, and
            noise keeps its level; or `none`.

    >>> levelled(np.array([[3.0, 4], [0, 1]]), "energy").tolist()
    [[0.6, 0.8], [0.0, 0.2]]
    """
    if gain == "peak":
        taps = taps / np.abs(taps).max()
    if gain == "energy":
        taps = taps / np.sqrt((taps**2).sum(1).max())
    return taps
