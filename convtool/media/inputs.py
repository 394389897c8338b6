"""Open inputs for reading: a regular file by its name, or standard input. It knows no format."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from convtool.errors import ConvtoolError, ReadError

PIPE = "-"
IN_MEMORY = 2**26  # bytes of a pipe's content that are kept out of a temporary file


def spool() -> IO[bytes]:
    """Return a file for what comes from a pipe or goes to one, in memory while it is small."""
    return tempfile.SpooledTemporaryFile(IN_MEMORY)  # whoever asks closes it


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    """Open an input for reading, seekable; standard input is read to its end.

    Raises:
        ReadError: it is missing, no regular file, or cannot be opened.
    """
    if name == PIPE:
        if sys.stdin is None:
            raise ReadError("-: standard input is closed")
        with spool() as held:
            shutil.copyfileobj(sys.stdin.buffer, held)
            held.seek(0)
            yield held  # type: ignore[misc]  # a BinaryIO but for its name
        return
    path = Path(name)
    try:
        if path.exists() and not path.is_file():
            raise ReadError(f"{name}: is not a regular file")
        file = path.open("rb")
    except FileNotFoundError as exc:
        raise ReadError(f"{name}: there is no such file") from exc
    except (OSError, ValueError) as exc:
        if isinstance(exc, ConvtoolError):
            raise
        raise ReadError(
            f"{name}: cannot be opened: {getattr(exc, 'strerror', None) or exc}"
        ) from exc
    with file:
        yield file
