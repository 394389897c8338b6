"""Open inputs for reading: a regular file by its name, or standard input. It knows no format."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from convtool.errors import ConvtoolError, ReadError
from convtool.limits import SPOOLED

PIPE = "-"


def spool() -> IO[bytes]:
    """Return a seekable file for the content of a pipe, in memory while it is small."""
    return tempfile.SpooledTemporaryFile(SPOOLED)  # the caller closes it


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open an input for reading, seekable; standard input is read to its end.

    Raises:
        ReadError: it is missing, not a regular file, or cannot be opened.
    """
    if name == PIPE:
        with spool() as held:
            shutil.copyfileobj(_standard_input(), held)
            held.seek(0)
            yield held  # type: ignore[misc]  # a BinaryIO in all but its type
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
