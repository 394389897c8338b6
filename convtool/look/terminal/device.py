"""Ask the device of a terminal, without echo, and leave it as it was found.

It knows nothing about what is asked and answered. Not for Windows, whose consoles are no devices.
"""

import contextlib
import os
import re
import select
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

if sys.platform == "win32":
    raise ImportError("consoles are no devices on Windows")

import fcntl
import termios

PATIENCE = 1.0  # seconds; a terminal that is asked across a network needs a tenth or two
LOCAL_MODES, CHARACTERS = 3, 6  # places in what `tcgetattr` returns
CLEARED = "\r\x1b[K"  # a terminal that does not know a question may have printed it


def ask(name: str, question: str, last: re.Pattern[bytes]) -> tuple[bytes, tuple[int, int] | None]:
    """Return the answer of a terminal, and the height and width of a character in pixels.

    The answer is empty where it is not asked or gives none, the size None where the system does not
    know it.

    Args:
        name: of the device.
        question: what is sent.
        last: the end of the answer.
    """
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return b"", None
    try:
        return _asked(descriptor, question, last), _cell(descriptor)
    except (OSError, termios.error):
        return b"", None
    finally:
        os.close(descriptor)


def _cell(descriptor: int) -> tuple[int, int] | None:
    """Return the pixels of a character where the system knows them."""
    size = fcntl.ioctl(descriptor, termios.TIOCGWINSZ, b"\0" * 8)
    rows, columns, width, height = struct.unpack("HHHH", size)
    if not (rows and columns and width and height):
        return None
    return max(1, height // rows), max(1, width // columns)


def _asked(descriptor: int, question: str, last: re.Pattern[bytes]) -> bytes:
    """Return the answer of a terminal; empty where it is not asked."""
    if os.tcgetpgrp(descriptor) != os.getpgrp():
        return b""  # in the background, where the answer would belong to somebody else
    with _unbuffered(descriptor):
        if select.select([descriptor], [], [], 0)[0]:
            return b""  # somebody has typed ahead: their text would be read with the answer
        os.write(descriptor, question.encode())
        try:
            return _read(descriptor, last)
        finally:
            os.write(descriptor, CLEARED.encode())


def _read(descriptor: int, last: re.Pattern[bytes]) -> bytes:
    """Return what a terminal sends, up to its last answer or the end of our patience."""
    answer, end = b"", time.monotonic() + PATIENCE
    try:
        while not last.search(answer):
            left = max(0.0, end - time.monotonic())
            if not select.select([descriptor], [], [], left)[0]:
                break
            answer += os.read(descriptor, 4096)
    finally:
        if not last.search(answer):
            termios.tcflush(descriptor, termios.TCIFLUSH)  # half an answer is nobody's input
    return answer


@contextmanager
def _unbuffered(descriptor: int) -> Iterator[None]:
    """Read single characters without echo in the block, and set the terminal as it was behind it.

    What has been typed stays where it is.
    """
    before = termios.tcgetattr(descriptor)
    raw: list[Any] = [*before]
    raw[LOCAL_MODES] = before[LOCAL_MODES] & ~(termios.ICANON | termios.ECHO)
    raw[CHARACTERS] = [*before[CHARACTERS]]
    raw[CHARACTERS][termios.VMIN], raw[CHARACTERS][termios.VTIME] = 0, 0
    try:
        termios.tcsetattr(descriptor, termios.TCSANOW, raw)
        yield
    finally:
        with contextlib.suppress(termios.error):
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
