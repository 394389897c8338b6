"""Files of NumPy: the header, and arrays read piece by piece. Pickled objects are refused.

Which axis is which is decided by the media.
"""

import io
import math
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

SIGNATURE = b"\x93NUMPY"
LONGEST_HEADER = 10_000  # bytes
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
SAMPLES = "uint8, uint16, bool, float16, float32, float64"


def is_npy(stream: BinaryIO) -> bool:
    """Return whether a file begins as those of NumPy do, and go back to its beginning."""
    start = stream.read(len(SIGNATURE))
    stream.seek(0)
    return start == SIGNATURE


class NpyFile:
    """A file with one array.

    Args:
        stream: its bytes, seekable.

    Attributes:
        shape: of the array.
        dtype: of its numbers.
        is_fortran: its first axis is the innermost.

    Raises:
        ValueError: the header is damaged, or the array holds no numbers, or too many to count.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        stream.seek(0)
        try:
            read = HEADERS[npy.read_magic(stream)]
            header = read(stream, max_header_size=LONGEST_HEADER)
        except Exception as exc:
            raise ValueError("the NPY header is damaged") from exc
        self.shape, self.is_fortran, self.dtype = header
        self._place = stream.tell()

    @property
    def bytes(self) -> int:
        """The size of the whole array."""
        return math.prod(self.shape) * self.dtype.itemsize

    def read(
        self, first: int, shape: tuple[int, ...], truncated: Callable[[], None]
    ) -> NDArray[Any]:
        """Return numbers that follow each other in the file, as an array.

        Args:
            first: how many numbers lie before them.
            shape: of the array.
            truncated: called where the file ends early; if it returns, zeros follow.
        """
        size = math.prod(shape) * self.dtype.itemsize
        place = self._place + first * self.dtype.itemsize
        there = max(0, self._stream.seek(0, io.SEEK_END) - place)
        self._stream.seek(place)
        data = self._stream.read(min(size, there))
        if len(data) < size:
            truncated()
            data = data.ljust(size, b"\0")
        flat = np.frombuffer(data, self.dtype)
        return flat.reshape(shape[::-1]).T if self.is_fortran else flat.reshape(shape)
