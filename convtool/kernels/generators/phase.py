"""Filters of minimum phase: the same gains with the least delay, and no ringing before a sound.

It must not know files or presets.
"""

from dataclasses import dataclass

import numpy as np

from convtool.kernels.generators.common import Weights

PHASES = ("linear", "minimum")
# Points of the spectrum per tap, so that its logarithm does not wrap around: errors are 100 dB
# down. Beyond the second number, the third does, for the time that it takes.
FINER, MANY, COARSER = 256, 2**22, 16


@dataclass(frozen=True)
class Causal:
    """Weights whose last tap lies on the current sample, whatever their file says."""

    weights: Weights


def in_phase(taps: Weights, phase: str) -> Weights | Causal:
    """Return a filter of linear phase, or the one of minimum phase that has its gains.

    Args:
        taps: of linear phase.
        phase: one of PHASES.

    Raises:
        ValueError: there is no such phase.
    """
    if phase not in PHASES:
        raise ValueError(f"phase takes {' or '.join(PHASES)}, not '{phase}'")
    if phase == "linear":
        return taps
    from scipy.signal import minimum_phase  # noqa: PLC0415  # takes long to import

    fine, coarse = (1 << (each * len(taps) - 1).bit_length() for each in (FINER, COARSER))
    points = min(fine, max(MANY, coarse))
    made = minimum_phase(taps, "homomorphic", n_fft=points, half=False)
    return Causal(np.asarray(made, dtype=np.float64)[::-1])
