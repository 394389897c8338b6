"""libvips's text matrix, `.mat`: width, height, scale and offset, then the rows.

    3 3 8 128
    -1 0 1
    …

Direction: correlation, as `vips conv` has it. Scaling: results are divided by the scale (1 where it
is not stated), and the offset (0) is added in units of the samples. It is taken as one for 8 bits:
an offset of 255 is a bias of 1. In matrices of even size, the tap behind the middle lies on the
current sample; convtool has the one before it, so zeros are added.
"""

from pathlib import Path

import numpy as np

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_WEIGHT
from convtool.kernels.formats.found import (
    Format,
    Found,
    Wanted,
    Written,
    centred_on,
    checked,
    lost,
    odd,
    plane_of,
)
from convtool.kernels.formats.text import (
    lines_of,
    read_text,
    rows_of,
    written_number,
    written_rows,
)
from convtool.kernels.kernel import Kernel
from convtool.kernels.safe_yaml import read_bytes

WHITE = 255  # the sample of 8 bits that stands for 1
TITLE = "libvips's matrix"


def read(path: Path) -> Found:
    """Return the matrix of a file.

    Raises:
        KernelError: with the file and the line of the first problem.
    """
    if read_bytes(path).startswith(b"MATLAB"):
        raise KernelError(
            f"{path}: is a file of MATLAB, expected {TITLE}",
            hint="scipy.io.loadmat reads it; numpy.save writes an array that -k takes",
        )
    first, *lines = list(lines_of(path, read_text(path), ',;"')) or [(1, [])]
    line, header = first
    place = f"{path}: line {line}"
    whole = all(number == int(number) > 0 for number in header[:2])
    if not 2 <= len(header) <= 4 or not whole:
        raise KernelError(
            f"{place}: expected the width and the height of the matrix, and then its scale and "
            "offset where it has them"
        )
    width, height, *more = header
    scale, offset = (*more, *(1.0, 0.0)[len(more) :])
    if scale == 0:
        raise KernelError(f"{place}: the scale is 0, by which nothing can be divided")
    matrix = rows_of(path, lines)
    if matrix.shape != (height, width):
        found = "×".join(map(str, matrix.shape))
        raise KernelError(
            f"{path}: {found} numbers, expected {height:g}×{width:g} as in line {line}"
        )
    weights = checked(str(path), matrix / scale)
    if not abs(offset) <= MAX_WEIGHT:
        raise KernelError(f"{place}: the offset is at most {MAX_WEIGHT:g} in size")
    notes = [] if offset == 0 else [f"{path}: the offset {offset:g} is taken as {offset:g}/{WHITE}"]
    middle = tuple(taps // 2 for taps in weights.shape)
    return Found(centred_on(weights, middle), offset / WHITE, tuple(notes))


def write(kernel: Kernel, wanted: Wanted) -> Written:
    """Return the text of a kernel.

    Raises:
        KernelError: it has channels, or more than one frame.
    """
    del wanted
    weights, notes = odd(plane_of(kernel, TITLE))
    biases = np.unique(kernel.bias)
    if len(biases) > 1:
        raise KernelError(f"kernel '{kernel.label}' has a bias per channel, {TITLE} one offset")
    offset = float(biases[0]) * WHITE
    height, width = weights.shape
    header = f"{width} {height} 1 {written_number(offset)}"
    if offset:
        notes += (f"the offset {offset:g} is for samples of 8 bits",)
    text = "\n".join([header, *written_rows(weights), ""])
    return Written(text.encode(), (*notes, *lost(kernel)))


FORMAT = Format(
    "vips",
    TITLE,
    (".mat",),
    "correlation",
    (2, 1),
    write,
    read,
)
