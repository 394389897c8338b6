"""Generators for one axis, with parameters in Hz and seconds: FIR filters, echoes, moving averages.

It must not know files or presets.
"""

import math
from itertools import pairwise

import numpy as np

from convtool.errors import LayerError
from convtool.kernels.generators.common import Weights, refuse_more
from convtool.kernels.generators.phase import Causal, in_phase

# The windows of FIR filters, by their transition width in Hz × taps ÷ rate. The Kaiser window is
# shaped for 90 dB of stopband attenuation.
# Source: Oppenheim & Schafer, Discrete-Time Signal Processing, sections 7.5 and 7.6; Ifeachor &
# Jervis, Digital Signal Processing (2002), table 7.3
WINDOWS = {"boxcar": 0.9, "hann": 3.1, "hamming": 3.3, "blackman": 5.5, "kaiser": 5.71}
KAISER_BETA = 0.1102 * (90 - 8.7)


def moving_average(dims: int, *, size: int, ms: float, rate: float | None = None) -> Weights:
    """Return the mean of `size` samples, or where `ms` is not 0, of an odd number in that time."""
    count = size
    if ms:
        count = int(ms * _need(rate) / 1000) // 2 * 2 + 1
    refuse_more(count)
    return np.full(count, 1 / count)


def pre_emphasis(dims: int, *, coefficient: float, rate: float | None = None) -> Weights:
    """Return x[n] - coefficient * x[n-1]."""
    return np.array([-coefficient, 1.0])


def echo(dims: int, *, delay: float, gain: float, rate: float | None = None) -> Weights:
    """Return the input plus itself `delay` seconds later, `gain` times as loud."""
    samples = round(delay * _need(rate))
    refuse_more(samples + 1)
    weights = np.zeros(samples + 1)
    weights[0] = gain
    weights[samples] += 1
    return weights


def lowpass(
    dims: int,
    *,
    cutoff: float,
    taps: int,
    width: float,
    window: str,
    phase: str = "linear",
    rate: float | None = None,
) -> Weights | Causal:
    """Return an FIR filter that keeps frequencies below `cutoff` Hz; there it is 6 dB down."""
    return in_phase(_firwin("lowpass", [cutoff], taps, width, window, rate), phase)


def highpass(
    dims: int,
    *,
    cutoff: float,
    taps: int,
    width: float,
    window: str,
    phase: str = "linear",
    rate: float | None = None,
) -> Weights | Causal:
    """Return an FIR filter that keeps frequencies above `cutoff` Hz; there it is 6 dB down."""
    return in_phase(_firwin("highpass", [cutoff], taps, width, window, rate), phase)


def bandpass(
    dims: int,
    *,
    low: float,
    high: float,
    taps: int,
    width: float,
    window: str,
    phase: str = "linear",
    rate: float | None = None,
) -> Weights | Causal:
    """Return an FIR filter that keeps `low` to `high` Hz; at both it is 6 dB down."""
    return in_phase(_firwin("bandpass", [low, high], taps, width, window, rate), phase)


def bandstop(
    dims: int,
    *,
    low: float,
    high: float,
    taps: int,
    width: float,
    window: str,
    phase: str = "linear",
    rate: float | None = None,
) -> Weights | Causal:
    """Return an FIR filter that removes `low` to `high` Hz; at both it is 6 dB down."""
    return in_phase(_firwin("bandstop", [low, high], taps, width, window, rate), phase)


def _firwin(
    kind: str, edges: list[float], taps: int, width: float, window: str, rate: float | None
) -> Weights:
    """Return a filter by the window method.

    Args:
        kind: scipy's name of it.
        edges: the frequencies where it is 6 dB down, in Hz.
        taps: its length; 0 for the length that `width` needs.
        width: of the transitions, in Hz; 0 for half of the narrowest band beside an edge.
        window: one of `WINDOWS`.
        rate: samples per second.
    """
    rate = _need(rate)
    _check_edges(edges, rate)
    if window not in WINDOWS:
        raise ValueError(f"window takes {', '.join(WINDOWS)}, not '{window}'")
    if taps and width:
        raise ValueError("taps cannot be combined with width")
    if not taps:
        taps = transition_taps(width or transition_width(edges, rate / 2), window, rate)
    refuse_more(taps)
    if taps % 2 == 0 and kind in ("highpass", "bandstop"):
        raise ValueError(f"taps={taps}: a {kind} needs an odd number of taps")
    from scipy.signal import firwin  # noqa: PLC0415  # takes long to import, and only these need it

    shape = (window, KAISER_BETA) if window == "kaiser" else window
    return np.asarray(firwin(taps, edges, window=shape, pass_zero=kind, fs=rate))


def _check_edges(edges: list[float], rate: float) -> None:
    """Check that edges rise, and lie below half of the rate."""
    if len(edges) == 2 and not edges[0] < edges[1]:
        raise ValueError(f"low={edges[0]:g} must be below high={edges[1]:g}")
    if edges[-1] >= rate / 2:
        name = "cutoff" if len(edges) == 1 else "high"
        raise LayerError(
            f"{name}={edges[-1]:g} must be below {rate / 2:g} Hz, half of the sample rate"
        )


def transition_width(edges: list[float], nyquist: float) -> float:
    """Return the default width of transitions in Hz: half of the narrowest band.

    >>> transition_width([300, 3400], 22050)
    150.0
    """
    ends = [0, *edges, nyquist]
    return min(above - below for below, above in pairwise(ends)) / 2


def transition_taps(width: float, window: str, rate: float) -> int:
    """Return the odd number of taps with which a window makes transitions of `width` Hz.

    >>> transition_taps(500, "hamming", 44100)
    293
    """
    return max(3, math.ceil(WINDOWS[window] * rate / width) // 2 * 2 + 1)


def _need(rate: float | None) -> float:
    """Return the sample rate, which a parameter needs."""
    if rate is None:
        raise ValueError("parameters in Hz or seconds need a sample rate, and there is none")
    return rate
