"""Start the warm process without being told, where calls follow each other.

A call that had to import torch is counted when its work is done. The third one within a minute
starts the warm process; with CONVTOOL_WARM=on, the first one does. The counts are beside the
socket, in a file that is locked while it is read and changed: of calls that end at the same time,
one starts the process.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from convtool.warm import client, surroundings
from convtool.warm.launch import MODULE, launch

if sys.platform != "linux":
    raise ImportError("the warm process needs Linux")

NEEDED = {client.AUTO: 3, client.ON: 1}  # calls, by the value of CONVTOOL_WARM
WITHIN = 60.0  # seconds, for the calls; and in which a process that was started must answer
COUNTS = "calls-"  # what the names of the files begin with


@dataclass
class Counts:
    """What is known of the last minute.

    Attributes:
        launched: when a warm process was started, in seconds of the system's clock.
        pid: of that process.
        calls: when calls ended that had to import torch.
    """

    launched: float = -WITHIN
    pid: int = 0
    calls: list[float] = field(default_factory=list)

    @property
    def is_starting(self) -> bool:
        """Whether a process that was started may not answer yet."""
        return _is_recent(self.launched)


def start_where_due() -> bool:
    """Count a call that had to import torch, and start the warm process if it is time.

    Returns:
        Whether it was started.
    """
    needed = NEEDED.get(client.mode())
    if needed is None or not surroundings.are_fit():
        return False
    with contextlib.suppress(OSError), _counts() as counts:
        counts.calls.append(time.monotonic())
        if len(counts.calls) < needed or counts.is_starting or client.answers():
            return False
        counts.pid = launch(client.address()).pid
        counts.launched, counts.calls = time.monotonic(), []
        return True
    return False


def end_starting() -> bool:
    """End a warm process that does not answer yet; return whether there was one."""
    with contextlib.suppress(OSError), _counts() as counts:
        command = Path(f"/proc/{counts.pid}/cmdline").read_bytes()
        if counts.is_starting and MODULE.encode() in command:
            os.kill(counts.pid, signal.SIGTERM)
            return True
    return False


@contextmanager
def _counts() -> Iterator[Counts]:
    """Read the counts, and write them behind the block; nobody else does so meanwhile.

    Raises:
        OSError: they are in use, or cannot be used.
    """
    path = client.address().replace(f"/{client.SOCKETS}", f"/{COUNTS}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # a call never waits for another
        counts = _parsed(file.read())
        try:
            yield counts
        finally:
            file.seek(0)
            file.truncate()
            file.write(" ".join(map(str, (counts.launched, counts.pid, *counts.calls))))


def _parsed(text: str) -> Counts:
    """Return what a file states; nothing where another program has written it."""
    try:
        launched, pid, *calls = text.split()
        return Counts(float(launched), int(pid), list(filter(_is_recent, map(float, calls))))
    except ValueError:
        return Counts()


def _is_recent(moment: float) -> bool:
    return 0 <= time.monotonic() - moment < WITHIN
