"""Give a Python file to a foreign library, which reads and writes it through callbacks.

An exception raised in a callback is printed as a traceback and lost. Errors are therefore kept
until the library returns. Python handles signals in the main thread, so the library is called in
another one.
"""

import errno
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import BinaryIO, TypeVar

from convtool.errors import ReadError

T = TypeVar("T")

_EXECUTOR = ThreadPoolExecutor(1, thread_name_prefix="callbacks")


class CallbackFile:
    """A file whose methods raise nothing, and which writes nothing after an error.

    Args:
        file: the file that is read or written.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: OSError | None = None

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a position and return it.

        Positions outside the file, which damaged headers ask for, leave it where it is.
        """
        try:
            return self._file.seek(offset, whence)
        except (ValueError, OverflowError):
            return self._file.tell()
        except OSError as exc:
            return self._file.tell() if exc.errno == errno.EINVAL else self._keep(exc)

    def tell(self) -> int:
        """Return the current position."""
        return self._file.tell()

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes; none after an error."""
        try:
            return self._file.read(size)
        except OSError as exc:
            self._keep(exc)
            return b""

    def readinto(self, buffer: memoryview) -> int:
        """Read bytes into a buffer and return their number."""
        try:
            count: int = self._file.readinto(buffer)  # type: ignore[attr-defined]  # all have it
        except OSError as exc:
            return self._keep(exc)
        return count

    def write(self, data: bytes) -> int:
        """Write bytes and return their number, even after an error, when nothing is written."""
        try:
            if self._error is None:
                self._file.write(data)
        except OSError as exc:
            self._keep(exc)
        return len(data)

    def _keep(self, error: OSError) -> int:
        self._error = self._error or error
        return 0

    @contextmanager
    def read_wholly(self, name: str) -> Iterator[None]:
        """Let nothing that is read in the block pass for the end of a file that cannot be read.

        Args:
            name: of the file, for messages.

        Raises:
            ReadError: bytes could not be read, whatever the library made of it.
        """
        try:
            yield
        except Exception:
            self._raise_kept(name)
            raise
        self._raise_kept(name)

    def _raise_kept(self, name: str) -> None:
        if isinstance(self._error, ReadError):
            raise self._error
        if self._error is not None:
            reason = self._error.strerror or self._error
            raise ReadError(f"{name}: cannot be read: {reason}") from self._error

    def call(self, function: Callable[..., T], *arguments: object, **options: object) -> T:
        """Call a function that reads or writes this file, outside the main thread.

        Raises:
            OSError: bytes could not be read or written, whatever the function made of it.
        """

        def checked() -> T:
            try:
                return function(*arguments, **options)
            finally:
                if self._error is not None:
                    raise self._error

        return call_outside_main_thread(checked)


def call_outside_main_thread(function: Callable[..., T], *arguments: object) -> T:
    """Call a function where Python handles no signals.

    An interrupt is raised after the function has returned, because its handlers may close what the
    function uses.
    """
    if threading.current_thread() is not threading.main_thread():
        return function(*arguments)
    future = _EXECUTOR.submit(function, *arguments)
    try:
        return future.result()
    finally:
        wait([future])


def iterate_outside_main_thread(items: Iterator[T]) -> Iterator[T]:
    """Yield the items of an iterator that advances outside the main thread."""
    end = object()
    while (item := call_outside_main_thread(next, items, end)) is not end:
        yield item
