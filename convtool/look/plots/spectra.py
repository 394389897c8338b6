"""Spectrograms of the windows that were kept, in dB, over octaves. It draws nothing."""

import math
from itertools import pairwise

import librosa
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from convtool.look.plots.taps import LOWEST, named

RANGE = 80  # dB that are told apart, below the loudest
SHORT = 64  # samples; shorter windows have no fading ends, which would hide their first sample
FLOOR = 1e-10  # the amplitude that silence has, for logarithms


def amplitudes(windows: Tensor) -> Tensor:
    """Return the amplitude at each frequency of each window; a sine at full scale has 1.

    Shape: (W, N) → (1 + N / 2, W)
    """
    count = windows.shape[1]
    shape, share = ("hann", 0.5) if count >= SHORT else ("boxcar", 1.0)
    flat = windows.float().flatten().numpy()
    spectra = librosa.stft(flat, n_fft=count, hop_length=count, window=shape, center=False)
    return torch.from_numpy(np.abs(spectra)) * (2 / share / count)


def by_octaves(spectra: Tensor, rate: float, highest: float, pixels: tuple[int, int]) -> Tensor:
    """Return a spectrogram of rows per equal part of an octave, the highest first, in dB.

    Each is the loudest of what it covers, so that lines and clicks stay; NaN above half the rate.

    Args:
        spectra: amplitudes, at frequencies evenly spread from zero to half the rate.
        rate: samples per second.
        highest: hertz at the top; the bottom is `lowest(highest)`.
        pixels: rows, and the most columns.

    Shape: (F, W) → (R, W')
    """
    rows, most = pixels
    if spectra.shape[1] > most:
        spectra = functional.adaptive_max_pool1d(spectra, most)
    step = rate / 2 / (len(spectra) - 1)
    ends = np.geomspace(lowest(highest), highest, rows + 1)
    places = (ends / step + 0.5).astype(int).clip(max=len(spectra) - 1)
    loudest = torch.stack(
        [spectra[first : max(first + 1, end)].amax(0) for first, end in pairwise(places)]
    )
    decibels = librosa.amplitude_to_db(loudest.numpy(), ref=1.0, amin=FLOOR, top_db=None)
    decibels[ends[1:] > rate / 2 * (1 + 1e-9)] = np.nan
    return torch.from_numpy(decibels).flip(0)


def lowest(highest: float) -> float:
    """Return the frequency at the bottom of a spectrogram, in hertz."""
    return min(LOWEST, highest / 10)


def octave_ticks(highest: float) -> list[tuple[float, str]]:
    """Return the frequencies that are named beside a spectrogram, in hertz, and their names.

    >>> octave_ticks(22050)
    [(100.0, '100 Hz'), (1000.0, '1 kHz'), (10000.0, '10 kHz')]
    """
    first = math.ceil(math.log10(lowest(highest)) - 1e-9)
    tens = [10.0**each for each in range(first, math.floor(math.log10(highest) + 1e-9) + 1)]
    return [(each, named(each)) for each in tens]
