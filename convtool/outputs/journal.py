"""Where the lines of a manifest go: they are appended to a file, or kept in objects of a store.

Objects cannot be appended to. So a run has objects of its own, of which the last is written anew
every few seconds, and closed when it has grown. What is in none of them when a run is killed is
told by the marks of its outputs.
"""

import io
import os
import secrets
import threading
import time
from pathlib import Path

from convtool import system
from convtool.errors import WriteError
from convtool.places.names import RemotePath
from convtool.places.uploads import Upload

SECONDS = 5.0  # between two writes of an object
LINES = 64  # after which it is written at once
LARGEST = 4 * 2**20  # bytes of an object; the next lines go to another one
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | system.BINARY


class FileJournal:
    """Lines that are appended to a file.

    Args:
        path: of the file, made with its folder when there is something to append.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def is_kept(self) -> bool:
        """Whether the folder is there, so that none is made for what is no output."""
        return self._path.parent.is_dir()

    def append(self, data: bytes) -> None:
        """Append lines."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, _APPEND, 0o666)
        try:
            os.write(descriptor, data)  # at once: lines of simultaneous runs do not mix
        finally:
            os.close(descriptor)

    def write(self) -> None:
        """Do nothing: all lines are there."""

    def close(self) -> None:
        """Do nothing, likewise."""


class StoreJournal:
    """Lines that are kept in objects of a store.

    Args:
        path: a name; the run and a number are put before its suffix.
    """

    is_kept = True

    def __init__(self, path: RemotePath) -> None:
        run = f"{time.time_ns() // 10**6:011x}{secrets.token_hex(2)}"  # in the order of time
        self._path, self._run, self._number = path, run, 1
        self._lines: list[bytes] = []
        self._written, self._last = 0, time.monotonic()
        self._lock, self._writing = threading.Lock(), threading.Lock()

    def append(self, data: bytes) -> None:
        """Take lines; a store that does not answer is told by `close`."""
        with self._lock:
            self._lines.append(data)
            many = len(self._lines) - self._written >= LINES
        if many or time.monotonic() - self._last >= SECONDS:
            self.write()

    def write(self) -> None:
        """Write what is left, unless another thread does."""
        self._write(wait=False)

    def close(self) -> None:
        """Write what is left.

        Raises:
            WriteError: the store refuses it.
        """
        error = self._write(wait=True)
        if error is not None:
            raise error

    def _write(self, *, wait: bool) -> WriteError | None:
        """Write the last object anew, unless another thread does; return why it cannot be done."""
        if not self._writing.acquire(blocking=wait):
            return None
        try:
            return self._write_alone()
        finally:
            self._last = time.monotonic()
            self._writing.release()

    def _write_alone(self) -> WriteError | None:
        with self._lock:
            count, data = len(self._lines), b"".join(self._lines)
            if count == self._written:
                return None
        stem = f"{self._path.stem}.{self._run}-{self._number:04}"
        upload = Upload(self._path.with_stem(stem).url, overwrite=True)
        try:
            upload.send(io.BytesIO(data), lambda: None)
        except WriteError as exc:
            return exc
        with self._lock:
            self._written = count
            if len(data) >= LARGEST:
                del self._lines[:count]
                self._number, self._written = self._number + 1, 0
        return None
