"""The magnitude response of a kernel: in decibels over hertz, or along all its axes.

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


def cycles(points: int) -> NDArray[np.float64]:
    """Return frequencies from -½ to ½ cycles per sample, evenly spread, both ends included.

    Shape: (F,)

    >>> cycles(5).tolist()
    [-0.5, -0.25, 0.0, 0.25, 0.5]
    """
    return np.linspace(-0.5, 0.5, points)


def magnitude(weights: NDArray[np.float64], points: int) -> NDArray[np.float64]:
    """Return the gain of a kernel at frequencies along each of its axes; see `cycles`.

    Args:
        weights: the kernel's.
        points: frequencies per axis; the middle of an odd number is zero.

    Shape: (K,) → (F,), or (H, W) → (F, F), vertical frequencies first, and so on

    Source: Gonzalez & Woods, Digital Image Processing, section 4.7

    >>> magnitude(np.array([[-1.0, 0, 1]]), 5)[0].round(2).tolist()  # a gradient
    [0.0, 2.0, 0.0, 2.0, 0.0]
    """
    sums = weights.astype(np.complex128)
    for taps in weights.shape:  # the first axis gives way to one of frequencies at the end
        waves = np.exp(-2j * np.pi * np.outer(np.arange(taps), cycles(points)))
        sums = np.tensordot(sums, waves, axes=(0, 0))
    gains: NDArray[np.float64] = np.abs(sums)
    return gains
