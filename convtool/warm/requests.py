"""Receive the request of a client: its words, and the standard streams that come with them."""

import os
import socket
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from convtool.warm import client

if sys.platform != "linux":
    raise ImportError("the warm process needs Linux")

MAX_REQUEST = 2**24  # bytes


@dataclass(frozen=True)
class Request:
    """A call of a client.

    Attributes:
        pid: the client's process.
        mask: the umask of new files.
        folder: the working folder.
        arguments: the words of the command line.
        environment: all environment variables.
        streams: a descriptor of this process for each standard stream that is open, by its number.
    """

    pid: int
    mask: int
    folder: str
    arguments: list[str]
    environment: dict[str, str]
    streams: dict[int, int]

    def close(self) -> None:
        """Close the descriptors of the streams."""
        _close(self.streams.values())


def receive(connection: socket.socket) -> Request | None:
    """Return the request of a client, or None where it asks the server to stop.

    Raises:
        PermissionError: the client is another user's.
        OSError: the connection breaks, or nothing comes in time.
        ValueError: the request is damaged.
    """
    connection.settimeout(client.TIMEOUT)
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
    pid, uid, _ = struct.unpack("3i", credentials)
    if uid != os.getuid():
        raise PermissionError(uid)
    head, descriptors, _, _ = socket.recv_fds(connection, 4, len(client.STREAMS))
    try:
        if head == client.STOP:
            _close(descriptors)
            return None
        return _parse(pid, _read_body(connection, head), descriptors)
    except BaseException:
        _close(descriptors)
        raise


def _read_body(connection: socket.socket, head: bytes) -> bytes:
    """Return the words of a request, whose size comes first."""
    if len(head) != 4:
        raise ValueError("truncated")
    (size,) = struct.unpack("!I", head)
    if size > MAX_REQUEST:
        raise ValueError(size)
    body = b""
    while len(body) < size:
        part = connection.recv(size - len(body))
        if not part:
            raise ValueError("truncated")
        body += part
    return body


def _parse(pid: int, body: bytes, descriptors: list[int]) -> Request:
    """Return the request that a client's words make."""
    mask, numbers, folder, count, *words = map(os.fsdecode, body.split(b"\0"))
    arguments, variables = words[: int(count)], words[int(count) :]
    environment = dict(variable.partition("=")[::2] for variable in variables)
    streams = dict(zip(map(int, numbers), descriptors, strict=True))
    return Request(pid, int(mask), folder, arguments, environment, streams)


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
