"""A part of a file that looks like a file of its own, its beginning possibly changed."""

import io
from typing import BinaryIO

BUFFER = 2**16  # bytes that are read at once


def window(file: BinaryIO, start: int, end: int, head: bytes = b"") -> BinaryIO:
    """Return the bytes between two positions of a file, as a file to read.

    Args:
        file: the file, seekable. It may be read elsewhere, too: a window moves before it reads.
        start: where the window begins.
        end: where it ends.
        head: bytes that take the place of as many at the beginning.
    """
    return io.BufferedReader(_Window(file, start, end, head), BUFFER)


class _Window(io.RawIOBase):
    """The bytes between two positions of a file, unbuffered."""

    def __init__(self, file: BinaryIO, start: int, end: int, head: bytes) -> None:
        super().__init__()
        self._file, self._start, self._size = file, start, end - start
        self._head, self._position = head, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a position inside the window, and return it."""
        position = (0, self._position, self._size)[whence] + offset
        if position < 0:
            raise ValueError(f"position {position} lies before the file")
        self._position = position
        return position

    def tell(self) -> int:
        """Return the position inside the window."""
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # io passes one
        """Read the next bytes into a buffer, and return their number."""
        count = min(len(buffer), max(0, self._size - self._position))
        content = self._head[self._position : self._position + count]
        if not content and count:
            self._file.seek(self._start + self._position)
            content = self._file.read(count)
        buffer[: len(content)] = content
        self._position += len(content)
        return len(content)
