"""Compute parametric kernels: plain functions that return float64 weights."""

import math
from itertools import pairwise

import numpy as np

from convtool.errors import LayerError
from convtool.kernels.generators.common import Weights, refuse_more

# Windows of FIR filters: the width of a transition times taps over the rate. Kaiser's is shaped for 90 dB.
# Source: Oppenheim & Schafer, Discrete-Time Signal Processing, sections 7.5 and 7.6; Ifeachor & Jervis, Digital
# Signal Processing (2002), table 7.3
WINDOWS = {"boxcar": 0.9, "hann": 3.1, "hamming": 3.3, "blackman": 5.5, "kaiser": 5.71}
KAISER_BETA = 0.1102 * (90 - 8.7)


def moving_average(dims: int, *, size: int, ms: float, rate: float | None = None) -> Weights:
    """Return the mean of `size` samples, or of `ms` milliseconds where that is not 0, an odd number of them."""
    count = int(ms * _need(rate) / 1000) // 2 * 2 + 1 if ms else size
    refuse_more(count)
    return np.full(count, 1 / count)


def pre_emphasis(dims: int, *, coefficient: float, rate: float | None = None) -> Weights:
    """Return x[n] - coefficient * x[n-1]."""
    return np.array([-coefficient, 1.0])


def echo(dims: int, *, delay: float, gain: float, rate: float | None = None) -> Weights:
    """Return the sound plus itself `delay` seconds later, `gain` times as loud."""
    samples = round(delay * _need(rate))
    refuse_more(samples + 1)
    weights = np.zeros(samples + 1)
    weights[0] = gain
    weights[samples] += 1
    return weights


def lowpass(
    dims: int, *, cutoff: float, taps: int, width: float, window: str, rate: float | None = None
) -> Weights:
    """Return a linear-phase FIR that keeps what is below `cutoff` Hz, where it is 6 dB down."""
    return _firwin("lowpass", [cutoff], taps, width, window, rate)


def highpass(
    dims: int, *, cutoff: float, taps: int, width: float, window: str, rate: float | None = None
) -> Weights:
    """Return a linear-phase FIR that keeps what is above `cutoff` Hz, where it is 6 dB down."""
    return _firwin("highpass", [cutoff], taps, width, window, rate)


def bandpass(
    dims: int,
    *,
    low: float,
    high: float,
    taps: int,
    width: float,
    window: str,
    rate: float | None = None,
) -> Weights:
    """Return a linear-phase FIR that keeps `low` to `high` Hz, where it is 6 dB down."""
    return _firwin("bandpass", [low, high], taps, width, window, rate)


def bandstop(
    dims: int,
    *,
    low: float,
    high: float,
    taps: int,
    width: float,
    window: str,
    rate: float | None = None,
) -> Weights:
    """Return a linear-phase FIR that removes `low` to `high` Hz, where it is 6 dB down."""
    return _firwin("bandstop", [low, high], taps, width, window, rate)


def _firwin(
    kind: str, edges: list[float], taps: int, width: float, window: str, rate: float | None
) -> Weights:
    """Return a filter by the window method.

    Args:
        kind: scipy's name of it.
        edges: where it is 6 dB down, in Hz.
        taps: its length; 0 for what `width` needs.
        width: in Hz, from what is kept to what is not; 0 for half of the narrowest band beside an edge.
        window: one of `WINDOWS`.
        rate: samples a second.
    """
    nyquist = _need(rate) / 2
    shown = " and ".join(f"{edge:g}" for edge in edges)
    if edges != sorted(set(edges)):
        raise ValueError(f"{shown} Hz: wanted rising")
    if edges[-1] >= nyquist:
        raise LayerError(
            f"{shown} Hz: a sound of {2 * nyquist:g} samples a second holds less than {nyquist:g} Hz"
        )
    if taps and width:
        raise ValueError("taps and width say the same in two ways: give one")
    if not taps:
        taps = transition_taps(width or transition_width(edges, nyquist), window, 2 * nyquist)
    refuse_more(taps)
    if taps % 2 == 0 and kind in ("highpass", "bandstop"):
        raise ValueError(f"taps={taps}: a {kind} of linear phase needs an odd number of taps")
    from scipy.signal import firwin  # noqa: PLC0415  # takes long to import, and only these need it

    shape = (window, KAISER_BETA) if window == "kaiser" else window
    return np.asarray(firwin(taps, edges, window=shape, pass_zero=kind, fs=2 * nyquist))


def transition_width(edges: list[float], nyquist: float) -> float:
    """Return the width of transitions where none is given, in Hz: half of the narrowest band.

    >>> transition_width([300, 3400], 22050)
    150.0
    """
    ends = [0, *edges, nyquist]
    return min(above - below for below, above in pairwise(ends)) / 2


def transition_taps(width: float, window: str, rate: float) -> int:
    """Return the odd number of taps that makes transitions of `width` Hz by a window.

    >>> transition_taps(500, "hamming", 44100)
    293
    """
    return max(3, math.ceil(WINDOWS[window] * rate / width) // 2 * 2 + 1)


def _need(rate: float | None) -> float:
    if rate is None:
        raise ValueError("its parameters are in Hz or seconds, and there is no sample rate here")
    return rate
