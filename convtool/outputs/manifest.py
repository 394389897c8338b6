"""Remember how outputs were made, so that an interrupted run can be continued.

Hidden files of the OUTPUT folder have one line of JSON per input. It is appended before outputs
take their names and states their size and time, so that it holds only for outputs that were
published. They are files of the folder, not attributes or files beside each output, because a later
run reads them before it opens a single input. Each shard writes one of its own, as machines cannot
append to the same file; whoever reads takes them together.
"""

import dataclasses
import hashlib
import json
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from convtool import system
from convtool.errors import KernelError
from convtool.kernels.resolve import files
from convtool.outputs.job import Job
from convtool.outputs.records import Records, name_for
from convtool.outputs.shards import Shard

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
        shard: whose record this run writes.
    """

    def __init__(
        self, root: Path, version: str, options: Sequence[Any], shard: Shard | None = None
    ) -> None:
        self._root, self._path = root, root / name_for(shard)
        self._needed, self._begun = shard is not None, False
        self._lock = threading.Lock()
        self._digest = _digest(version, options)
        self._records = Records(root)

    def is_up_to_date(self, job: Job) -> bool:
        """Return whether every output of a job is there, made from its input by these options."""
        now: list[int] | None = None
        for record in self._records.of(os.path.realpath(job.input)):
            if record["how"] != self._digest:
                continue
            now = now or _size_and_time(Path(job.input))
            if record["input"] == now and self._are_there(record["outputs"]):
                return True
        return False

    def _are_there(self, outputs: dict[str, list[int]]) -> bool:
        return all(_size_and_time(self._root / name) == was for name, was in outputs.items())

    def made(self, job: Job, path: Path) -> bool:
        """Return whether a file is as an earlier run made it from a job's input, by any options."""
        name, now = os.path.relpath(path, self._root), _size_and_time(path)
        records = self._records.of(os.path.realpath(job.input))
        return now is not None and any(record["outputs"].get(name) == now for record in records)

    def begin(self) -> None:
        """Record that a run begins; without a shard, once there is something else to record."""
        if self._needed:
            self._append()

    def end(self, inputs: int) -> None:
        """Record that a run has come to its end.

        Args:
            inputs: how many there are, of all shards.
        """
        self._append_if_kept({"ended": time.time(), "inputs": inputs})

    def failed(self, name: str, error: str) -> None:
        """Record that an input could not be filtered.

        Args:
            name: of the input.
            error: why.
        """
        self._append_if_kept({"of": os.path.realpath(name), "failed": error})

    def add(self, job: Job, outputs: Sequence[tuple[Path, os.stat_result]]) -> None:
        """Record the outputs of a job, which are complete and about to be published.

        Args:
            job: whose they are.
            outputs: the final name of each, and the status of the file that will take it.
        """
        self._append(
            {
                "of": os.path.realpath(job.input),
                "input": _size_and_time(Path(job.input)),
                "outputs": {
                    os.path.relpath(path, self._root): [status.st_size, status.st_mtime_ns]
                    for path, status in outputs
                },
            }
        )

    def _append_if_kept(self, record: dict[str, Any]) -> None:
        """Append a record, but make no folder for it alone."""
        if self._needed or self._root.is_dir():
            self._append(record)

    def _append(self, *records: dict[str, Any]) -> None:
        with self._lock:
            if not self._begun:
                records = ({"begun": time.time()}, *records)
                self._begun = True
        data = b"".join(
            json.dumps({**record, "how": self._digest}).encode() + b"\n" for record in records
        )
        self._root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, _APPEND, 0o666)
        try:
            os.write(descriptor, data)  # at once: lines of simultaneous runs do not mix
        finally:
            os.close(descriptor)


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
