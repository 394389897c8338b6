"""Ask the warm process to run a call: it has torch imported already, and forks a worker per call.

The client imports nothing heavy. It looks for a socket, sends its arguments, folder, environment
and standard streams, passes signals on, and ends as the worker ends. Where anything is not as it
should be it prints nothing, and the call is run in this process. Linux only: the identity of a
client comes from SO_PEERCRED, and the end of a worker from a pidfd.

The imports below take a few milliseconds; typing, pathlib or json would add as many each.
"""

from __future__ import annotations

import os
import signal
import socket
import stat
import struct
import sys
import zlib

from convtool import __version__

if sys.platform != "linux":
    raise ImportError("the warm process needs Linux")

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

STREAMS: tuple[int, ...] = (0, 1, 2)
PASSED: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TIMEOUT = 5.0  # seconds for a request or an answer that should come at once
STOP: bytes = b"stop"
ACCEPTED, REFUSED = b"+", b"-"


def folder() -> str:
    """Return the user's own folder for the socket."""
    # By hand: importing platformdirs takes 20 ms, more than everything else that the client does.
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return f"{runtime}/convtool"
    return f"/tmp/convtool-{os.getuid()}"  # noqa: S108  # `is_ours` checks it


def address() -> str:
    """Return the path of the socket; it differs for every state of this program's code."""
    package = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  # no pathlib here
    newest = 0
    for path, _, _ in os.walk(package):
        for entry in os.scandir(path):
            if entry.name.endswith(".py"):
                newest = max(newest, entry.stat().st_mtime_ns)
    state = f"{__version__} {sys.executable} {package} {newest}"
    return f"{folder()}/warm-{zlib.crc32(state.encode()):08x}"


def is_ours(path: str) -> bool:
    """Return whether a folder or a socket is the user's own, and closed to everybody else."""
    status = os.lstat(path)
    return (
        status.st_uid == os.getuid()
        and not status.st_mode & 0o077
        and not stat.S_ISLNK(status.st_mode)
    )


def connect() -> socket.socket | None:
    """Return a connection to the warm process, or None where there is none."""
    try:
        if not _has_sockets(folder()):
            return None
        path = address()
        if not (is_ours(folder()) and is_ours(path)):
            return None
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(TIMEOUT)
        connection.connect(path)
    except (OSError, AttributeError, ValueError):
        return None
    return connection


def _has_sockets(path: str) -> bool:
    """Return whether any warm process may run: looking up its address takes a millisecond."""
    try:
        return bool(os.listdir(path))  # noqa: PTH208  # no pathlib here
    except OSError:
        return False


def ask(arguments: Sequence[str]) -> int | None:
    """Let the warm process run a call.

    Where its worker is killed by a signal, this process is killed by the same one.

    Args:
        arguments: the words of the command line.

    Returns:
        The exit code, or None where there is no warm process or it refuses the call.
    """
    if not arguments or arguments[0].startswith("-") or "--help" in arguments:
        return None
    streams = [number for number in STREAMS if _is_open(number)]  # the socket may take a free one
    connection = connect()
    if connection is None:
        return None
    with connection:
        try:
            _send(connection, arguments, streams)
            if connection.recv(1) != ACCEPTED:
                return None
        except (OSError, ValueError):
            return None
        code = _wait(connection)
    if code < 0:
        if code != -signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


def _send(connection: socket.socket, arguments: Sequence[str], streams: Sequence[int]) -> None:
    """Send a request: its size with the standard streams, then its words, NUL between them."""
    mask = os.umask(0)
    os.umask(mask)
    words = [
        str(mask),
        "".join(map(str, streams)),
        os.getcwd(),  # noqa: PTH109  # no pathlib here
        str(len(arguments)),
        *arguments,
        *(f"{name}={value}" for name, value in os.environ.items()),
    ]
    data = b"\0".join(map(os.fsencode, words))
    socket.send_fds(connection, [struct.pack("!I", len(data))], streams)
    connection.sendall(data)


def _wait(connection: socket.socket) -> int:
    """Return the worker's exit code, and pass signals on to it meanwhile."""
    connection.settimeout(None)
    for number in PASSED:
        signal.signal(number, lambda number, _: connection.send(bytes([number])))
    answer = b""
    while len(answer) < 4 and (part := connection.recv(4 - len(answer))):
        answer += part
    if len(answer) < 4:
        return -signal.SIGKILL
    code: int = struct.unpack("!i", answer)[0]
    return code


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
