"""Turn INPUT words into files: folders are walked, lists are read. No media file is opened."""

import codecs
import glob
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from convtool.errors import ReadError, UsageError
from convtool.media.inputs import PIPE
from convtool.outputs.naming import Naming

HERE = PurePath()
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)  # PowerShell's `>` writes it


@dataclass(frozen=True)
class Found:
    """One input of a run.

    Attributes:
        name: the file, or `-` for standard input.
        folder: where its outputs go, below OUTPUT.
        problem: why it cannot be an input.
    """

    name: str
    folder: PurePath = HERE
    problem: ReadError | None = None


@dataclass
class Expansion:
    """What the words of a call stand for.

    Attributes:
        found: the inputs, in order.
        left_out: how many files of folders are no inputs, by their suffixes.
    """

    found: list[Found] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def read_list(name: str, separator: bytes) -> list[str]:
    """Return the names that a file lists.

    Args:
        name: the file, or `-` for standard input.
        separator: the byte between names; lines may also end as on Windows.

    Raises:
        UsageError: the list cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if name == PIPE else Path(name).read_bytes()
    except FileNotFoundError as exc:
        raise UsageError(f"{name}: no such file") from exc
    except (OSError, ValueError, AttributeError) as exc:  # sys.stdin is None where it is closed
        reason = getattr(exc, "strerror", None) or "it is closed"
        raise UsageError(f"{name}: the list cannot be read: {reason}") from exc
    if separator == b"\n":
        data = _as_lines(name, data)
    try:
        return [os.fsdecode(part) for part in data.split(separator) if part]
    except UnicodeDecodeError as exc:  # on Windows, whose names are no bytes
        raise UsageError(f"{name}: the list is not UTF-8") from exc


def _as_lines(name: str, data: bytes) -> bytes:
    """Return the bytes of a list of lines, without what Windows adds: marks, carriage returns."""
    if data.startswith(UTF_16):
        try:
            data = os.fsencode(data.decode("utf-16"))
        except ValueError as exc:
            raise UsageError(f"{name}: the list is damaged UTF-16") from exc
    data = data.removeprefix(codecs.BOM_UTF8)
    lines = (line if os.path.lexists(line) else line.rstrip(b"\r") for line in data.split(b"\n"))
    return b"\n".join(lines) if b"\r" in data and b"\0" not in data else data


def expand(inputs: Iterable[str], listed: Iterable[str], naming: Naming) -> Expansion:
    """Return every input of a run.

    Args:
        inputs: files, folders, patterns and `-`; files of a folder keep their subfolders below
            OUTPUT.
        listed: files of a list; they keep their relative folders below OUTPUT.
        naming: which files of folders are inputs.
    """
    expansion = Expansion()
    for name in inputs:
        for each in _matches(name):
            _add(expansion, each, naming)
    expansion.found += [Found(name, _relative_folder(name)) for name in listed]
    return expansion


def _matches(name: str) -> list[Found]:
    """Return a word, or what it matches where it is a pattern that the shell has left."""
    if name == PIPE or not glob.has_magic(name) or _exists(name):
        return [Found(name)]
    matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207  # names as they were given
    problem = ReadError(f"no file matches '{name}'", named=True)
    return [Found(match) for match in matches] or [Found(name, problem=problem)]


def _exists(name: str) -> bool:
    return os.path.lexists(name)


def _add(expansion: Expansion, word: Found, naming: Naming) -> None:
    """Add the files that a word stands for; a folder without any stands for itself."""
    if word.name == PIPE or not is_folder(word.name):
        expansion.found.append(word)
        return
    root = Path(word.name)
    before = len(expansion.found)
    for path in _walk(root):
        if naming.selects(path.relative_to(root)):
            expansion.found.append(Found(str(path), path.parent.relative_to(root)))
        elif naming.glob is None:
            expansion.left_out[path.suffix.lower()] += 1
    if len(expansion.found) == before:
        expansion.found.append(word)


def _walk(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, sorted; hidden ones are left out."""
    for path in sorted(root.rglob("*")):
        if not path.name.startswith(".") and path.is_file():
            yield path


def _relative_folder(name: str) -> PurePath:
    """Return the folders of a listed file, none where they would lead out of OUTPUT."""
    folder = PurePath(name).parent
    if folder.anchor or ".." in folder.parts:
        return PurePath()
    return folder


def is_folder(name: str) -> bool:
    """Return whether a word of the command line names a folder that exists."""
    return os.path.isdir(name)  # noqa: PTH112  # Path("") would be the working folder
