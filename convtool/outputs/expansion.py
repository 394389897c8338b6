"""Turn what a user names into files: folders are walked, lists are read. No media file is opened here."""

import os
import sys
from pathlib import Path, PurePath

from convtool.errors import UsageError
from convtool.media.inputs import PIPE
from convtool.outputs.naming import Naming


def listed(name: str, separator: bytes) -> list[str]:
    """Return the names that a file lists, or standard input.

    Args:
        name: the file, or `-`.
        separator: between names.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if name == PIPE else Path(name).read_bytes()
    except (OSError, ValueError, AttributeError) as exc:
        raise UsageError(
            f"{name}: the list cannot be read: {getattr(exc, 'strerror', None) or exc}"
        ) from exc
    return [os.fsdecode(part) for part in data.split(separator) if part]


def expand(name: str, naming: Naming) -> list[tuple[str, PurePath]]:
    """Return the files that an input stands for, each with its folder below the input."""
    if name == PIPE or not os.path.isdir(name):  # noqa: PTH112
        return [(name, PurePath())]
    root = Path(name)
    found = sorted(
        path for path in root.rglob("*")
        if _wanted(path.relative_to(root), naming) and not path.name.startswith(".") and path.is_file()
    )  # fmt: skip
    return [(str(path), path.parent.relative_to(root)) for path in found] or [(name, PurePath())]


def _wanted(path: PurePath, naming: Naming) -> bool:
    return path.suffix.lower() in naming.found if naming.glob is None else path.match(naming.glob)


def below(name: str) -> PurePath:
    """Return the folders that a listed file is in, none where they lead out of where it is looked up."""
    folder = PurePath(name).parent
    return PurePath() if folder.is_absolute() or ".." in folder.parts else folder
