"""Turn INPUT words into files: folders are walked, lists are read. No media file is opened."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from convtool.errors import UsageError
from convtool.media.inputs import PIPE
from convtool.outputs.naming import Naming


@dataclass(frozen=True)
class Found:
    """One input of a run.

    Attributes:
        name: the file, or `-` for standard input.
        folder: where its outputs go, below OUTPUT.
    """

    name: str
    folder: PurePath


def read_list(name: str, separator: bytes) -> list[str]:
    """Return the names that a file lists.

    Args:
        name: the file, or `-` for standard input.
        separator: the byte between names.

    Raises:
        UsageError: the list cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if name == PIPE else Path(name).read_bytes()
    except (OSError, ValueError, AttributeError) as exc:  # sys.stdin is None where it is closed
        reason = getattr(exc, "strerror", None) or exc
        raise UsageError(f"{name}: the list cannot be read: {reason}") from exc
    return [os.fsdecode(part) for part in data.split(separator) if part]


def expand(inputs: Iterable[str], listed: Iterable[str], naming: Naming) -> list[Found]:
    """Return every input of a run.

    Args:
        inputs: files, folders and `-`; files of a folder keep their subfolders below OUTPUT.
        listed: files of a list; they keep their relative folders below OUTPUT.
        naming: which files of folders are inputs.
    """
    found: list[Found] = []
    for name in inputs:
        found += _expand_one(name, naming)
    found += [Found(name, _relative_folder(name)) for name in listed]
    return found


def _expand_one(name: str, naming: Naming) -> list[Found]:
    """Return the files that one INPUT stands for; an empty folder stands for itself."""
    if name == PIPE or not is_folder(name):
        return [Found(name, PurePath())]
    root = Path(name)
    found = [Found(str(path), path.parent.relative_to(root)) for path in _walk(root, naming)]
    return found or [Found(name, PurePath())]


def _walk(root: Path, naming: Naming) -> Iterator[Path]:
    """Yield the input files below a folder, sorted; hidden files are left out."""
    for path in sorted(root.rglob("*")):
        visible = not path.name.startswith(".")
        if visible and naming.selects(path.relative_to(root)) and path.is_file():
            yield path


def _relative_folder(name: str) -> PurePath:
    """Return the folders of a listed file, none where they would lead out of OUTPUT."""
    folder = PurePath(name).parent
    if folder.is_absolute() or ".." in folder.parts:
        return PurePath()
    return folder


def is_folder(name: str) -> bool:
    """Return whether a word of the command line names a folder that exists."""
    return os.path.isdir(name)  # noqa: PTH112  # Path("") would be the working folder
