"""The socket at which a warm process listens: one process per address, and no other's removed."""

import contextlib
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convtool.warm import client

if sys.platform != "linux":
    raise ImportError("the warm process needs Linux")


def listen(path: str) -> socket.socket | None:
    """Return a socket at an address, for this user only; None where another process listens.

    Args:
        path: of the socket.

    Raises:
        PermissionError: others can use its folder.
    """
    folder = Path(path).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not client.is_ours(str(folder)):
        raise PermissionError(f"{folder} can be used by others")
    with _locked(folder):
        if _answers(path):
            return None
        Path(path).unlink(missing_ok=True)
        mask = os.umask(0o177)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(path)
        os.umask(mask)
        listening.listen(64)
    return listening


def close(listening: socket.socket) -> None:
    """Close a socket of `listen`, and remove its address if it is still its own."""
    path = Path(listening.getsockname())
    with contextlib.suppress(OSError), _locked(path.parent):
        listening.close()
        if not _answers(str(path)):
            path.unlink()


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let no other process make or remove a socket in the block."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _answers(path: str) -> bool:
    """Return whether a process listens at an address, be it too busy to answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.setblocking(False)
        try:
            connection.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except BlockingIOError:
            return True
        return True
