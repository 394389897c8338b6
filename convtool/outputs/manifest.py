"""Remember how outputs were made, so that an interrupted run can be continued.

A hidden file of the OUTPUT folder has one line of JSON per input. It is appended before outputs
take their names and states their size and time, so that it holds only for outputs that were
published. It is one file per folder, not attributes or files beside each output, because a later
run reads it before it opens a single input.
"""

import dataclasses
import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convtool import system
from convtool.errors import KernelError
from convtool.kernels.resolve import files
from convtool.outputs.jobs import Job

NAME = ".convtool.jsonl"
# Options that change where a result is computed, or whether it is, but not the result.
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
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | system.BINARY


class Manifest:
    """The record of the outputs in a folder, by this run and earlier ones.

    Args:
        root: the folder.
        version: of this program; another version may give other results.
        options: dataclasses with every option that results depend on.
    """

    def __init__(self, root: Path, version: str, options: Sequence[Any]) -> None:
        self._path = root / NAME
        self._digest = _digest(version, options)
        self._records: dict[tuple[str, str], dict[str, Any]] | None = None

    def is_up_to_date(self, job: Job) -> bool:
        """Return whether every output of a job is there, made from its input by these options."""
        record = self._read().get((os.path.realpath(job.input), self._digest))
        if record is None or record["input"] != _size_and_time(Path(job.input)):
            return False
        root = self._path.parent
        return all(_size_and_time(root / name) == was for name, was in record["outputs"].items())

    def made(self, job: Job, path: Path) -> bool:
        """Return whether a file is as an earlier run made it from a job's input, by any options."""
        name, now = os.path.relpath(path, self._path.parent), _size_and_time(path)
        source = os.path.realpath(job.input)
        return now is not None and any(
            record["outputs"].get(name) == now
            for (of, _), record in self._read().items()
            if of == source
        )

    def add(self, job: Job, outputs: Sequence[tuple[Path, os.stat_result]]) -> None:
        """Record the outputs of a job, which are complete and about to be published.

        Args:
            job: whose they are.
            outputs: the final name of each, and the status of the file that will take it.
        """
        root = self._path.parent
        record = {
            "of": os.path.realpath(job.input),
            "how": self._digest,
            "input": _size_and_time(Path(job.input)),
            "outputs": {
                os.path.relpath(path, root): [status.st_size, status.st_mtime_ns]
                for path, status in outputs
            },
        }
        line = json.dumps(record).encode() + b"\n"
        descriptor = os.open(self._path, _APPEND, 0o666)
        try:
            os.write(descriptor, line)  # at once: lines of simultaneous runs do not mix
        finally:
            os.close(descriptor)

    def _read(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return the records of earlier runs, by input and digest of the options."""
        if self._records is None:
            self._records = _read_records(self._path)  # complete: other threads read it, too
        return self._records


def _read_records(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    records = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        lines = []
    for line in lines:
        try:
            record = json.loads(line)
            key = record["of"], record["how"]
            records[key] = {"input": record["input"], "outputs": record["outputs"]}
        except (ValueError, KeyError, TypeError):
            continue  # truncated by a full disk, or written by somebody else
    return records


def _size_and_time(path: Path) -> list[int] | None:
    """Return a file's size and modification time, or None where it is missing."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _digest(version: str, options: Sequence[Any]) -> str:
    """Return a digest of everything that results depend on: options, and kernel files."""
    values: dict[str, Any] = {}
    for group in options:
        values |= dataclasses.asdict(group)
    search = tuple(values.get("kernel_path", ()))
    relevant = {name: value for name, value in values.items() if name not in IRRELEVANT}
    relevant["version"] = version
    relevant["files"] = [_contents(text, search) for text in values.get("kernel", ())]
    text = json.dumps(relevant, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _contents(text: str, search: Sequence[Path]) -> list[str]:
    """Return a digest of each file that a kernel is read from; none where it cannot be read."""
    try:
        paths = [path for path in files(text, search) if path.is_file()]
        return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    except (KernelError, OSError, ValueError):
        return []
