"""Run programs on a pseudo-terminal that answers as terminals do."""

import fcntl
import io
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from dataclasses import dataclass

from conftest import ROOT
from rich.console import Console

# What terminals answer to the questions that they know.
PLAIN = {b"\x1b[c": b"\x1b[?62;22c"}
SIXEL = {b"\x1b[16t": b"\x1b[6;20;10t", b"\x1b[c": b"\x1b[?62;4;22c"}
KITTY = {b"\x1b_Gi=31,": b"\x1b_Gi=31;OK\x1b\\", b"\x1b[16t": b"\x1b[6;20;10t", **PLAIN}
LIGHT = {b"\x1b]11;?": b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\", **PLAIN}
MUTE = {}
LAST = b"\x1b[c"
PATIENCE = 120  # seconds, after which a program is killed


@dataclass(frozen=True)
class Played:
    """What came of a program.

    Attributes:
        sent: all that it wrote on the terminal.
        code: its exit code.
        restored: the terminal's modes are as they were.
    """

    sent: bytes
    code: int
    restored: bool

    @property
    def text(self):
        """What it wrote, as text."""
        return self.sent.decode().replace("\r\n", "\n")


def play(*words, answers=PLAIN, columns=80, rows=24, typed=b"", **environment):
    """Run Python with some words on a terminal of its own, in the foreground."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    usual = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "PYTHONPATH": str(ROOT)}
    usual["CONVTOOL_WARM"] = "off"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    before = termios.tcgetattr(slave)
    os.write(master, typed)
    # A leader of a session that opens a terminal is controlled by it, and in its foreground.
    shell = ["sh", "-c", 'exec "$@" <>"$0" >&0 2>&0', os.ttyname(slave), sys.executable, *words]
    with subprocess.Popen(
        shell, env={**kept, **usual, **environment}, start_new_session=True
    ) as process:
        sent = _answered(process, master, answers)
    restored = termios.tcgetattr(slave) == before
    os.close(master)
    os.close(slave)
    return Played(sent, process.returncode, restored)


def _answered(process, master, answers):
    """Return what a process writes; its questions are answered, and the rest is only read."""
    sent, done, end = b"", 0, time.monotonic() + PATIENCE
    while True:
        if time.monotonic() > end:
            process.kill()
        running = process.poll() is None
        if not select.select([master], [], [], 0.02)[0]:
            if not running:
                return sent
            continue
        sent += os.read(master, 65536)
        last = sent.find(LAST, done)
        if last >= 0:
            asked, done = sent[done : last + len(LAST)], last + len(LAST)
            os.write(master, b"".join(reply for key, reply in answers.items() if key in asked))


class Screen(io.StringIO):
    """A stream that says that it is a terminal, and answers nothing."""

    def isatty(self):
        """Return True."""
        return True


def coloured(width):
    """Return a console of a terminal with colours that answers nothing, and what it prints on."""
    screen = Screen()
    return (
        Console(
            file=screen,
            width=width,
            height=24,
            force_terminal=True,
            color_system="truecolor",
            _environ={"TERM": "xterm-256color"},
        ),
        screen,
    )
