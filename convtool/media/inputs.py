"""Open inputs for reading: a file here or in a store, or standard input. It knows no format."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from convtool.errors import ConvtoolError, ReadError
from convtool.limits import SPOOLED
from convtool.places.names import is_remote, plain
from convtool.places.reading import remote_file
from convtool.places.stores import Status

PIPE = "-"


def spool() -> IO[bytes]:
    """Return a seekable file for the content of a pipe, in memory while it is small."""
    return tempfile.SpooledTemporaryFile(SPOOLED)  # the caller closes it


@contextmanager
def opened(
    name: str, known: Status | None = None, *, ranged: bool = False, limit: int | None = None
) -> Iterator[BinaryIO]:
    """Open an input for reading, seekable; standard input is read to its end.

    Args:
        name: a file, a remote object, or `-`.
        known: what is known of a remote object, from a listing.
        ranged: read a remote object by ranges, as they are needed; else it is fetched whole.
        limit: MiB that a remote object fetched whole may have.

    Raises:
        ReadError: it is missing, not a regular file, or cannot be opened.
        LimitError: it is larger than it may be.
    """
    if name == PIPE:
        with spool() as held:
            shutil.copyfileobj(_standard_input(), held)
            held.seek(0)
            yield held  # type: ignore[misc]  # a BinaryIO in all but its type
        return
    name = plain(name)
    if is_remote(name):
        with remote_file(name, known, ranged=ranged, limit=limit) as file:
            yield file
        return
    with _open_file(name) as file:
        yield file


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise ReadError("-: standard input is closed")
    return sys.stdin.buffer


def _open_file(name: str) -> BinaryIO:
    path = Path(name)
    try:
        if path.exists() and not path.is_file():
            raise ReadError(f"{name}: is not a regular file")
        return path.open("rb")
    except FileNotFoundError as exc:
        raise ReadError(f"{name}: no such file") from exc
    except ConvtoolError:
        raise
    except (OSError, ValueError) as exc:  # ValueError: a NUL in the name
        reason = getattr(exc, "strerror", None) or exc
        raise ReadError(f"{name}: cannot be opened: {reason}") from exc
