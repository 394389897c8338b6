"""Arrays of NumPy, `.npy`: the weights, or those of a layer with its channel axes.

Direction: correlation. Scaling: none. One axis is audio, two are images, three video; two more come
first where they name output and input channels. Pickled objects are refused.
"""

import io
from pathlib import Path

import numpy as np

from convtool.errors import KernelError
from convtool.kernels.bounds import MAX_WEIGHTS
from convtool.kernels.formats.found import (
    MAX_AXES,
    Format,
    Found,
    Wanted,
    Written,
    checked,
    lost,
    refuse_bias,
)
from convtool.kernels.kernel import Kernel
from convtool.media.inputs import opened
from convtool.media.npy_file import NpyFile


def read(path: Path) -> Found:
    """Return the array of a file.

    Raises:
        KernelError: it is damaged, or holds anything but real numbers, or too many.
        ReadError: it cannot be read.
    """

    def truncated() -> None:
        raise KernelError(f"{path}: ends before its last number")

    with opened(str(path)) as stream:
        try:
            file = NpyFile(stream)
        except ValueError as exc:
            raise KernelError(f"{path}: {exc}") from exc
        shape = "×".join(map(str, file.shape))
        if file.dtype.kind not in "fiub" or not 0 < len(file.shape) <= MAX_AXES:
            raise KernelError(
                f"{path}: {file.dtype} of shape ({shape}), expected real numbers on 1 to "
                f"{MAX_AXES} axes"
            )
        if not 0 < file.bytes // file.dtype.itemsize <= MAX_WEIGHTS:
            raise KernelError(f"{path}: {shape} weights, expected 1 to {MAX_WEIGHTS}")
        array = file.read(0, file.shape, truncated)
    return Found(checked(str(path), np.ascontiguousarray(array, dtype=np.float64)))


def write(kernel: Kernel, wanted: Wanted) -> Written:
    """Return the file of a kernel's weights.

    Raises:
        KernelError: it has a bias.
    """
    del wanted
    refuse_bias(kernel, "an array of NumPy")
    file = io.BytesIO()
    np.save(file, kernel.weights)
    return Written(file.getvalue(), lost(kernel))


FORMAT = Format("npy", "an array of NumPy", (".npy",), "correlation", (2, 1, 3), write, read)
