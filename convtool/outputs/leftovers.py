"""Temporaries that a killed process left: a lock tells them from those in use.

A process that is killed, or whose machine is, cannot remove its temporaries. Whoever continues its
work does.
"""

import contextlib
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl

NAME = re.compile(r"\.convtool-[0-9a-f]{16}\.tmp", re.ASCII)
AGE = 60.0  # seconds without a change: not all network file systems tell others of locks


def hold(descriptor: int) -> None:
    """Mark a temporary as in use, for as long as it is open in this process.

    Args:
        descriptor: of the file or folder.
    """
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Mark a folder as in use during the block."""
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        hold(descriptor)
        yield
    finally:
        os.close(descriptor)


def sweep(folder: Path, age: float = AGE) -> None:
    """Remove the temporaries in a folder that no process holds.

    Args:
        folder: whose subfolders are left alone; it need not exist.
        age: seconds for which they have not changed.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        found = [Path(entry.path) for entry in entries if NAME.fullmatch(entry.name)]
        for path in found:
            with contextlib.suppress(OSError):
                if time.time() - path.stat().st_mtime >= age:
                    _remove_unless_held(path)


def _remove_unless_held(path: Path) -> None:
    """Remove a temporary.

    Raises:
        OSError: it is in use, or gone.
    """
    if sys.platform == "win32":  # where a file that is open cannot be removed
        _remove(path)
    else:  # network file systems lock files exclusively only where they can be written
        descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path)
        finally:
            os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
