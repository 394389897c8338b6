"""Know the inputs of a run by what they are, so that no output replaces one of them.

A remote object is known by its address.
"""

import contextlib
import os
import threading
from collections.abc import Iterable

from convtool.errors import WriteError
from convtool.places.names import Place, RemotePath, is_remote, real

REMOTE = -1  # a device that no system has


class Identities:
    """The identities of files that exist; more can be added while a run is under way.

    Files are looked up when a path is asked for that exists: mostly none is.

    Args:
        names: the files.
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        self._coming: list[str] = list(names)
        self._known: set[tuple[int, int | str]] = set()
        self._lock = threading.Lock()

    def add(self, name: str) -> None:
        """Add a file, if it exists."""
        self._coming.append(name)

    def __contains__(self, path: Place) -> bool:
        """Return whether a file is one of them, by whatever name."""
        try:
            identity = _identity(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        with self._lock:
            while self._coming:
                with contextlib.suppress(OSError, ValueError):
                    self._known.add(_identity(self._coming.pop()))
        return identity in self._known


def refuse_input(target: Place, inputs: Identities) -> None:
    """Check that an output is not one of the run's inputs, by whatever name.

    Raises:
        WriteError: it is.
    """
    if target in inputs:
        raise WriteError(f"{target} is an input itself", hint="choose another OUTPUT", named=True)


def _identity(name: str | Place) -> tuple[int, int | str]:
    """Return the device and the inode of a file, or its path where the system numbers no files.

    Raises:
        OSError: there is no such file.
        ValueError: nor can there be one.
    """
    if isinstance(name, RemotePath) or (isinstance(name, str) and is_remote(name)):
        return REMOTE, real(name)
    status = os.stat(name)  # noqa: PTH116  # Path("") would be the working folder
    return status.st_dev, status.st_ino or os.path.normcase(os.path.realpath(name))
