"""Say what a kernel does to frequencies: its magnitude response in decibels. Nothing is filtered."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from convtool.layers import Layer

POINTS = (0, 63, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)  # Hz, octaves
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


def response(layer: Layer, channel: int, rate: float) -> list[tuple[float, float]]:
    """Return frequencies in Hz and what an output channel does to them in dB, where all its inputs hold the same.

    Args:
        layer: a layer of sounds.
        channel: its output channel, before folding.
        rate: samples a second of its input.
    """
    taps = layer.conv.weight[channel].double().sum(0).numpy()
    spread = np.zeros((len(taps) - 1) * layer.conv.dilation[0] + 1)
    spread[:: layer.conv.dilation[0]] = taps
    points = [hertz for hertz in POINTS if hertz <= rate / 2]
    return list(zip(points, decibels(spread, rate, points).tolist(), strict=True))
