"""Images as arrays: headers, decoded pixels, finished frames.

Nothing here reads or writes a file.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Samples = NDArray[Any]

MAX_UINT8 = 2**8 - 1
MAX_UINT16 = 2**16 - 1

GREY = ("l",)
RGB = ("r", "g", "b")


@dataclass(frozen=True)
class Header:
    """What is known of an image before it is decoded.

    Attributes:
        size: height and width, upright.
        channels: names of its channels without alpha: `GREY`, `RGB`, or numbers from 1.
        dtype: of its samples.
        transparent: it has alpha.
        by_rows: an estimate of the bytes held while it is read row by row; None where it cannot be.
    """

    size: tuple[int, int]
    channels: tuple[str, ...]
    dtype: torch.dtype
    transparent: bool = False
    by_rows: int | None = None

    @property
    def bytes(self) -> int:
        """The bytes of all samples, alpha included."""
        samples = math.prod(self.size) * (len(self.channels) + self.transparent)
        return samples * self.dtype.itemsize


@dataclass
class Pixels:
    """A decoded image.

    Attributes:
        samples: (H, W, C) grey, RGB or bands; uint8, uint16 or float32.
        alpha: (H, W) of the same type; None where the format states that all is opaque.
        duration: how long it is shown, in milliseconds; None where the file does not say.
        hidden: it is shown instead of an animation, not as one of its frames.
    """

    samples: Samples
    alpha: Samples | None = None
    duration: float | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Frame:
    """A finished image of an output.

    Attributes:
        samples: (H, W, C), alpha last.
        transparent: the last channel is alpha.
        duration: how long it is shown, in milliseconds; None where nothing says.
        hidden: it is shown instead of an animation, not as one of its frames.
    """

    samples: Samples
    transparent: bool = False
    duration: float | None = None
    hidden: bool = False

    @property
    def channels(self) -> int:
        """The number of channels, alpha included."""
        return int(self.samples.shape[2])

    @property
    def colours(self) -> int:
        """The number of channels without alpha."""
        return self.channels - self.transparent


def regrouped(bands: Iterable[Pixels], length: int) -> Iterator[Pixels]:
    """Yield the rows of an image in bands of `length` rows, the last of what is left.

    Args:
        bands: the image, in bands of any number of rows.
        length: rows.
    """
    held: list[Pixels] = []
    count = 0
    for band in bands:
        start, rows = 0, len(band.samples)
        while count + rows - start >= length:
            end = start + length - count
            yield _stacked([*held, _cut(band, start, end)])
            held, count, start = [], 0, end
        if start < rows:
            held.append(_cut(band, start, rows))
            count += rows - start
    if held:
        yield _stacked(held)


def _cut(pixels: Pixels, start: int, end: int) -> Pixels:
    alpha = None if pixels.alpha is None else pixels.alpha[start:end]
    return replace(pixels, samples=pixels.samples[start:end], alpha=alpha)


def _stacked(bands: Sequence[Pixels]) -> Pixels:
    if len(bands) == 1:
        return bands[0]
    alphas = [band.alpha for band in bands if band.alpha is not None]
    alpha = np.concatenate(alphas) if alphas else None
    return replace(bands[0], samples=np.concatenate([band.samples for band in bands]), alpha=alpha)


def alike(frames: Sequence[Frame]) -> list[Frame]:
    """Return frames of the same channels and depth, those of the richest, without a loss."""
    colours = max(frame.colours for frame in frames)
    transparent = any(frame.transparent for frame in frames)
    deep = any(frame.samples.dtype == np.uint16 for frame in frames)
    return [_enriched(frame, colours, transparent=transparent, deep=deep) for frame in frames]


def _enriched(frame: Frame, colours: int, *, transparent: bool, deep: bool) -> Frame:
    samples = frame.samples
    if deep and samples.dtype == np.uint8:
        samples = samples.astype(np.uint16) * (MAX_UINT16 // MAX_UINT8)
    picture, alpha = samples[..., : frame.colours], samples[..., frame.colours :]
    if frame.colours == 1 < colours:
        picture = np.repeat(picture, colours, 2)
    if transparent and not frame.transparent:
        alpha = np.full((*samples.shape[:2], 1), np.iinfo(samples.dtype).max, samples.dtype)
    unchanged = colours == frame.colours and transparent == frame.transparent
    joined = samples if unchanged else np.concatenate([picture, alpha], 2)
    return replace(frame, samples=joined, transparent=transparent)


def full_range(samples: Samples, highest: int) -> Samples:
    """Return samples of 0 to `highest` in the full range of 16 bits, rounded.

    >>> full_range(np.array([0, 512, 1023]), 1023)
    array([    0, 32800, 65535], dtype=uint16)
    """
    return _scaled(samples, MAX_UINT16, highest).clip(max=MAX_UINT16).astype(np.uint16)


def narrowed(samples: Samples, bits: int) -> Samples:
    """Return samples of the full range of 16 bits in fewer bits, rounded.

    >>> narrowed(np.array([0, 32800, 65535]), 10)
    array([   0,  512, 1023], dtype=uint16)
    """
    return _scaled(samples, 2**bits - 1, MAX_UINT16).astype(np.uint16)


def _scaled(samples: Samples, numerator: int, denominator: int) -> Samples:
    """Return samples times a fraction, rounded; all in 32 bits, where no product overflows."""
    scaled: Samples = samples.astype(np.uint32)
    scaled *= np.uint32(numerator)
    scaled += np.uint32(denominator // 2)
    scaled //= np.uint32(denominator)
    return scaled


def straight(samples: Samples, alpha: Samples, white: int) -> Samples:
    """Return colours that were multiplied by alpha as they were before.

    Args:
        samples: (H, W, C).
        alpha: (H, W).
        white: the number that stands for 1.
    """
    least = 1 if samples.dtype.kind == "u" else 1e-6
    divided: Samples = samples * (white / np.maximum(alpha, least))[..., None]
    if samples.dtype.kind == "f":
        return divided.astype(np.float32)
    whole: Samples = np.rint(divided.clip(0, white)).astype(samples.dtype)
    return whole
