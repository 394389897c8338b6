"""A process that has torch imported already and forks a worker for each call, and the way to ask it.

The client imports nothing heavy: it looks for a socket, hands over its arguments, folder, environment and standard
streams, passes signals on, and ends as the worker ends. Where anything is not as it should be it says nothing, and the
call is run where it is. Linux only: who asks is told by SO_PEERCRED, and the end of a worker by a pidfd.

Fork is safe here as long as the process has run no operation: torch starts threads with the first one.
"""

import array
import json
import os
import selectors
import signal
import socket
import stat
import struct
import sys
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from convtool import __version__

COMMANDS = ("image", "audio")  # film runs long, and torch's threads wait for it in another way from the start
STREAMS = (0, 1, 2)
PASSED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LARGEST = 2**24  # bytes of a request
PATIENCE = 5.0  # seconds for a request or an answer that should come at once
STOP = b"stop"

Leave = Callable[[Sequence[str], Callable[[], None]], NoReturn]


def folder() -> Path:
    """Return the user's own folder for the socket."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "convtool" if runtime else Path(f"/tmp/convtool-{os.getuid()}")  # noqa: S108  # checked below


def address() -> Path:
    """Return the socket's path, another for every state of this program's code."""
    here = Path(__file__).parent
    newest = max(path.stat().st_mtime_ns for path in here.rglob("*.py"))
    state = f"{__version__} {sys.executable} {here} {newest}"
    return folder() / f"warm-{zlib.crc32(state.encode()):08x}"


def _is_ours(path: Path) -> bool:
    """Return whether a folder or a socket is the user's, and nobody else can use it."""
    status = path.lstat()
    return status.st_uid == os.getuid() and not status.st_mode & 0o077 and not stat.S_ISLNK(status.st_mode)


def connect() -> socket.socket | None:
    """Return a connection to the warm process, or None where there is none."""
    try:
        if not folder().is_dir():  # nobody keeps one: its address is not worth looking up
            return None
        path = address()
        if not (path.exists() and _is_ours(path.parent) and _is_ours(path)):
            return None
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(PATIENCE)
        connection.connect(str(path))
    except (OSError, AttributeError, ValueError):
        return None
    return connection


def ask(arguments: Sequence[str]) -> int | None:
    """Let the warm process run a call, and return its exit code, or None where it is not there.

    Where the worker is killed by a signal, this process is, too.
    """
    if not arguments or arguments[0] not in COMMANDS or "--help" in arguments:
        return None
    streams = [number for number in STREAMS if _is_open(number)]  # before the socket takes the place of one
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
    """Send a request: its size, then JSON, with the standard streams beside it."""
    mask = os.umask(0)
    os.umask(mask)
    request = {
        "arguments": list(arguments), "folder": str(Path.cwd()), "environment": dict(os.environ), "mask": mask,
        "streams": streams,
    }  # fmt: skip
    data = json.dumps(request).encode()
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))] if streams else []
    connection.sendmsg([struct.pack("!I", len(data))], rights)
    connection.sendall(data)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def serve(leave: Leave, idle: float) -> None:
    """Answer calls until `idle` seconds have passed without one, or until it is told to stop.

    Args:
        leave: runs the command line after what it is given, and ends the process; all that it needs is imported.
        idle: seconds.
    """
    path = address()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not _is_ours(path.parent):
        raise PermissionError(f"{path.parent} can be used by others")
    path.unlink(missing_ok=True)
    before = os.umask(0o177)
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    os.umask(before)
    server.listen(64)
    try:
        _Server(server, leave, idle).loop()
    finally:
        path.unlink(missing_ok=True)


class _Server:
    """The loop of a warm process: new calls, signals for workers, their ends."""

    def __init__(self, server: socket.socket, leave: Leave, idle: float) -> None:
        self._server, self._leave, self._idle = server, leave, idle
        self._selector = selectors.DefaultSelector()
        self._selector.register(server, selectors.EVENT_READ, self._accept)
        self._workers: dict[int, socket.socket] = {}
        self._stopped = False

    def loop(self) -> None:
        """Run until idle or stopped, and all workers have ended."""
        last = time.monotonic()
        while self._workers or not (self._stopped or time.monotonic() - last > self._idle):
            for key, _ in self._selector.select(1.0):
                key.data()
                last = time.monotonic()

    def _accept(self) -> None:
        connection, _ = self._server.accept()
        uid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        connection.settimeout(PATIENCE)
        try:
            if uid != os.getuid():
                raise PermissionError(uid)
            request, streams = _receive(connection)
        except (OSError, ValueError, struct.error):
            connection.close()
            return
        if request == STOP:
            self._stopped = True
            connection.close()
            return
        pid = os.fork()
        if not pid:
            connection.close()
            self._server.close()
            self._leave(request["arguments"], lambda: _become(request, streams))
        for stream in streams:
            os.close(stream)
        connection.send(b"+")
        self._workers[pid] = connection
        end = os.pidfd_open(pid)
        self._selector.register(end, selectors.EVENT_READ, lambda: self._ended(pid, end))
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._told(pid))

    def _told(self, pid: int) -> None:
        """Pass a signal on; a client that is gone wants no result any more."""
        try:
            data = self._workers[pid].recv(1)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(self._workers[pid])
        os.kill(pid, data[0] if data and data[0] in PASSED else signal.SIGTERM)

    def _ended(self, pid: int, end: int) -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._selector.unregister(end)
        os.close(end)
        connection = self._workers.pop(pid)
        with connection:
            try:
                self._selector.unregister(connection)
                connection.send(struct.pack("!i", code))
            except (OSError, KeyError):
                return  # nobody waits for it


def _receive(connection: socket.socket) -> tuple[Any, list[int]]:
    """Return a request and the streams that came with it."""
    data, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(len(STREAMS) * 4))
    streams = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            streams.frombytes(content[: len(content) - len(content) % streams.itemsize])
    if data == STOP:
        return STOP, []
    size = struct.unpack("!I", data)[0]
    if size > LARGEST:
        raise ValueError(size)
    body = b""
    while len(body) < size:
        part = connection.recv(size - len(body))
        if not part:
            raise ValueError("cut")
        body += part
    return json.loads(body), list(streams)


def _become(request: Any, streams: Sequence[int]) -> None:
    """Take over a client's streams, folder, environment and mask."""
    for number, stream in zip(request["streams"], streams, strict=True):
        os.dup2(stream, number)
    for stream in streams:
        if stream not in STREAMS:
            os.close(stream)
    missing = set(STREAMS) - set(request["streams"])
    for number in missing:
        os.close(number)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        setattr(sys, name, None if number in missing else _text(number))
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    os.umask(request["mask"])
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _text(number: int) -> IO[str]:
    """Return a standard stream as Python itself would open it."""
    if number == 0:
        return os.fdopen(number, encoding="utf-8", errors="surrogateescape", closefd=False)
    lines = number == 2 or os.isatty(number)
    return os.fdopen(number, "w", 1 if lines else -1, encoding="utf-8", closefd=False)
