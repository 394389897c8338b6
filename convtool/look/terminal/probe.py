"""Ask the terminal what it can show.

One message holds all questions and ends with one that every terminal answers ("primary device
attributes"), so that the wait is as short as the terminal is near. Nothing is asked where the
stream is no terminal, the process is in the background, or somebody has typed ahead.
"""

import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import IO, Literal

Graphics = Literal["kitty", "sixel"]

USUAL_CELL = (20, 10)  # pixels of a character, those of the VT340, which sixel terminals imitate
MOST_CELL = 512

# Source: Kitty's graphics protocol; XTerm Control Sequences, by Thomas Dickey
KITTY_QUESTION = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
CELL_QUESTION = "\x1b[16t"
BACKGROUND_QUESTION = "\x1b]11;?\x1b\\"
LAST_QUESTION = "\x1b[c"

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
        if sys.platform == "win32":
            return Terminal()  # consoles are asked in another way there
        return _probed(os.ttyname(stream.fileno()))
    except (OSError, ValueError, AttributeError):  # closed, or no file
        return Terminal()


@cache
def _probed(name: str) -> Terminal:
    """Return what a terminal can show, by its device."""
    from convtool.look.terminal import device  # noqa: PLC0415  # not on every system

    answer, cell = device.ask(name, questions(os.environ), LAST_ANSWER)
    return understood(answer, cell)


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
