"""Give a file to a foreign library that asks Python for its bytes by callbacks.

What is raised in a callback is printed as a traceback, and lost. So errors are kept until the library is back, and no
signal is handled meanwhile.
"""

import errno
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import BinaryIO, TypeVar

T = TypeVar("T")

APART = ThreadPoolExecutor(1, thread_name_prefix="callbacks")


class CalledBack:
    """A file as callbacks want it: nothing is raised, and after an error nothing is written any more.

    Args:
        file: the file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: OSError | None = None

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place and return it; stay where there is none such, for which damaged headers ask."""
        try:
            return self._file.seek(offset, whence)
        except (ValueError, OverflowError):
            return self._file.tell()
        except OSError as exc:
            return self._file.tell() if exc.errno == errno.EINVAL else self._keep(exc)

    def tell(self) -> int:
        """Return the place."""
        return self._file.tell()

    def read(self, size: int) -> bytes:
        """Return the next bytes."""
        try:
            return self._file.read(size)
        except OSError as exc:
            self._keep(exc)
            return b""

    def readinto(self, room: memoryview) -> int:
        """Read the next bytes, and return how many."""
        try:
            return self._file.readinto(room)  # type: ignore[attr-defined,no-any-return]  # every binary file has it
        except OSError as exc:
            return self._keep(exc)

    def write(self, data: bytes) -> int:
        """Write bytes, and return how many."""
        try:
            if self._error is None:
                self._file.write(data)
        except OSError as exc:
            self._keep(exc)
        return len(data)

    def _keep(self, error: OSError) -> int:
        self._error = self._error or error
        return 0

    def calling(self, function: Callable[..., T], *arguments: object, **options: object) -> T:
        """Call what may call back, where Python handles no signals: outside of the main thread.

        Raises:
            OSError: bytes could not be read or written; or what the function raises.
        """

        def call() -> T:
            try:
                return function(*arguments, **options)
            finally:
                if self._error is not None:
                    raise self._error

        return calling(call)


def calling(function: Callable[..., T], *arguments: object) -> T:
    """Call what may call back, where Python handles no signals: outside of the main thread.

    An interrupt is raised when the call is over: what it uses may be closed then.
    """
    if threading.current_thread() is not threading.main_thread():
        return function(*arguments)
    running = APART.submit(function, *arguments)
    try:
        return running.result()
    finally:
        wait([running])


def stepping(items: Iterator[T]) -> Iterator[T]:
    """Yield items whose making may call back."""
    ended = object()
    while (item := calling(next, items, ended)) is not ended:
        yield item
