"""Read numbers that are typed instead of a file: rows, grids, ranges, several channels.

    1 2 3 4 5 6             one row: a Conv1d
    0 1; 2 3                rows of a grid: a Conv2d
    1 0; 0 1 | 2 0; 0 2     planes: a Conv3d
    1 2 3 || 10 20 30       two channels
    0..24 as 5x5            a range, with a shape

Spaces, `;` and `|` mean what they mean in the grids of `-k`. Lists in brackets, as Python and NumPy
print them, are read as well.
"""

import math
import re
from pathlib import Path, PurePath
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from convtool.errors import KernelError, ReadError, UsageError
from convtool.kernels.grid import is_nested, read_numbers
from convtool.limits import refuse_larger
from convtool.media.csv_file import read_csv
from convtool.media.inputs import opened
from convtool.media.npy_file import NpyFile
from convtool.media.policies import finite, refuse_empty
from convtool.options.reading import Reading
from convtool.places.names import is_remote, shown
from convtool.sizes import are, size_text

MOST = 2**20  # numbers that are typed
AXES = 3  # at most
TABLES = (".csv", ".npy")  # suffixes of files of numbers
CHANNELS = "||"
_WORD = r"[+-]?[\d.][\d./+\-eE]*"
_TYPED = re.compile(rf"\s*{_WORD}(?:[\s;|]|$|\s+as\s).*|.*\.\.\d.*|\s*[|;].*", re.DOTALL)
_RANGE = re.compile(r"([+-]?\d{1,9})\.\.([+-]?\d{1,9})")
_AS = re.compile(r"(.*?)\s+as\s+(\S.*?)\s*", re.DOTALL)
_SIZE = re.compile(r"\d{1,7}(?:[xX×]\d{1,7}){0,2}")
_EXAMPLE = "for example '1 2 3', '0 1; 2 3', '1 2 || 3 4' (two channels) or '0..24 as 5x5'"

Numbers = NDArray[np.float64]


def is_typed(text: str) -> bool:
    """Return whether a text is numbers rather than the name of a file.

    >>> is_typed("0..24 as 5x5"), is_typed("1 2 3"), is_typed("2 cats.png"), is_typed("in.png")
    (True, True, False, False)
    """
    if is_remote(text) or Path(text).exists() or PurePath(text.strip()).suffix[1:2].isalpha():
        return False
    return bool(_TYPED.fullmatch(text)) or is_nested(text)


def read_typed(text: str) -> Numbers:
    """Return the numbers that are typed.

    Shape: (C, *S), with one to three spatial axes

    Raises:
        UsageError: they cannot be read, or channels differ in size.

    >>> read_typed("1 2 3").shape, read_typed("0 1; 2 3 || 4 5; 6 7").shape
    ((1, 3), (2, 2, 2))
    >>> read_typed("0..23 as 2x3x4").shape
    (1, 2, 3, 4)
    """
    channels = [_channel(part, text) for part in text.split(CHANNELS)]
    sizes = list(dict.fromkeys(channel.shape for channel in channels))
    if len(sizes) > 1:
        first, second = map(size_text, sizes[:2])
        raise UsageError(f"channels of one size are expected, not of {first} and {second}")
    return np.stack(channels)


def _channel(part: str, whole: str) -> Numbers:
    """Return the numbers of one channel, with as many axes as they are written with."""
    shaped = _AS.fullmatch(part)
    body = shaped[1] if shaped else part
    try:
        numbers = read_numbers(_RANGE.sub(_spelled, body))
    except KernelError as exc:
        raise UsageError(f"'{whole}': {exc.message}", hint=_EXAMPLE) from exc
    if shaped:
        return _reshaped(numbers, shaped[2])
    if is_nested(body):
        if numbers.ndim > AXES:
            raise UsageError(f"'{whole}': {numbers.ndim} axes, and there are {AXES} at most")
        return numbers
    dims = 3 if "|" in body else 2 if ";" in body or "\n" in body.strip() else 1
    return numbers.reshape(numbers.shape[AXES - dims :])


def _spelled(match: re.Match[str]) -> str:
    """Return the numbers of a range, both ends among them."""
    first, last = int(match[1]), int(match[2])
    if abs(last - first) >= MOST:
        raise UsageError(f"'{match[0]}': more than {MOST} numbers")
    step = 1 if last >= first else -1
    return " ".join(map(str, range(first, last + step, step)))


def _reshaped(numbers: Numbers, text: str) -> Numbers:
    if not _SIZE.fullmatch(text):
        raise UsageError(f"'as {text}': a size is expected, such as 5x5 or 2x3x4")
    size = tuple(int(number) for number in re.split("[xX×]", text))
    if math.prod(size) != numbers.size:
        raise UsageError(
            f"{size_text(size)} has {math.prod(size)}, and {are(numbers.size, 'number')} given"
        )
    return numbers.reshape(size)


def read_table(name: str, reading: Reading) -> Numbers:
    """Return the numbers of a .csv or .npy file: a row, a column, a grid or planes.

    Args:
        name: of the file.
        reading: its limits.

    Shape: (1, *S), with one to three spatial axes

    Raises:
        ReadError: they cannot be read.
    """
    with opened(name, limit=reading.max_memory) as file:
        name = shown(name)
        refuse_empty(file, name)
        try:
            if PurePath(name).suffix.lower() == ".npy":
                numbers = _array(file, name, reading)
            else:
                table = read_csv(file, name, reading.max_memory)
                numbers = table.ravel() if 1 in table.shape else table
        except ValueError as exc:
            raise ReadError(f"{name}: {exc}") from exc
    if numbers.size > MOST:
        raise ReadError(
            f"{name}: {numbers.size} numbers, more than {MOST}",
            hint="--medium image, audio or video reads it as a file of that medium",
        )
    return finite(numbers.astype(np.float64), reading, name)[None]


def _array(file: BinaryIO, name: str, reading: Reading) -> NDArray[Any]:
    """Return the array of a .npy file.

    Raises:
        ValueError: it holds no numbers, or has too many axes.
    """
    found = NpyFile(file)
    if found.dtype.kind not in "uifb":
        raise ValueError(f"numbers are expected, not {found.dtype}")
    if not 1 <= len(found.shape) <= AXES or not math.prod(found.shape):
        raise ValueError(f"an array of shape {found.shape}, and one to {AXES} axes are expected")
    refuse_larger(f"{name}: the array", found.bytes, reading.max_memory)

    def truncated() -> None:
        raise ValueError("truncated: the array ends early")

    return found.read(0, found.shape, truncated)
