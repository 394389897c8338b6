"""Replace the beginning of a file while a library writes it."""

from collections.abc import Callable
from typing import BinaryIO


class HeadedFile:
    """A file whose header is replaced as soon as it is complete; it looks as if it were not.

    Args:
        file: where the bytes go.
        length: returns the length of the header that data begins with; None where it is not
            complete.
        build: returns what takes its place.
        same: bytes at the beginning that are the same in both; they may be written again later.
    """

    def __init__(
        self,
        file: BinaryIO,
        length: Callable[[bytes], int | None],
        build: Callable[[bytes], bytes],
        same: int = 0,
    ) -> None:
        self._file, self._length, self._build, self._same = file, length, build, same
        self._head = bytearray()
        self._end: int | None = None  # of the library's header, once it is replaced
        self._shift = self._position = 0

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move to a position, as the library counts, and return it."""
        if self._end is None:
            base = (0, self._position, len(self._head))[whence]
        else:
            base = (0, self._position, self._file.seek(0, 2) - self._shift)[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the position, as the library counts."""
        return self._position

    def read(self, size: int) -> bytes:
        """Return no bytes: the file is written."""
        del size
        return b""

    def write(self, data: bytes) -> int:
        """Write bytes and return their number."""
        data = bytes(data)
        position, self._position = self._position, self._position + len(data)
        if self._end is None:
            self._head[position : position + len(data)] = data
            self._replace()
        elif position < self._end:
            self._file.seek(position)
            self._file.write(data[: max(0, self._same - position)])
            self._write_behind(data[self._end - position :], self._end)
        else:
            self._write_behind(data, position)
        return len(data)

    def _replace(self) -> None:
        """Write the new header, once the library's is complete, and what stands behind it."""
        head = bytes(self._head)
        end = self._length(head)
        if end is None:
            return
        built = self._build(head[:end])
        self._file.write(built + head[end:])
        self._end, self._shift = end, len(built) - end
        self._head.clear()

    def _write_behind(self, data: bytes, position: int) -> None:
        if data:
            self._file.seek(position + self._shift)
            self._file.write(data)
