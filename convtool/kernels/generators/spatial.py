"""Generators for any number of axes: blurs, sharpening, ridges and ripples.

It must not know files or presets.
"""

import numpy as np

from convtool.kernels.generators.common import Weights, refuse_more


def _offsets(dims: int, radius: int) -> list[Weights]:
    """Return one array per axis with the distance from the kernel's centre, in samples."""
    refuse_more((2 * radius + 1) ** dims)
    axis = np.arange(-radius, radius + 1, dtype=np.float64)
    return list(np.meshgrid(*[axis] * dims, indexing="ij"))


def _normalized_gaussian(dims: int, sigma: float, radius: int) -> Weights:
    squared = sum(offset**2 for offset in _offsets(dims, radius))
    weights = np.exp(-squared / (2 * sigma**2))
    return np.asarray(weights / weights.sum())


def _radius(sigma: float, truncate: float = 4.0) -> int:
    """Return the radius at which a Gaussian is cut, in samples: 4 sigma, as in scipy.ndimage."""
    return max(1, int(truncate * sigma + 0.5))


def box(dims: int, *, size: int, rate: float | None = None) -> Weights:
    """Return the mean of `size` samples per axis."""
    refuse_more(size**dims)
    return np.full((size,) * dims, 1 / size**dims)


def gaussian(
    dims: int, *, sigma: float, truncate: float = 4.0, rate: float | None = None
) -> Weights:
    """Return a Gaussian with standard deviation `sigma`, cut at `truncate` sigma, summing to 1."""
    return _normalized_gaussian(dims, sigma, _radius(sigma, truncate))


def disk(dims: int, *, radius: float, rate: float | None = None) -> Weights:
    """Return the mean over a disk (a ball in 3-D): a point as a lens out of focus shows it."""
    squared = sum(offset**2 for offset in _offsets(dims, int(radius)))
    weights = np.asarray(squared <= radius**2, dtype=np.float64)
    return np.asarray(weights / weights.sum())


def motion(dims: int, *, length: float, angle: float, rate: float | None = None) -> Weights:
    """Return the mean along a line through the centre, each point shared by its four neighbours."""
    radius = int(np.ceil((length - 1) / 2))
    refuse_more((2 * radius + 2) ** 2)
    along = np.linspace(-(length - 1) / 2, (length - 1) / 2, max(1, int(np.ceil(length))))
    column = along * np.cos(np.radians(angle)) + radius
    row = -along * np.sin(np.radians(angle)) + radius
    weights = np.zeros((2 * radius + 2,) * 2)
    for row_step in (0, 1):
        for column_step in (0, 1):
            y, x = np.floor(row) + row_step, np.floor(column) + column_step
            share = (1 - np.abs(row - y)) * (1 - np.abs(column - x))
            np.add.at(weights, (y.astype(int), x.astype(int)), share)
    inside = weights[:-1, :-1]
    return np.asarray(inside / inside.sum())


def unsharp(dims: int, *, sigma: float, amount: float, rate: float | None = None) -> Weights:
    """Return the input plus `amount` times its difference from a Gaussian blur."""
    weights = -amount * gaussian(dims, sigma=sigma)
    weights[tuple(n // 2 for n in weights.shape)] += 1 + amount
    return weights


def log(dims: int, *, sigma: float, rate: float | None = None) -> Weights:
    """Return the Laplacian of a Gaussian, shifted to sum to 0, so that flat areas give 0."""
    radius = _radius(sigma)
    squared = np.asarray(sum(offset**2 for offset in _offsets(dims, radius)))
    weights = _normalized_gaussian(dims, sigma, radius) * (squared - dims * sigma**2) / sigma**4
    return np.asarray(weights - weights.mean())


def dog(dims: int, *, sigma: float, ratio: float, rate: float | None = None) -> Weights:
    """Return a Gaussian minus one `ratio` times as wide."""
    radius = _radius(sigma * ratio)
    narrow = _normalized_gaussian(dims, sigma, radius)
    wide = _normalized_gaussian(dims, sigma * ratio, radius)
    return narrow - wide


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
    """Return a cosine of `wavelength` samples under a Gaussian, its mean removed."""
    if dims == 1 and angle:
        raise ValueError("angle must be 0 for 1-D kernels")
    radius = _radius(sigma / min(aspect, 1.0), 3.0)
    *rows, x = _offsets(dims, radius)
    y = rows[-1] if rows else np.zeros_like(x)
    cosine, sine = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    along = x * cosine - y * sine
    across = x * sine + y * cosine
    envelope = np.exp(-(along**2 + (aspect * across) ** 2) / (2 * sigma**2))
    weights = envelope * np.cos(2 * np.pi * along / wavelength + np.radians(phase))
    return np.asarray(weights - envelope * (weights.sum() / envelope.sum()))
