"""Say what a kernel does to frequencies: its magnitude response in decibels.

It must not import torch: kernels are looked at without it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FLOOR = -200.0  # dB, for nothing at all


def decibels(
    taps: NDArray[np.float64], rate: float, hertz: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return by how much sines are louder after a kernel, in dB.

    Args:
        taps: its weights.
        rate: samples a second.
        hertz: the sines' frequencies.

    Shape: (K,), (F,) → (F,)

    Source: Oppenheim & Schafer, Discrete-Time Signal Processing, section 5.1

    >>> decibels(np.array([0.5, 0.5]), 8000, [0, 2000]).round(2).tolist()
    [0.0, -3.01]
    """
    steps = 2 * np.pi / rate * np.arange(len(taps))
    gains = [abs(np.dot(taps, np.exp(-1j * steps * each))) for each in hertz]
    return np.asarray(20 * np.log10(np.maximum(gains, 10 ** (FLOOR / 20))))
