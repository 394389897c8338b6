"""Read remote objects as files: fetched whole, or by ranges, of which only the needed are sent."""

import io
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import IO, Any, BinaryIO, cast

from convtool.errors import ReadError
from convtool.limits import MEBI, SPOOLED, refuse_larger
from convtool.places.names import READ_ONLY, is_remote, scheme_of, shown
from convtool.places.stores import Status, found, path_of, store
from convtool.places.words import CutError, persistently, told

PIECE = 16 * MEBI  # bytes of an object that is fetched whole, per request
BLOCK = 4 * MEBI  # bytes of one that is read by ranges, per request
BUFFER = 2**16  # bytes that Python itself reads at once
BLOCKS = 8  # that are held, as containers are read at several places in turn


def held(name: str, known: Status | None, *, ranged: bool) -> int:
    """Return the bytes of memory that an input takes while it is open; none of a local file.

    Args:
        name: of the input.
        known: its size, where it is known.
        ranged: it is read by ranges.
    """
    if not is_remote(name):
        return 0
    size = known.size if known is not None and known.size is not None else SPOOLED
    return min(size, BLOCKS * BLOCK if ranged else SPOOLED)


@contextmanager
def remote_file(
    name: str, known: Status | None = None, *, ranged: bool = False, limit: int | None = None
) -> Iterator[BinaryIO]:
    """Open a remote object for reading, seekable.

    Args:
        name: its remote name.
        known: its size and version, where they are known.
        ranged: read it by ranges, where the store can; else it is fetched whole, into memory while
            it is small.
        limit: MiB that an object fetched whole may have.

    Raises:
        ReadError: it is missing, or cannot be read.
        LimitError: it is larger than it may be.
    """
    there = known or found(name)
    if ranged and (source := _ranges_of(name, there)) is not None:
        with io.BufferedReader(Ranged(name, source), BUFFER) as file:
            yield file
        return
    if limit is not None and there.size is not None:
        refuse_larger(f"{shown(name)}: the file", there.size, limit)
    with tempfile.SpooledTemporaryFile(SPOOLED) as spool:
        if scheme_of(name) in READ_ONLY:
            _stream(name, spool, limit)
        else:
            _copy(name, there, spool)
        spool.seek(0)
        yield cast("BinaryIO", spool)


class Source:
    """An object whose ranges are fetched, each again where it was cut.

    Args:
        read: returns the bytes of a range.
        size: of the object, in bytes.
    """

    def __init__(self, read: Callable[[int, int], bytes], size: int) -> None:
        self._read, self.size = read, size
        self._lock = threading.Lock()

    def fetch(self, start: int, end: int) -> bytes:
        """Return the bytes of a range.

        Raises:
            CutError: there are fewer.
        """
        end = min(end, self.size)

        def read() -> bytes:
            with self._lock:
                data = self._read(start, end)
            if len(data) != end - start:
                raise CutError(f"{len(data)} of {end - start} bytes")
            return data

        return persistently(read) if end > start else b""


class Ranged(io.RawIOBase):
    """A remote object as a file; the blocks read last are held.

    After an error every further read fails, too: no decoder can take it for the end of the file.

    Args:
        name: of the object.
        source: its ranges.
    """

    def __init__(self, name: str, source: Source) -> None:
        super().__init__()
        cache = import_module("fsspec.caching").BlockCache
        self._cache = cache(BLOCK, source.fetch, source.size, BLOCKS)
        self._name, self._size, self._at = name, source.size, 0
        self._error: ReadError | None = None

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the current position."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position and return it.

        Raises:
            ValueError: it lies before the file.
        """
        at = offset + (0, self._at, self._size)[whence]
        if at < 0:
            raise ValueError(f"a position of {at} lies before the file")
        self._at = at
        return at

    def readinto(self, buffer: Any) -> int:
        """Read bytes into a buffer, and return their number.

        Raises:
            ReadError: the store does not send them.
        """
        if self._error is not None:
            raise self._error
        view = memoryview(buffer).cast("B")
        try:
            with told(self._name):
                data = self._cache._fetch(self._at, self._at + len(view))  # noqa: SLF001
        except ReadError as exc:
            self._error = exc
            raise
        view[: len(data)] = data
        self._at += len(data)
        return len(data)


def _ranges_of(name: str, there: Status) -> Source | None:
    """Return the ranges of an object; None where the server has none, or tells no size."""
    if not there.size:
        return None
    web = scheme_of(name) in READ_ONLY
    with told(name):
        source = _source(name, there.size if web else None)
        if web and there.size > 1 and not _has_ranges(source):
            return None
        return source


def _has_ranges(source: Source) -> bool:
    """Return whether a web server sends ranges, and not whole files whatever is asked for."""
    try:
        source.fetch(source.size - 1, source.size)
    except ValueError:
        return False
    return True


def _source(name: str, size: int | None) -> Source:
    """Return the ranges of an object.

    Args:
        name: its remote name.
        size: its bytes where they are known; else the store is asked, and all ranges are then of
            one version.
    """
    files, path = store(name), path_of(name)
    if scheme_of(name) == "memory":
        size = files.size(path)
    if size is not None and scheme_of(name) not in READ_ONLY:
        return Source(lambda start, end: files.cat_file(path, start=start, end=end), size)
    options = {"cache_type": "none", "block_size": PIECE}
    file = persistently(lambda: files.open(path, "rb", size=size, **options))

    def read(start: int, end: int) -> bytes:
        file.seek(start)
        data: bytes = file.read(end - start)
        return data

    return Source(read, file.size)


def _copy(name: str, there: Status, spool: IO[bytes]) -> None:
    """Fetch an object into a file."""
    small = there.size is not None and there.size <= PIECE  # one request, of one version
    with told(name):
        source = _source(name, there.size if small else None)
        for start in range(0, source.size, PIECE):
            spool.write(source.fetch(start, start + PIECE))


def _stream(name: str, spool: IO[bytes], limit: int | None) -> None:
    """Fetch what a web server sends, in one piece."""
    whole = {"Accept-Encoding": "identity"}

    def fetch() -> None:
        spool.seek(0)
        spool.truncate()
        store(name).get_file(path_of(name), _Limited(name, spool, limit), headers=whole)

    with told(name):
        persistently(fetch)


class _Limited:
    """A file that refuses to grow beyond a limit; web servers need not tell how much they send."""

    def __init__(self, name: str, file: IO[bytes], limit: int | None) -> None:
        self._name, self._file, self._limit = name, file, limit
        self.read, self.close, self.tell = file.read, file.close, file.tell

    def write(self, data: bytes) -> int:
        """Write bytes.

        Raises:
            LimitError: they are too many.
        """
        if self._limit is not None:
            size = self._file.tell() + len(data)
            refuse_larger(f"{shown(self._name)}: the file", size, self._limit)
        return self._file.write(data)
