"""Be a worker of the warm process: take a client's place, and tell it the exit code at the end."""

import os
import resource
import signal
import socket
import struct
import sys
from typing import IO

from convtool.warm import client
from convtool.warm.requests import Request

if sys.platform != "linux":
    raise ImportError("the warm process needs Linux")

LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]
GIVEN = frozenset(os.environ)  # to the warm process; the imports of libraries add some


def adopt_limits(pid: int) -> None:
    """Take over the priority, the cores and the limits of a client.

    Args:
        pid: the client's process.

    Raises:
        OSError: the client may do more than the warm process, or it has ended.
        ValueError: likewise.
    """
    os.setpriority(os.PRIO_PROCESS, 0, os.getpriority(os.PRIO_PROCESS, pid))
    if (cores := os.sched_getaffinity(pid)) != os.sched_getaffinity(0):
        os.sched_setaffinity(0, cores)
    for limit in LIMITS:
        if (values := resource.prlimit(pid, limit)) != resource.getrlimit(limit):
            resource.setrlimit(limit, values)


def take_over(request: Request) -> None:
    """Take over a client's streams, folder, environment and umask."""
    for number, descriptor in request.streams.items():
        os.dup2(descriptor, number)
    for descriptor in request.streams.values():
        if descriptor not in client.STREAMS:
            os.close(descriptor)
    for number, name in zip(client.STREAMS, ("stdin", "stdout", "stderr"), strict=True):
        if number in request.streams:
            setattr(sys, name, _text_stream(number))
        else:
            os.close(number)
            setattr(sys, name, None)
    added = {name: value for name, value in os.environ.items() if name not in GIVEN}
    os.environ.clear()
    os.environ.update(added | request.environment)
    os.chdir(request.folder)
    os.umask(request.mask)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _text_stream(number: int) -> IO[str]:
    """Return a standard stream as Python itself opens it."""
    if number == 0:
        return os.fdopen(number, encoding="utf-8", errors="surrogateescape", closefd=False)
    by_line = number == 2 or os.isatty(number)
    buffering = 1 if by_line else -1
    return os.fdopen(number, "w", buffering, encoding="utf-8", closefd=False)


def report(connection: socket.socket, code: int) -> None:
    """Send the exit code, as a worker's last act: signals come too late from now on."""
    for number in client.PASSED:
        signal.signal(number, signal.SIG_IGN)
    connection.send(struct.pack("!i", code))
