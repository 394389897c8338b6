"""Files of numbers as text: a row per line, numbers separated by commas, semicolons or spaces."""

import re
from array import array
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from convtool.limits import refuse_larger
from convtool.sizes import counted

LONGEST_LINE = 2**24  # bytes
SEPARATORS = (";", "\t", ",")  # the first that a line holds; without one, spaces
SHOWN = 20  # characters of a word in a message
BYTES = 8  # of a number, which takes two characters at least
# Comments, and a number with something behind it that separates it from the next one.
_BEGINS = re.compile(rb"(\xef\xbb\xbf)?\s*(#[^\n]*\n\s*)*[+-]?\.?\d[\d.eE+\-]*([\s,;]|$)")
EXPECTED = "numbers separated by commas, semicolons, tabs or spaces"


def begins_as_table(start: bytes) -> bool:
    """Return whether a file with these first bytes may hold numbers as text.

    >>> begins_as_table(b"0.5, 1"), begins_as_table(b"#define x 1"), begins_as_table(b"RIFF")
    (True, False, False)
    """
    return bool(_BEGINS.match(start))


def read_csv(stream: BinaryIO, name: str, max_memory: int) -> NDArray[np.float64]:
    """Return the numbers of a file of text.

    Empty lines, and those that begin with `#`, are left out.

    Args:
        stream: its bytes, seekable.
        name: what messages call it.
        max_memory: in MiB.

    Shape: (rows, columns)

    Raises:
        ValueError: something is not a number, or lines differ in how many they hold.
        LimitError: it takes too much memory.
    """
    size = stream.seek(0, 2)
    stream.seek(0)
    refuse_larger(f"{name}: its numbers", size * BYTES // 2, max_memory)
    numbers, columns, rows = array("d"), 0, 0
    place = 0
    while line := stream.readline(LONGEST_LINE):
        place += 1
        text = _decoded(line, place).strip()
        if not text or text.startswith("#"):
            continue
        words = _words(text)
        rows, columns = rows + 1, columns or len(words)
        if len(words) != columns:
            found = counted(len(words), "number")
            raise ValueError(f"line {place} has {found}, the first line {columns}")
        numbers.extend(_number(word, place, text) for word in words)
    if not rows:
        raise ValueError(f"there is no number, and {EXPECTED} are expected")
    return np.frombuffer(numbers).reshape(rows, columns)


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as exc:
        raise ValueError(f"line {number} is not text in UTF-8") from exc


def _words(text: str) -> list[str]:
    for separator in SEPARATORS:
        if separator in text:
            words = text.split(separator)
            return words if words[-1].strip() else words[:-1]  # one at the end of a line is usual
    return text.split()


def _number(word: str, line: int, text: str) -> float:
    try:
        if "_" in word:
            raise ValueError(word)  # noqa: TRY301  # Python's digits alone may hold it
        return float(word)
    except ValueError as exc:
        shown = word.strip()[:SHOWN]
        point = " (decimals take a point)" if "," in word and ";" in text else ""
        raise ValueError(f"line {line}: '{shown}' is not a number{point}") from exc
