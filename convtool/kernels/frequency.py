"""The magnitude response of a kernel, in decibels.

It must not import torch: kernels are shown without it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FLOOR = -200.0  # dB, for a gain of zero


def decibels(
    taps: NDArray[np.float64], rate: float, hertz: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the gain of a kernel at given frequencies, in dB.

    Args:
        taps: the kernel's weights.
        rate: samples per second.
        hertz: the frequencies.

    Shape: (K,), (F,) → (F,)

    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, section 5.1

    >>> decibels(np.array([0.5, 0.5]), 8000, [0, 2000]).round(2).tolist()
    [0.0, -3.01]
    """
    phases = 2 * np.pi / rate * np.arange(len(taps))
    gains = [abs(np.dot(taps, np.exp(-1j * phases * frequency))) for frequency in hertz]
    return np.asarray(20 * np.log10(np.maximum(gains, 10 ** (FLOOR / 20))))
