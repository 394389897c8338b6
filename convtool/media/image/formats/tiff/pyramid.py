"""The reduced images of a pyramid: their sizes, and how one is made of the one before.

Nothing here writes a file.
"""

from collections.abc import Iterator

import numpy as np

from convtool.media.image.samples import Samples

TILE = (256, 256)  # rows and columns, where neither the input nor the user says otherwise
WIDE = {"uint8": np.uint16, "uint16": np.uint32, "float32": np.float64}  # hold sums of four


def sizes(height: int, width: int, tile: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """Yield the height and width of each reduced image, down to one that fits a tile.

    >>> list(sizes(1000, 301, (256, 256)))
    [(500, 151), (250, 76)]
    """
    while height > tile[0] or width > tile[1]:
        height, width = -(-height // 2), -(-width // 2)
        yield height, width


def halved(image: Samples, *, transparent: bool) -> Samples:
    """Return the means of 2×2 pixels, at an odd edge of those that there are.

    Whole numbers are rounded, ties to even ones, so that many levels do not drift. Colours count
    by their alpha, as what is invisible must not show; where all of them are invisible, alike.

    Args:
        image: the samples.
        transparent: the last channel is alpha.

    Shape: (h, W, C) → (⌈h/2⌉, ⌈W/2⌉, C)
    """
    height, width, _ = image.shape
    even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), "edge")
    with np.errstate(invalid="ignore"):  # infinite results may have no mean
        if not transparent:
            return _means(even)
        alpha = even[..., -1:].astype(np.float64)
        weights, plain = _sums(alpha), _means(even)
        colours = _sums(even[..., :-1] * alpha) / np.where(weights, weights, 1)
    if image.dtype.kind == "u":
        colours = np.rint(colours)
    shown = np.where(weights, colours.astype(image.dtype), plain[..., :-1])
    return np.concatenate([shown, plain[..., -1:]], 2)


def _means(even: Samples) -> Samples:
    """Return the means of 2×2 pixels. Shape: (2h, 2W, C) → (h, W, C)"""
    sums = _sums(even)
    means = sums / 4 if even.dtype.kind == "f" else (sums + 1 + ((sums >> 2) & 1)) >> 2
    return means.astype(even.dtype, copy=False)


def _sums(even: Samples) -> Samples:
    """Return the sums of 2×2 pixels. Shape: (2h, 2W, C) → (h, W, C)"""
    wide = WIDE.get(even.dtype.name, even.dtype)
    rows = np.add(even[0::2], even[1::2], dtype=wide)
    sums: Samples = rows[:, 0::2] + rows[:, 1::2]
    return sums
