"""ImageMagick's kernel strings, in a file or as the text of `-k`: `3x3: 0,-1,0 -1,5,-1 0,-1,0`.

Direction: convolution, as `-morphology Convolve` has it: weights are flipped when they are read and
written. (`-morphology Correlate` would take them as they are.) Scaling: none; `-convolve` and
`-define convolve:scale` are options of ImageMagick's, not of the string. `nan` and `-` stand for
places outside of the kernel, whose weight is 0. `3x3+0+0:` names the origin; zeros are added where
it is not the middle.
"""

import re
from pathlib import Path

import numpy as np

from convtool.errors import KernelError
from convtool.kernels.formats.found import (
    Format,
    Found,
    Wanted,
    Written,
    centred_on,
    checked,
    lost,
    plane_of,
    refuse_bias,
)
from convtool.kernels.formats.text import read_text, written_rows
from convtool.kernels.grammar import parse_row
from convtool.kernels.kernel import Kernel, mirrored

TITLE = "ImageMagick's kernel string"
EXAMPLE = "for example 3x3: 0,-1,0 -1,5,-1 0,-1,0"

_GEOMETRY = re.compile(
    r"\s*(?P<width>\d{1,7})x(?P<height>\d{1,7})"
    r"(?:(?P<x>[+-]\d{1,7})(?P<y>[+-]\d{1,7}))?(?P<flags>[@<>^%!]*)\s*:"
)
_OUTSIDE = re.compile(r"(?<![\w.])(?:nan|-)(?![\w.])", re.IGNORECASE)


def is_kernel(text: str) -> bool:
    """Return whether a text begins as a kernel string does: with its size and a colon."""
    return bool(_GEOMETRY.match(text))


def read(path: Path) -> Found:
    """Return the kernel of a file.

    Raises:
        KernelError: with the file and the first problem.
    """
    return parsed(str(path), read_text(path))


def parsed(place: str, text: str) -> Found:
    """Return the kernel of a string.

    Args:
        place: the file, or what the string is called in messages.
        text: the string.

    Raises:
        KernelError: it is none, or one of a kind that is not read.
    """
    match = _GEOMETRY.match(text)
    if match is None:
        raise KernelError(f"{place}: is no kernel string of ImageMagick", hint=EXAMPLE)
    if match["flags"]:
        raise KernelError(
            f"{place}: '{match['flags']}' stands for rotated copies of the kernel, which are not "
            "read",
            hint="write each as a kernel of its own",
        )
    body = text[match.end() :].strip().removesuffix(";")
    if ";" in body:
        raise KernelError(f"{place}: holds several kernels, expected one", hint=EXAMPLE)
    width, height = int(match["width"]), int(match["height"])
    try:
        values = parse_row(_OUTSIDE.sub("0", body.replace(",", " ")))
    except KernelError as exc:
        raise KernelError(f"{place}: {exc.message}", hint=EXAMPLE) from exc
    if len(values) != width * height:
        raise KernelError(
            f"{place}: {len(values)} numbers, expected {width * height} for {width}x{height}"
        )
    weights = checked(place, np.array(values)).reshape(height, width)
    middle = (height - 1) // 2, (width - 1) // 2
    origin = middle if match["x"] is None else (int(match["y"]), int(match["x"]))
    if not all(0 <= at < taps for at, taps in zip(origin, weights.shape, strict=True)):
        raise KernelError(f"{place}: the origin lies outside of {width}x{height}")
    flipped = [taps - 1 - at for at, taps in zip(origin, weights.shape, strict=True)]
    return Found(centred_on(mirrored(weights, 2), flipped))


def write(kernel: Kernel, wanted: Wanted) -> Written:
    """Return the string of a kernel, in one line per row.

    Raises:
        KernelError: it has channels, a bias, or more than one frame.
    """
    del wanted
    refuse_bias(kernel, TITLE)
    weights = plane_of(kernel, TITLE)
    return Written((string(weights) + "\n").encode(), lost(kernel))


def string(weights: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> str:
    """Return the string of weights for `-morphology Convolve`. Shape: (H, W)

    >>> string(np.array([[1.0, 0.0]]))
    '2x1+1+0: 0,1'
    """
    height, width = weights.shape
    origin = ""
    if not (height % 2 and width % 2):
        origin = f"+{width // 2}+{height // 2}"
    rows = written_rows(mirrored(weights, 2), ",")
    return f"{width}x{height}{origin}: {' '.join(rows)}"


FORMAT = Format(
    "imagemagick",
    TITLE,
    (".magick",),
    "convolution",
    (2, 1),
    write,
    read,
)
