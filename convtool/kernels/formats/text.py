"""Read and write numbers in text files: rows with separators, errors with file and line."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from convtool.errors import KernelError
from convtool.kernels.formats.found import Weights
from convtool.kernels.grammar import parse_row
from convtool.kernels.safe_yaml import read_bytes

SHOWN = 40  # characters of a line

Line = tuple[int, list[float]]


def read_text(path: Path) -> str:
    """Return the content of a small text file.

    Raises:
        KernelError: it cannot be read, is too large, or is no text in UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise KernelError(f"{path}: is not a text in UTF-8") from exc


def lines_of(path: Path, text: str, separators: str) -> Iterator[Line]:
    """Yield the numbers of each line that is not empty, with the number of the line.

    Args:
        path: of the file, for messages.
        text: its content.
        separators: characters that separate numbers, beside spaces.

    Raises:
        KernelError: one is not a number.
    """
    between = str.maketrans(dict.fromkeys(separators, " "))
    for number, line in enumerate(text.splitlines(), 1):
        if not (words := line.translate(between)).strip():
            continue
        try:
            yield number, parse_row(words)
        except KernelError as exc:
            raise KernelError(f"{path}: line {number}: {exc.message:.{SHOWN}}") from exc


def rows_of(path: Path, lines: Sequence[Line]) -> Weights:
    """Return lines of equal length as rows. Shape: (H, W)

    Raises:
        KernelError: there is none, or one differs from the first in length.
    """
    if not lines:
        raise KernelError(f"{path}: is empty, expected rows of numbers")
    width = len(lines[0][1])
    for number, row in lines:
        if len(row) != width:
            raise KernelError(
                f"{path}: line {number}: {len(row)} numbers, expected {width} as in line "
                f"{lines[0][0]}"
            )
    return np.array([row for _, row in lines])


def written_number(value: float) -> str:
    """Return a number in as few digits as tell it from others.

    >>> written_number(-1.0), written_number(0.1), written_number(1e-20)
    ('-1', '0.1', '1e-20')
    """
    return re.sub(r"\.0$", "", repr(float(value) + 0.0))


def written_rows(weights: Weights, between: str = " ") -> list[str]:
    """Return the lines of rows. Shape: weights (H, W)"""
    return [between.join(map(written_number, row)) for row in weights.tolist()]
