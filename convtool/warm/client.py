"""The way to ask the warm process, which has torch imported already and forks a worker for each call.

The client imports nothing heavy: it looks for a socket, hands over its arguments, folder, environment and standard
streams, passes signals on, and ends as the worker ends. Where anything is not as it should be it says nothing, and the
call is run where it is. Linux only: who asks is told by SO_PEERCRED, and the end of a worker by a pidfd.

What the client needs is imported in a few milliseconds: no typing, no pathlib, no json.
"""

from __future__ import annotations

import array
import os
import signal
import socket
import stat
import struct
import sys
import zlib

from convtool import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = (
    "image",
    "audio",
)  # film runs long, and torch's threads wait for it in another way from the start
STREAMS = (0, 1, 2)
PASSED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 5.0  # seconds for a request or an answer that should come at once
STOP = b"stop"


def folder() -> str:
    """Return the user's own folder for the socket."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return f"{runtime}/convtool" if runtime else f"/tmp/convtool-{os.getuid()}"  # noqa: S108  # checked below


def address() -> str:
    """Return the socket's path, another for every state of this program's code."""
    here = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  # as all paths here: pathlib takes milliseconds to import
    newest = max(
        entry.stat().st_mtime_ns for folder, _, _ in os.walk(here) for entry in os.scandir(folder)
        if entry.name.endswith(".py")
    )  # fmt: skip
    state = f"{__version__} {sys.executable} {here} {newest}"
    return f"{folder()}/warm-{zlib.crc32(state.encode()):08x}"


def is_ours(path: str) -> bool:
    """Return whether a folder or a socket is the user's, and nobody else can use it."""
    status = os.lstat(path)
    return (
        status.st_uid == os.getuid()
        and not status.st_mode & 0o077
        and not stat.S_ISLNK(status.st_mode)
    )


def connect() -> socket.socket | None:
    """Return a connection to the warm process, or None where there is none."""
    try:
        if not os.path.isdir(folder()):  # noqa: PTH112  # nobody keeps one: its address is not worth looking up
            return None
        path = address()
        if not (is_ours(folder()) and is_ours(path)):
            return None
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(path)
    except (OSError, AttributeError, ValueError):
        return None
    return connection


def ask(arguments: Sequence[str]) -> int | None:
    """Let the warm process run a call, and return its exit code, or None where it is not there.

    Where the worker is killed by a signal, this process is, too.
    """
    if not arguments or arguments[0] not in COMMANDS or "--help" in arguments:
        return None
    streams = [
        number for number in STREAMS if _is_open(number)
    ]  # before the socket takes the place of one
    connection = connect()
    if connection is None:
        return None
    with connection:
        try:
            _send(connection, arguments, streams)
            if connection.recv(1) != b"+":
                return None
        except (OSError, ValueError):
            return None
        connection.settimeout(None)
        for number in PASSED:
            signal.signal(number, lambda number, _: connection.send(bytes([number])))
        answer = b""
        while len(answer) < 4 and (part := connection.recv(4 - len(answer))):
            answer += part
    code = struct.unpack("!i", answer)[0] if len(answer) == 4 else -signal.SIGKILL
    if code < 0:
        signal.signal(-code, signal.SIG_DFL) if -code != signal.SIGKILL else None
        os.kill(os.getpid(), -code)
    return int(code)


def _send(connection: socket.socket, arguments: Sequence[str], streams: Sequence[int]) -> None:
    """Send a request, with the standard streams beside it: its size, then words, which hold no NUL, a NUL between."""
    mask = os.umask(0)
    os.umask(mask)
    environment = [f"{name}={value}" for name, value in os.environ.items()]
    words = [
        str(mask),
        "".join(map(str, streams)),
        os.getcwd(),
        str(len(arguments)),
        *arguments,
        *environment,
    ]  # noqa: PTH109
    data = b"\0".join(map(os.fsencode, words))
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))] if streams else []
    connection.sendmsg([struct.pack("!I", len(data))], rights)
    connection.sendall(data)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
