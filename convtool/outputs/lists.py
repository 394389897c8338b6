"""Lists of names: read one at a time, as one of millions never stands in memory, and written."""

import codecs
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from convtool.errors import UsageError
from convtool.media.inputs import PIPE, opened
from convtool.outputs.atomic import Publisher
from convtool.places.names import Place, is_remote

CHUNK = 2**18  # bytes of a list that are read at once
LONGEST = 2**20  # bytes of a name in a list; no system allows as many
NO_LIST = "no name has a megabyte: this is no list of files"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # PowerShell's `>` writes it


def read_list(name: str, separator: bytes) -> Iterator[str]:
    """Yield the names that a file lists.

    Args:
        name: the file, or `-` for standard input.
        separator: the byte between names; lines may also end as on Windows.

    Raises:
        UsageError: the list cannot be read, or lists nothing.
    """
    listed = False
    with _opened(name) as file:
        try:
            lines = _lines(file) if separator == b"\n" else _parts(file, separator)
            for line in lines:
                if line:
                    listed = True
                    yield os.fsdecode(line)
        except UnicodeDecodeError as exc:  # on Windows, whose names are no bytes
            raise UsageError(f"{name}: the list is not UTF-8") from exc
        except UnicodeError as exc:
            raise UsageError(f"{name}: the list is damaged UTF-16") from exc
        except OSError as exc:
            raise _unreadable(name, exc) from exc
    if not listed:
        raise UsageError(f"{name}: lists no files")


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    """Open a list of names."""
    if name == PIPE:
        if sys.stdin is None:
            raise UsageError(f"{name}: the list cannot be read: it is closed")
        yield sys.stdin.buffer
        return
    if is_remote(name):
        with opened(name) as remote:
            yield remote
        return
    try:
        file = Path(name).open("rb")  # noqa: SIM115  # closed below
    except FileNotFoundError as exc:
        raise UsageError(f"{name}: no such file") from exc
    except (OSError, ValueError) as exc:
        raise _unreadable(name, exc) from exc
    with file:
        yield file


def _unreadable(name: str, exc: Exception) -> UsageError:
    return UsageError(f"{name}: the list cannot be read: {getattr(exc, 'strerror', exc)}")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a list, without what Windows adds: marks, carriage returns."""
    first = file.readline(LONGEST)
    if first.startswith(UTF_16):
        for text in io.StringIO((first + file.read()).decode("utf-16"), newline=None):
            yield os.fsencode(text.rstrip("\n"))
        return
    yield _line(first.removeprefix(codecs.BOM_UTF8))
    yield from map(_line, iter(lambda: file.readline(LONGEST), b""))


def _line(line: bytes) -> bytes:
    """Return a line without its end; a name may itself end in a carriage return."""
    if len(line) == LONGEST:
        raise UsageError(NO_LIST)
    line = line.removesuffix(b"\n")
    if line.endswith(b"\r") and b"\0" not in line and not os.path.lexists(line):
        return line.rstrip(b"\r")
    return line


def _parts(file: BinaryIO, separator: bytes) -> Iterator[bytes]:
    """Yield the parts of a file between separators."""
    rest = b""
    while chunk := file.read(CHUNK):
        *whole, rest = (rest + chunk).split(separator)
        if len(rest) > LONGEST:
            raise UsageError(NO_LIST)
        yield from whole
    yield rest


def write_list(name: Place, names: Iterable[str], publisher: Publisher) -> None:
    """Write names as `--files0-from` reads them, a NUL after each; a file of this name is replaced.

    Raises:
        WriteError: the file cannot be written.
    """
    with publisher.file(name, overwrite=True) as file:
        file.write(b"".join(os.fsencode(each) + b"\0" for each in names))
