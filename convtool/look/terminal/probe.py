"""Ask the terminal what it can show, and leave it as it was found.

One message holds all questions and ends with one that every terminal answers ("primary device
attributes"), so that the wait is as short as the terminal is near. Nothing is asked where the
stream is no terminal, the process is in the background, or somebody has typed ahead.
"""

import contextlib
import os
import re
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import IO, Any, Literal

Graphics = Literal["kitty", "sixel"]

PATIENCE = 1.0  # seconds; a terminal that is asked across a network needs a tenth or two
USUAL_CELL = (20, 10)  # pixels of a character, those of the VT340, which sixel terminals imitate
MOST_CELL = 512
LOCAL_MODES, CHARACTERS = 3, 6  # places in what `tcgetattr` returns

# Source: Kitty's graphics protocol; XTerm Control Sequences, by Thomas Dickey
KITTY_QUESTION = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
CELL_QUESTION = "\x1b[16t"
BACKGROUND_QUESTION = "\x1b]11;?\x1b\\"
LAST_QUESTION = "\x1b[c"
CLEARED = "\r\x1b[K"  # a terminal that does not know a question may have printed it

LAST_ANSWER = re.compile(rb"\x1b\[\?([\d;]*)c")
KITTY_ANSWER = re.compile(rb"\x1b_Gi=31;OK\x1b\\")
CELL_ANSWER = re.compile(rb"\x1b\[6;(\d{1,4});(\d{1,4})t")
BACKGROUND_ANSWER = re.compile(rb"\x1b\]11;rgb:([\da-f]+)/([\da-f]+)/([\da-f]+)", re.IGNORECASE)
SIXEL_ATTRIBUTE = b"4"


@dataclass(frozen=True)
class Terminal:
    """What a terminal can show.

    Attributes:
        graphics: how it takes images; None where it takes none, or was not asked.
        cell: the height and width of a character in pixels.
        light: its background is light; False also where it is not known.
    """

    graphics: Graphics | None = None
    cell: tuple[int, int] = USUAL_CELL
    light: bool = False


def probed(stream: IO[str]) -> Terminal:
    """Return what the terminal that a stream writes to can show; each is asked once per process.

    Args:
        stream: standard output or standard error.
    """
    try:
        if not stream.isatty() or os.environ.get("TERM", "dumb") == "dumb":
            return Terminal()
        return _probed(os.ttyname(stream.fileno()))
    except (OSError, ValueError, AttributeError):  # closed, or no file, or no such system
        return Terminal()


@cache
def _probed(name: str) -> Terminal:
    """Return what a terminal can show, by its device."""
    try:
        import termios  # noqa: PLC0415  # not on every system
    except ImportError:
        return Terminal()
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return Terminal()
    try:
        answer = _asked(descriptor, questions(os.environ))
        return understood(answer, _cell(descriptor))
    except (OSError, termios.error):
        return Terminal()
    finally:
        os.close(descriptor)


def questions(environment: Mapping[str, str]) -> str:
    """Return what a terminal is asked.

    tmux and screen take the question of kitty for a title, and the Linux console may print it; they
    are asked the others.

    Args:
        environment: the variables of the process.

    >>> questions({"TERM": "tmux-256color"}) == CELL_QUESTION + LAST_QUESTION
    True
    """
    term = environment.get("TERM", "")
    inside = term.startswith(("tmux", "screen", "linux")) or not {"TMUX", "STY"}.isdisjoint(
        environment
    )
    first = "" if inside else KITTY_QUESTION + BACKGROUND_QUESTION
    return first + CELL_QUESTION + LAST_QUESTION


def understood(answer: bytes, cell: tuple[int, int] | None = None) -> Terminal:
    r"""Return what the answer of a terminal says.

    Args:
        answer: all that it sent.
        cell: pixels of a character, as the system states them.

    >>> understood(b"\x1b[6;16;8t\x1b[?62;4;22c")
    Terminal(graphics='sixel', cell=(16, 8), light=False)
    """
    last = LAST_ANSWER.search(answer)
    graphics: Graphics | None = None
    if last and SIXEL_ATTRIBUTE in last[1].split(b";"):
        graphics = "sixel"
    if KITTY_ANSWER.search(answer):
        graphics = "kitty"
    stated = CELL_ANSWER.search(answer)
    if stated and all(0 < int(size) <= MOST_CELL for size in stated.groups()):
        cell = int(stated[1]), int(stated[2])
    return Terminal(graphics, cell or USUAL_CELL, _is_light(BACKGROUND_ANSWER.search(answer)))


def _is_light(background: re.Match[bytes] | None) -> bool:
    if background is None:
        return False
    shares = [int(digits, 16) / (16.0 ** len(digits) - 1) for digits in background.groups()]
    return sum(shares) > len(shares) / 2


def _cell(descriptor: int) -> tuple[int, int] | None:
    """Return the pixels of a character where the system knows them."""
    import fcntl  # noqa: PLC0415  # not on every system
    import struct  # noqa: PLC0415
    import termios  # noqa: PLC0415

    size = fcntl.ioctl(descriptor, termios.TIOCGWINSZ, b"\0" * 8)
    rows, columns, width, height = struct.unpack("HHHH", size)
    if not (rows and columns and width and height):
        return None
    return max(1, height // rows), max(1, width // columns)


def _asked(descriptor: int, question: str) -> bytes:
    """Return the answer of a terminal; empty where it is not asked."""
    if os.tcgetpgrp(descriptor) != os.getpgrp():
        return b""  # in the background, where the answer would belong to somebody else
    with _unbuffered(descriptor):
        if select.select([descriptor], [], [], 0)[0]:
            return b""  # somebody has typed ahead: their text would be read with the answer
        os.write(descriptor, question.encode())
        try:
            return _read(descriptor)
        finally:
            os.write(descriptor, CLEARED.encode())


def _read(descriptor: int) -> bytes:
    """Return what a terminal sends, up to its last answer or the end of our patience."""
    import termios  # noqa: PLC0415  # not on every system

    answer, end = b"", time.monotonic() + PATIENCE
    try:
        while not LAST_ANSWER.search(answer):
            left = max(0.0, end - time.monotonic())
            if not select.select([descriptor], [], [], left)[0]:
                break
            answer += os.read(descriptor, 4096)
    finally:
        if not LAST_ANSWER.search(answer):
            termios.tcflush(descriptor, termios.TCIFLUSH)  # half an answer is nobody's input
    return answer


@contextmanager
def _unbuffered(descriptor: int) -> Iterator[None]:
    """Read single characters without echo in the block, and set the terminal as it was behind it.

    What has been typed stays where it is.
    """
    import termios  # noqa: PLC0415  # not on every system

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
