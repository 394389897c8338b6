"""Know the inputs of a run by device and inode, so that no output replaces one of them."""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from convtool.errors import WriteError
from convtool.outputs.jobs import Job


def identities(jobs: Sequence[Job]) -> frozenset[tuple[int, int]]:
    """Return the device and inode of every input that is there: what no output of the run may replace."""
    found = set()
    for job in jobs:
        with contextlib.suppress(OSError, ValueError):
            status = os.stat(job.input)  # noqa: PTH116  # "-" and "" are no paths
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)


def refuse_inputs(target: Path, inputs: frozenset[tuple[int, int]]) -> None:
    """Check that an output is none of the run's inputs, by whatever name.

    Raises:
        WriteError: it is.
    """
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        status = target.stat()
        if (status.st_dev, status.st_ino) in inputs:
            raise WriteError(f"{target}: is an input itself", hint="give another OUTPUT")
