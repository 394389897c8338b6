"""Read the points of a frequency response from a file: frequencies in Hz, and gains in dB.

    20 -3.5          two columns of a text file, # before a comment; a third one, phase, is left out
    frequency,equalization,…          CSV with a header, as AutoEq writes it
    * Freq(Hz) SPL(dB) Phase(degrees)   a measurement of REW, * before its comments
    GraphicEQ: 20 -3.5; 21 -3.4; …      what Equalizer APO takes

It must not design filters: `equalizer` does.
"""

import math
import re
from pathlib import Path

from convtool.errors import KernelError

MAX_BYTES = 2**22
MAX_POINTS = 2**16
LOWEST, HIGHEST = -200.0, 60.0  # gains in dB
FREQUENCIES = ("frequency", "freq", "hz")
GAINS = ("equalization", "gain", "magnitude", "spl", "db")  # in this order, of several columns

Points = list[tuple[float, float]]

_MARKS = re.compile(r"[,;\t]")  # between fields; else blanks are
_GRAPHIC = re.compile(r"\s*GraphicEQ\s*:", re.IGNORECASE)
_PARAMETRIC = re.compile(r"\s*Filter\s*\d*\s*:", re.IGNORECASE)
_COMMENT = ("#", "*", "//", '"')


def read_points(path: Path, level: float) -> Points:
    """Return the points of a file by rising frequency.

    Args:
        path: the file.
        level: what is a gain of 0 dB, subtracted from all.

    Raises:
        KernelError: it cannot be read, or holds no points that make sense.
    """
    points = sorted(_points(path, _lines(path)))
    if not points:
        raise KernelError(f"{path}: no points, expected lines of a frequency (Hz) and a gain (dB)")
    if len(points) > MAX_POINTS:
        raise KernelError(f"{path}: {len(points)} points, more than the limit of {MAX_POINTS}")
    found = [(frequency, gain - level) for frequency, gain in points]
    for before, (frequency, gain) in zip([(-1.0, 0.0), *found], found, strict=False):
        if frequency == before[0]:
            raise KernelError(f"{path}: {frequency:g} Hz has two gains")
        if not LOWEST <= gain <= HIGHEST:
            raise KernelError(
                f"{path}: a gain of {gain:g} dB at {frequency:g} Hz, expected {LOWEST:g} to "
                f"{HIGHEST:g} dB",
                hint="of a measurement in dB SPL, level=75 subtracts 75 dB",
            )
    return found


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as exc:
        raise KernelError(f"{path}: {exc.strerror or exc}") from exc
    if len(content) > MAX_BYTES:
        raise KernelError(f"{path}: more than {MAX_BYTES} bytes, too large for points")
    try:
        return content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as exc:
        raise KernelError(f"{path}: not a text file (UTF-8)") from exc


def _points(path: Path, lines: list[str]) -> Points:
    columns, points = (0, 1), Points()
    first = True
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith(_COMMENT):
            continue
        if _PARAMETRIC.match(line):
            raise KernelError(
                f"{path}: line {number} is a parametric filter, expected points",
                hint="export its response as frequencies and gains, or as GraphicEQ",
            )
        if _GRAPHIC.match(line):
            pairs = filter(str.strip, line.partition(":")[2].split(";"))
            points += [_point(path, number, _fields(pair), (0, 1)) for pair in pairs]
            continue
        fields = _fields(line)
        if first and not _is_number(fields[0]):
            columns = _columns(path, number, fields)
        else:
            points.append(_point(path, number, fields, columns))
        first = False
    return points


def _fields(text: str) -> list[str]:
    marked = _MARKS.search(text.strip()) is not None
    return [field.strip() for field in (_MARKS.split(text) if marked else text.split())]


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _columns(path: Path, number: int, names: list[str]) -> tuple[int, int]:
    """Return which columns hold frequencies and gains, by a header."""
    plain = [re.sub(r"\W.*", "", name.lower()) for name in names]
    frequency = next((plain.index(name) for name in FREQUENCIES if name in plain), None)
    gain = next((plain.index(name) for name in GAINS if name in plain), None)
    if frequency is None or gain is None:
        raise KernelError(
            f"{path}: line {number} has the columns {', '.join(names)[:60]}, expected 'frequency' "
            f"and one of {', '.join(GAINS)}"
        )
    return frequency, gain


def _point(
    path: Path, number: int, fields: list[str], columns: tuple[int, int]
) -> tuple[float, float]:
    texts = [fields[column] if column < len(fields) else "" for column in columns]
    if not all(map(_is_number, texts)):
        raise KernelError(
            f"{path}: line {number} has no frequency and gain, found '{' '.join(fields)[:60]}'"
        )
    frequency, gain = map(float, texts)
    if frequency < 0:
        raise KernelError(f"{path}: line {number} has a frequency of {frequency:g} Hz")
    return frequency, gain
