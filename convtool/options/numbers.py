"""Read numbers as people write them: `16k`, `1G`, `30%`, `1/9`, `1e-3`, `1:30`."""

import math
import re
from collections.abc import Mapping

NUMBER = r"[+-]?(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][+-]?\d{1,9})?"
SCALES = {"k": 10**3, "m": 10**6, "g": 10**9}
UNITS_OF_TIME = {"": 1.0, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}

_NUMBER = re.compile(NUMBER)
_FRACTION = re.compile(rf"({NUMBER})/({NUMBER})")
_SCALED = re.compile(rf"({NUMBER})\s*([A-Za-z]*)")
_CLOCK = re.compile(r"(?:(\d{1,9}):)?(\d{1,9}):(\d{1,2}(?:\.\d{1,20})?)")


def read_number(text: str) -> float:
    """Return the number that a text stands for.

    Raises:
        ValueError: it is none, or not finite.

    >>> read_number("30%"), read_number("1/4"), read_number("1e-3")
    (0.3, 0.25, 0.001)
    """
    text = text.strip().replace("\u2212", "-")
    if text.endswith("%"):
        return _finite(read_number(text[:-1]) / 100)
    fraction = _FRACTION.fullmatch(text)
    if fraction:
        denominator = float(fraction[2])
        if not denominator:
            raise ValueError(text)
        return _finite(float(fraction[1]) / denominator)
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return _finite(float(text))


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number


def read_scaled(text: str, units: Mapping[str, int] = SCALES) -> int:
    """Return the whole number that a text stands for, with a letter for thousands or millions.

    Args:
        text: the text.
        units: what may follow the number, in small letters, and what each multiplies by.

    Raises:
        ValueError: it is none.

    >>> read_scaled("16k"), read_scaled("44.1k"), read_scaled("7")
    (16000, 44100, 7)
    """
    match = _SCALED.fullmatch(text.strip())
    if not match:
        raise ValueError(text)
    unit = match[2].lower()
    scale = 1 if not unit else units.get(unit) or SCALES.get(unit, 0)
    if not scale:
        raise ValueError(text)
    if match[1].lstrip("+-").isdecimal():
        return int(match[1]) * scale  # exact, however large
    value = _finite(float(match[1]) * scale)
    if abs(value - round(value)) > 1e-6:
        raise ValueError(text)
    return round(value)


def read_seconds(text: str) -> float:
    """Return the seconds that a text stands for.

    Raises:
        ValueError: it is no time.

    >>> read_seconds("1:30"), read_seconds("250ms"), read_seconds("1:00:00")
    (90.0, 0.25, 3600.0)
    """
    text = text.strip()
    clock = _CLOCK.fullmatch(text)
    if clock:
        hours, minutes, seconds = int(clock[1] or 0), int(clock[2]), float(clock[3])
        if seconds >= 60 or (clock[1] and minutes >= 60):
            raise ValueError(text)
        return 3600.0 * hours + 60.0 * minutes + seconds
    match = _SCALED.fullmatch(text)
    if not match or match[2].lower() not in UNITS_OF_TIME:
        raise ValueError(text)
    return _finite(float(match[1]) * UNITS_OF_TIME[match[2].lower()])
