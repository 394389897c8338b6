"""Know the inputs of a run by what they are, so that no output replaces one of them."""

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from convtool.errors import WriteError
from convtool.outputs.jobs import Job

Identities = frozenset[tuple[int, int | str]]


def input_identities(jobs: Sequence[Job]) -> Identities:
    """Return the identity of every input that exists."""
    return identities_of(job.input for job in jobs)


def identities_of(names: Iterable[str]) -> Identities:
    """Return the identity of every file that exists."""
    found = set()
    for name in names:
        with contextlib.suppress(OSError, ValueError):
            found.add(_identity(name))
    return frozenset(found)


def refuse_input(target: Path, inputs: Identities) -> None:
    """Check that an output is not one of the run's inputs, by whatever name.

    Raises:
        WriteError: it is.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        if _identity(target) in inputs:
            raise WriteError(
                f"{target} is an input itself", hint="choose another OUTPUT", named=True
            )


def _identity(name: str | Path) -> tuple[int, int | str]:
    """Return the device and the inode of a file, or its path where the system numbers no files.

    Raises:
        OSError: there is no such file.
        ValueError: nor can there be one.
    """
    status = os.stat(name)  # noqa: PTH116  # Path("") would be the working folder
    return status.st_dev, status.st_ino or os.path.normcase(os.path.realpath(name))
