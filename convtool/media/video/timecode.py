"""Move timecodes: the numbers of frames that cameras and editors count in hours, minutes, seconds.

Source: SMPTE ST 12-1. Drop-frame timecodes leave out two numbers (at 60 frames per second four) at
the beginning of each minute but every tenth, so that 29.97 frames per second keep up with clocks.
"""

import re
from fractions import Fraction

CODE = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d{2,3})")
DROPPED = 2  # numbers per minute and 30 frames per second
TENTHS = 10  # minutes
ALMOST = Fraction(1, 1000)  # frames; a time that is given in microseconds may fall short of one


def moved(code: str, seconds: Fraction, rate: Fraction) -> str:
    """Return a timecode that is later; the same where it cannot be read.

    Args:
        code: such as 01:00:00:00, or 01:00:00;00 where numbers are dropped.
        seconds: by how much.
        rate: frames per second.

    >>> moved("01:00:59:24", Fraction(1, 25), Fraction(25))
    '01:01:00:00'
    >>> moved("00:00:59;29", Fraction(1001, 30000), Fraction(30000, 1001))
    '00:01:00;02'
    """
    match = CODE.fullmatch(code)
    if match is None:
        return code
    hours, minutes, second, separator, frame = match.groups()
    fps = max(1, round(rate))
    dropped = 0 if separator == ":" else DROPPED * fps // 30
    minute = int(hours) * 60 + int(minutes)
    number = (minute * 60 + int(second)) * fps + int(frame)
    number -= dropped * (minute - minute // TENTHS)
    number = _named(number + int(seconds * rate + ALMOST), fps, dropped)
    whole, frame_number = divmod(number, fps)
    clock = f"{whole // 3600 % 24:02}:{whole // 60 % 60:02}:{whole % 60:02}"
    return f"{clock}{separator}{frame_number:02}"


def _named(count: int, fps: int, dropped: int) -> int:
    """Return the number that a frame has where numbers are dropped."""
    tens, rest = divmod(count, 60 * TENTHS * fps - (TENTHS - 1) * dropped)
    minutes = max(0, (rest - dropped) // (60 * fps - dropped))
    return count + dropped * ((TENTHS - 1) * tens + minutes)
