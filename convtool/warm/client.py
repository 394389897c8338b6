"""Ask the warm process to run a call: it has torch imported already, and forks a worker per call.

The client imports nothing heavy. It looks for a socket, sends its arguments, folder, environment
and standard streams, passes signals on, and ends as the worker ends. Where anything is not as it
should be it prints nothing, and the call is run in this process. Linux only: the identity of a
client comes from SO_PEERCRED, and the end of a worker from a pidfd.

The imports below take a millisecond; socket, signal, typing, pathlib or json would add several
each, so the first two are taken from the modules of C that they are made of.
"""

from __future__ import annotations

import os
import stat
import sys
import zlib

from convtool import __version__

if sys.platform != "linux":
    raise ImportError("the warm process needs Linux")

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    import socket
    from collections.abc import Sequence
else:
    import _signal as signal
    import _socket as socket

STREAMS: tuple[int, ...] = (0, 1, 2)
PASSED: tuple[signal.Signals, ...] = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
TIMEOUT = 5.0  # seconds for a request or an answer that should come at once
SOCKETS = "warm-"  # what their names begin with
STOP: bytes = b"stop"
ACCEPTED, REFUSED = b"+", b"-"
AUTO: str = "auto"
ON: str = "on"
OFF: str = "off"
MODES: tuple[str, ...] = (AUTO, ON, OFF)

# What libraries and Python itself read while they are loaded: processes that differ in one of these
# have warm processes of their own.
READ_BY_IMPORTS = (
    *("PYTHON", "LD_", "GLIBC_", "MALLOC_", "LANG", "LC_"),
    *(
        "OMP_",
        "GOMP_",
        "KMP_",
        "MKL_",
        "OPENBLAS_",
        "DNNL_",
        "ONEDNN_",
        "ATEN_",
        "TORCH",
        "PYTORCH",
    ),
)
# As the process was given them: some are set later, for this process alone.
SETTINGS: dict[str, str] = {
    name: value for name, value in sorted(os.environ.items()) if name.startswith(READ_BY_IMPORTS)
}


def mode() -> str:
    """Return what CONVTOOL_WARM asks for, as it is written: `auto`, `on`, `off`, or a mistake."""
    return os.environ.get("CONVTOOL_WARM") or AUTO


def folder() -> str:
    """Return the user's own folder for the socket."""
    # By hand: importing platformdirs takes 20 ms, more than everything else that the client does.
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime:
        return f"{runtime}/convtool"
    return f"/tmp/convtool-{os.getuid()}"  # noqa: S108  # `is_ours` checks it


def address() -> str:
    """Return the path of the socket: one per state of the code, of the settings, and of the files.

    Files have another state in another container, where paths name others.
    """
    package = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120  # no pathlib here
    newest, folders = 0, [package]
    while folders:
        for entry in os.scandir(folders.pop()):
            if entry.name.endswith(".py"):
                newest = max(newest, entry.stat().st_mtime_ns)
            elif entry.is_dir():
                folders.append(entry.path)
    files = [os.readlink(f"/proc/self/{name}") for name in ("ns/mnt", "root")]  # noqa: PTH115
    state = f"{__version__} {sys.executable} {package} {newest} {SETTINGS} {files}"
    return f"{folder()}/{SOCKETS}{zlib.crc32(os.fsencode(state)):08x}"


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


def answers() -> bool:
    """Return whether there is a warm process."""
    connection = connect()
    if connection is None:
        return False
    connection.close()
    return True


def _has_sockets(path: str) -> bool:
    """Return whether any warm process may run: looking up its address takes a millisecond."""
    try:
        return any(name.startswith(SOCKETS) for name in os.listdir(path))  # noqa: PTH208
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
    if mode() not in (AUTO, ON):
        return None
    streams = [number for number in STREAMS if _is_open(number)]  # the socket may take a free one
    connection = connect()
    if connection is None:
        return None
    try:
        _send(connection, arguments, streams)
        if connection.recv(1) != ACCEPTED:
            return None
    except (OSError, ValueError):
        return None
    else:
        code = _wait(connection)
    finally:
        connection.close()
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
    rights = b"".join(number.to_bytes(4, sys.byteorder) for number in streams)
    size = len(data).to_bytes(4, "big")
    connection.sendmsg([size], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])
    connection.sendall(data)


def _wait(connection: socket.socket) -> int:
    """Return the worker's exit code, and pass signals on to it meanwhile."""
    connection.settimeout(None)
    for number in PASSED:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda number, _: connection.send(bytes([number])))
    answer = b""
    while len(answer) < 4 and (part := connection.recv(4 - len(answer))):
        answer += part
    if len(answer) < 4:
        return -signal.SIGKILL
    return int.from_bytes(answer, "big", signed=True)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
