"""ImageJ's text kernels, `.txt`: rows of numbers, as Process ▸ Filters ▸ Convolve… opens them.

Direction: correlation. Scaling: ImageJ divides the weights by their sum unless that is 0, by
'Normalize Kernel', which is on by default, and so does reading; a note says it. Sizes are odd in
ImageJ.
"""

from pathlib import Path

import numpy as np

from convtool.kernels.formats import magick
from convtool.kernels.formats.found import (
    Format,
    Found,
    Wanted,
    Written,
    checked,
    lost,
    odd,
    plane_of,
    refuse_bias,
)
from convtool.kernels.formats.text import lines_of, read_text, rows_of, written_rows
from convtool.kernels.kernel import ROUNDING, Kernel

TITLE = "ImageJ's text"


def read(path: Path) -> Found:
    """Return the kernel of a file.

    Raises:
        KernelError: with the file and the line of the first problem.
    """
    text = read_text(path)
    if magick.is_kernel(text):
        return magick.parsed(str(path), text)
    weights = checked(str(path), rows_of(path, list(lines_of(path, text, ",;"))))
    total = _total(weights)
    if total in (0, 1):
        return Found(weights)
    note = f"{path}: weights divided by their sum {total:g}, as ImageJ does"
    return Found(checked(str(path), weights / total), notes=(note,))


def _total(weights: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]") -> float:
    """Return the sum of weights, without what rounding adds to 0 and 1."""
    total, size = float(weights.sum()), float(np.abs(weights).sum())
    near = [whole for whole in (0.0, 1.0) if abs(total - whole) <= ROUNDING * max(size, 1.0)]
    return near[0] if near else total


def write(kernel: Kernel, wanted: Wanted) -> Written:
    """Return the text of a kernel.

    Raises:
        KernelError: it has channels, a bias, or more than one frame.
    """
    del wanted
    refuse_bias(kernel, TITLE)
    weights, notes = odd(plane_of(kernel, TITLE))
    total = _total(weights)
    if total not in (0, 1):
        kept = "switch 'Normalize Kernel' off in ImageJ; -k divides by the sum, as ImageJ does"
        notes += (f"its weights add up to {total:g}: {kept}",)
    return Written("\n".join([*written_rows(weights), ""]).encode(), (*notes, *lost(kernel)))


FORMAT = Format(
    "imagej",
    TITLE,
    (".txt",),
    "correlation",
    (2, 1),
    write,
    read,
)
