"""Be the warm process: `python -m convtool.warm.server SECONDS`, as `convtool warm start` calls it.

It has torch imported, and forks a worker for each call, which ends as the call does. Fork is safe here as long as the
process has run no operation: torch starts threads with the first one.
"""

import array
import contextlib
import gc
import importlib
import io
import os
import selectors
import signal
import socket
import struct
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from PIL import Image

from convtool.cli.app import leave, run
from convtool.warm import client

# torch, and all that calls need
ROOMS = ("cli.running", "kernels.schema", "media.image", "media.audio", "kernels.impulse")
LARGEST = 2**24  # bytes of a request


@dataclass(frozen=True)
class Request:
    """A call, and where it comes from.

    Attributes:
        mask: of new files.
        streams: which of the standard ones are open.
        folder: the working one.
        arguments: the command line's.
        environment: all of it.
    """

    mask: int
    streams: list[int]
    folder: str
    arguments: list[str]
    environment: dict[str, str]


def main() -> None:
    """Answer calls until so many seconds have passed without one."""
    for room in ROOMS:
        importlib.import_module(f"convtool.{room}")
    Image.preinit()  # its usual formats
    for (
        medium
    ) in client.COMMANDS:  # what a call imports and builds before it opens its input, which is none
        with contextlib.redirect_stderr(io.StringIO()):
            run([medium, os.devnull, f"{os.devnull}/out.x", "-k", "identity"])
    gc.freeze()
    os.umask(0o077)
    serve(float(sys.argv[1]))


def serve(idle: float) -> None:
    """Answer calls until `idle` seconds have passed without one, or until it is told to stop.

    Args:
        idle: seconds.
    """
    path = client.address()
    os.makedirs(client.folder(), mode=0o700, exist_ok=True)  # noqa: PTH103
    if not client.is_ours(client.folder()):
        raise PermissionError(f"{client.folder()} can be used by others")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)  # noqa: PTH108
    before = os.umask(0o177)
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    os.umask(before)
    server.listen(64)
    try:
        _Server(server, idle).loop()
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)  # noqa: PTH108


class _Server:
    """The loop of a warm process: new calls, signals for workers, their ends."""

    def __init__(self, server: socket.socket, idle: float) -> None:
        self._server, self._idle = server, idle
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
        uid = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[
            1
        ]
        connection.settimeout(client.PATIENCE)
        try:
            if uid != os.getuid():
                raise PermissionError(uid)
            request, streams = _receive(connection)
        except (OSError, ValueError, struct.error):
            connection.close()
            return
        if request is None:
            self._stopped = True
            connection.close()
            return
        connection.send(b"+")
        pid = os.fork()
        if not pid:
            self._server.close()
            leave(
                request.arguments,
                lambda: _become(request, streams),
                lambda code: _report(connection, code),
            )
        for stream in streams:
            os.close(stream)
        self._workers[pid] = connection
        end = os.pidfd_open(pid)
        self._selector.register(end, selectors.EVENT_READ, lambda: self._ended(pid, end))
        self._selector.register(connection, selectors.EVENT_READ, lambda: self._told(pid))

    def _told(self, pid: int) -> None:
        """Pass a signal on; a client that is gone wants no result any more."""
        if pid not in self._workers:
            return  # it has ended since the events were asked for
        try:
            data = self._workers[pid].recv(1)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(self._workers[pid])
        os.kill(pid, data[0] if data and data[0] in client.PASSED else signal.SIGTERM)

    def _ended(self, pid: int, end: int) -> None:
        """Tell a client whose worker could not do so itself."""
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


def _report(connection: socket.socket, code: int) -> None:
    """Let a client go, as a worker's last act: what is still sent to it comes too late."""
    for number in client.PASSED:
        signal.signal(number, signal.SIG_IGN)
    connection.send(struct.pack("!i", code))


def _receive(connection: socket.socket) -> tuple[Request | None, list[int]]:
    """Return a request and the streams that came with it; None to stop."""
    data, ancillary, _, _ = connection.recvmsg(4, socket.CMSG_SPACE(len(client.STREAMS) * 4))
    streams = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            streams.frombytes(content[: len(content) - len(content) % streams.itemsize])
    if data == client.STOP:
        return None, []
    size = struct.unpack("!I", data)[0]
    if size > LARGEST:
        raise ValueError(size)
    body = b""
    while len(body) < size:
        part = connection.recv(size - len(body))
        if not part:
            raise ValueError("cut")
        body += part
    return _read(body), list(streams)


def _read(body: bytes) -> Request:
    """Return what a client's words say."""
    mask, streams, folder, count, *words = map(os.fsdecode, body.split(b"\0"))
    arguments, environment = words[: int(count)], words[int(count) :]
    pairs = (pair.partition("=")[::2] for pair in environment)
    return Request(int(mask), list(map(int, streams)), folder, arguments, dict(pairs))


def _become(request: Request, streams: Sequence[int]) -> None:
    """Take over a client's streams, folder, environment and mask."""
    for number, stream in zip(request.streams, streams, strict=True):
        os.dup2(stream, number)
    for stream in streams:
        if stream not in client.STREAMS:
            os.close(stream)
    missing = set(client.STREAMS) - set(request.streams)
    for number in missing:
        os.close(number)
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        setattr(sys, name, None if number in missing else _text(number))
    os.environ.clear()
    os.environ.update(request.environment)
    os.chdir(request.folder)
    os.umask(request.mask)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _text(number: int) -> IO[str]:
    """Return a standard stream as Python itself would open it."""
    if number == 0:
        return os.fdopen(number, encoding="utf-8", errors="surrogateescape", closefd=False)
    lines = number == 2 or os.isatty(number)
    return os.fdopen(number, "w", 1 if lines else -1, encoding="utf-8", closefd=False)


if __name__ == "__main__":
    main()
