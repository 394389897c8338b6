"""Know the inputs of a run by device and inode, so that no output replaces one of them."""

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from convtool.errors import WriteError
from convtool.outputs.jobs import Job

Identities = frozenset[tuple[int, int]]  # device and inode of each file


def input_identities(jobs: Sequence[Job]) -> Identities:
    """Return the identity of every input that exists."""
    return identities_of(job.input for job in jobs)


def identities_of(names: Iterable[str]) -> Identities:
    """Return the identity of every file that exists."""
    found = set()
    for name in names:
        with contextlib.suppress(OSError, ValueError):
            status = os.stat(name)  # noqa: PTH116  # Path("") would be the working folder
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)


def refuse_input(target: Path, inputs: Identities) -> None:
    """Check that an output is not one of the run's inputs, by whatever name.

    Raises:
        WriteError: it is.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        status = target.stat()
        if (status.st_dev, status.st_ino) in inputs:
            raise WriteError(
                f"{target} is an input itself", hint="choose another OUTPUT", named=True
            )
