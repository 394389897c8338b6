"""Compute parametric kernels: plain functions that return float64 weights.

Each takes the number of dimensions and its parameters, as the kernel files name them, and raises
ValueError for a combination that cannot be, LayerError for one that cannot be at this rate. Nothing here reads
files or knows presets. Weights are for cross-correlation, as `nn.Conv` computes it. `rate` is in samples a
second, angles are in degrees, counter-clockwise from the picture's x axis.
"""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from convtool.errors import LayerError

Weights = NDArray[np.float64]

MAX_WEIGHTS = 2**20
# Windows of FIR filters: the width of a transition times taps over the rate. Kaiser's is shaped for 90 dB.
# Source: Oppenheim & Schafer, Discrete-Time Signal Processing, sections 7.5 and 7.6; Ifeachor & Jervis, Digital
# Signal Processing (2002), table 7.3
WINDOWS = {"boxcar": 0.9, "hann": 3.1, "hamming": 3.3, "blackman": 5.5, "kaiser": 5.71}
KAISER_BETA = 0.1102 * (90 - 8.7)


def _refuse_more(count: int) -> None:
    if count > MAX_WEIGHTS:
        raise ValueError(f"{count} weights, more than the {MAX_WEIGHTS} that are allowed")


def _offsets(dims: int, radius: int) -> list[Weights]:
    """Return one array an axis with the distance from the kernel's centre, in samples."""
    _refuse_more((2 * radius + 1) ** dims)
    axis = np.arange(-radius, radius + 1, dtype=np.float64)
    return list(np.meshgrid(*[axis] * dims, indexing="ij"))


def _normalized_gaussian(dims: int, sigma: float, radius: int) -> Weights:
    squared = sum(offset**2 for offset in _offsets(dims, radius))
    weights = np.exp(-squared / (2 * sigma**2))
    return np.asarray(weights / weights.sum())


def _radius(sigma: float, truncate: float = 4.0) -> int:
    """Return where to cut a Gaussian: 4 sigma, as scipy.ndimage does."""
    return max(1, int(truncate * sigma + 0.5))


def box(dims: int, *, size: int, rate: float | None = None) -> Weights:
    """Return the mean of `size` samples an axis."""
    _refuse_more(size**dims)
    return np.full((size,) * dims, 1 / size**dims)


def gaussian(
    dims: int, *, sigma: float, truncate: float = 4.0, rate: float | None = None
) -> Weights:
    """Return a Gaussian with standard deviation `sigma`, cut at `truncate` sigma, summing to 1."""
    return _normalized_gaussian(dims, sigma, _radius(sigma, truncate))


def disk(dims: int, *, radius: float, rate: float | None = None) -> Weights:
    """Return the mean over a disk (a ball in 3-D): what a lens out of focus does to a point."""
    squared = sum(offset**2 for offset in _offsets(dims, int(radius)))
    weights = np.asarray(squared <= radius**2, dtype=np.float64)
    return np.asarray(weights / weights.sum())


def motion(dims: int, *, length: float, angle: float, rate: float | None = None) -> Weights:
    """Return the mean along a line through the centre, each point shared by its four neighbours."""
    radius = int(np.ceil((length - 1) / 2))
    _refuse_more((2 * radius + 2) ** 2)
    along = np.linspace(-(length - 1) / 2, (length - 1) / 2, max(1, int(np.ceil(length))))
    column = along * np.cos(np.radians(angle)) + radius
    row = -along * np.sin(np.radians(angle)) + radius
    weights = np.zeros((2 * radius + 2,) * 2)
    for row_step in (0, 1):
        for column_step in (0, 1):
            y, x = np.floor(row) + row_step, np.floor(column) + column_step
            share = (1 - np.abs(row - y)) * (1 - np.abs(column - x))
            np.add.at(weights, (y.astype(int), x.astype(int)), share)
    return np.asarray(weights[:-1, :-1] / weights[:-1, :-1].sum())


def unsharp(dims: int, *, sigma: float, amount: float, rate: float | None = None) -> Weights:
    """Return the input plus `amount` times what a Gaussian blur takes away."""
    weights = -amount * gaussian(dims, sigma=sigma)
    weights[tuple(n // 2 for n in weights.shape)] += 1 + amount
    return weights


def log(dims: int, *, sigma: float, rate: float | None = None) -> Weights:
    """Return the Laplacian of a Gaussian, shifted so that it sums to 0: flat areas give 0."""
    radius = _radius(sigma)
    squared = np.asarray(sum(offset**2 for offset in _offsets(dims, radius)))
    weights = _normalized_gaussian(dims, sigma, radius) * (squared - dims * sigma**2) / sigma**4
    return np.asarray(weights - weights.mean())


def dog(dims: int, *, sigma: float, ratio: float, rate: float | None = None) -> Weights:
    """Return a Gaussian minus one `ratio` times as wide."""
    radius = _radius(sigma * ratio)
    return _normalized_gaussian(dims, sigma, radius) - _normalized_gaussian(
        dims, sigma * ratio, radius
    )


def gabor(
    dims: int,
    *,
    wavelength: float,
    angle: float,
    sigma: float,
    phase: float,
    aspect: float,
    rate: float | None = None,
) -> Weights:
    """Return a cosine of `wavelength` samples under a Gaussian, without its mean."""
    if dims == 1 and angle:
        raise ValueError("angle means nothing on one axis")
    radius = _radius(sigma / min(aspect, 1.0), 3.0)
    *rows, x = _offsets(dims, radius)
    y = rows[-1] if rows else np.zeros_like(x)
    along = x * np.cos(np.radians(angle)) - y * np.sin(np.radians(angle))
    across = x * np.sin(np.radians(angle)) + y * np.cos(np.radians(angle))
    envelope = np.exp(-(along**2 + (aspect * across) ** 2) / (2 * sigma**2))
    weights = envelope * np.cos(2 * np.pi * along / wavelength + np.radians(phase))
    return np.asarray(weights - envelope * (weights.sum() / envelope.sum()))


def moving_average(dims: int, *, size: int, ms: float, rate: float | None = None) -> Weights:
    """Return the mean of `size` samples, or of `ms` milliseconds where that is not 0, an odd number of them."""
    count = int(ms * _need(rate) / 1000) // 2 * 2 + 1 if ms else size
    _refuse_more(count)
    return np.full(count, 1 / count)


def pre_emphasis(dims: int, *, coefficient: float, rate: float | None = None) -> Weights:
    """Return x[n] - coefficient * x[n-1]."""
    return np.array([-coefficient, 1.0])


def echo(dims: int, *, delay: float, gain: float, rate: float | None = None) -> Weights:
    """Return the sound plus itself `delay` seconds later, `gain` times as loud."""
    samples = round(delay * _need(rate))
    _refuse_more(samples + 1)
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
    _refuse_more(taps)
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


GENERATORS: dict[str, Callable[..., Weights]] = {
    function.__name__: function
    for function in (
        bandpass, bandstop, box, disk, dog, echo, gabor, gaussian, highpass, log, lowpass, motion, moving_average,
        pre_emphasis, unsharp,
    )
}  # fmt: skip
