"""Remember what outputs were made of and how, so that an interrupted run can go on where it was.

A line of JSON for each input in a hidden file of the OUTPUT folder, appended before outputs take their names and
telling their size and time, so that it is true only of outputs that did. One file for a folder, and not
attributes or files beside each output, because a later run looks there before it opens a single input.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convtool.errors import KernelError
from convtool.kernels.resolve import files
from convtool.outputs.jobs import Job

NAME = ".convtool.jsonl"
# What changes where a result is computed, or that it is, but not what it is.
IRRELEVANT = (
    "device",
    "algorithm",
    "compile",
    "overwrite",
    "kernel_path",
    "max_pixels",
    "max_memory",
    "max_seconds",
)


class Made:
    """What runs before this one have made in a folder.

    Args:
        root: the folder.
        version: of this program, whose results may differ from another's.
        settings: dataclasses with all that results depend on.
    """

    def __init__(self, root: Path, version: str, settings: Sequence[Any]) -> None:
        self._path = root / NAME
        self._how = _digest(version, settings)
        self._known: dict[tuple[str, str], dict[str, Any]] | None = None

    def has(self, job: Job) -> bool:
        """Return whether all outputs of a job are there, made of the same input by the same settings."""
        known = self._read().get((os.path.realpath(job.input), self._how))
        if known is None or known["input"] != _identity(Path(job.input)):
            return False
        root = self._path.parent
        return all(
            _identity(root / name) == identity for name, identity in known["outputs"].items()
        )

    def add(self, job: Job, outputs: Sequence[tuple[Path, os.stat_result]]) -> None:
        """Note the outputs of a job, which are complete and about to take their names."""
        root = self._path.parent
        record = {
            "of": os.path.realpath(job.input),
            "how": self._how,
            "input": _identity(Path(job.input)),
            "outputs": {
                os.path.relpath(path, root): [status.st_size, status.st_mtime_ns]
                for path, status in outputs
            },
        }
        line = json.dumps(record).encode() + b"\n"
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        try:
            os.write(
                descriptor, line
            )  # one write, so that lines of runs at the same time do not mix
        finally:
            os.close(descriptor)

    def _read(self) -> dict[tuple[str, str], dict[str, Any]]:
        if self._known is None:  # set when it is whole: other threads look, too
            known = {}
            try:
                lines = self._path.read_bytes().splitlines()
            except OSError:
                lines = []
            for line in lines:
                try:
                    record = json.loads(line)
                    known[record["of"], record["how"]] = {
                        key: record[key] for key in ("input", "outputs")
                    }
                except (ValueError, KeyError, TypeError):
                    continue  # cut by a full disk, or not ours: as if it were not there
            self._known = known
        return self._known


def _identity(path: Path) -> list[int] | None:
    """Return a file's size and time, or None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _digest(version: str, settings: Sequence[Any]) -> str:
    """Return what stands for all that results depend on: options, and the files of kernels."""
    values: dict[str, Any] = {"version": version}
    for group in settings:
        values |= {
            key: value for key, value in dataclasses.asdict(group).items() if key not in IRRELEVANT
        }
    search = next(
        (tuple(group.kernel_path) for group in settings if hasattr(group, "kernel_path")), ()
    )
    values["files"] = [_contents(spec, search) for spec in values.get("kernel", ())]
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()


def _contents(text: str, search: Sequence[Path]) -> list[str]:
    """Return the digests of the files that a kernel is read from; none where it cannot be read."""
    try:
        paths = [path for path in files(text, search) if path.is_file()]
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    except (KernelError, OSError, ValueError):
        return []
