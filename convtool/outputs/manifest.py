"""Remember how outputs were made, so that an interrupted run can be continued.

Hidden files of the OUTPUT folder have one line of JSON per input. It is appended before outputs
take their names and states their size and time, so that it holds only for outputs that were
published. They are files of the folder, not attributes or files beside each output, because a later
run reads them before it opens a single input. Each shard writes one of its own, and so does each
machine that filters for a run, as machines cannot append to the same file; whoever reads takes them
together.
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
from convtool.outputs import leftovers
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
    "segments",
)
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | system.BINARY


@dataclasses.dataclass(frozen=True)
class Writer:
    """Who records, where several processes filter for one run.

    Attributes:
        run: tells the records of this run from those of others.
        node: the machine; None for the process that all are reported to.
    """

    run: str
    node: str | None = None


class Manifest:
    """The record of the outputs in a folder, by this run and earlier ones.

    Args:
        root: the folder.
        version: of this program; another version may give other results.
        options: dataclasses with every option that results depend on.
        shard: whose record this run writes.
        writer: who records; None where one process filters everything.
    """

    def __init__(
        self,
        root: Path,
        version: str,
        options: Sequence[Any],
        shard: Shard | None = None,
        writer: Writer | None = None,
    ) -> None:
        self._root = root
        self._path = root / name_for(shard, None if writer is None else writer.node)
        self._needed, self._begun = shard is not None or writer is not None, False
        self._run = None if writer is None else writer.run
        self._lock = threading.Lock()
        self._swept: set[Path] = set()
        self._digest = digest_of(version, options)
        self._records = Records(root)

    def is_up_to_date(self, job: Job) -> bool:
        """Return whether an earlier run made every output of a job from its input as it is now."""
        now: list[int] | None = None
        for record in self._records.of(os.path.realpath(job.input)):
            if record["how"] != self._digest or self._is_of_this_run(record):
                continue
            now = now or _size_and_time(Path(job.input))
            if record["input"] == now and self._are_there(record["outputs"]):
                return True
        return False

    def _are_there(self, outputs: dict[str, list[int]]) -> bool:
        return all(_size_and_time(self._root / name) == was for name, was in outputs.items())

    def made(self, job: Job, path: Path, *, now: bool = False) -> bool:
        """Return whether a file is as a run made it from a job's input, by any options.

        Args:
            job: the job.
            path: the file.
            now: whether this run did, in another process; else any run.
        """
        status = _size_and_time(path)
        if status is None:
            return False
        name = os.path.relpath(path, self._root)
        records = self._records.of(os.path.realpath(job.input))
        if now:
            records = list(filter(self._is_of_this_run, records))
        return any(record["outputs"].get(name) == status for record in records)

    def _is_of_this_run(self, record: dict[str, Any]) -> bool:
        return self._run is not None and record.get("run") == self._run

    def sweep(self, folder: Path) -> None:
        """Remove what a killed run left half-written in a folder, before the first output there."""
        with self._lock:
            if folder in self._swept:
                return
            self._swept.add(folder)
        leftovers.sweep(folder)

    def begin(self) -> None:
        """Record that a run begins; one of a single process, once there is more to record."""
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
        more = {"how": self._digest} | ({} if self._run is None else {"run": self._run})
        data = b"".join(json.dumps(record | more).encode() + b"\n" for record in records)
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


def digest_of(version: str, options: Sequence[Any]) -> str:
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
