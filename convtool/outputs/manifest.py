"""Remember how outputs were made, so that an interrupted run can be continued.

Hidden files of the OUTPUT folder have one line of JSON per input. It is appended before outputs
take their names and states their size and time, so that it holds only for outputs that were
published. They are files of the folder, not attributes or files beside each output, because a later
run reads them before it opens a single input. Each shard writes one of its own, and so does each
machine that filters for a run, as machines cannot append to the same file; whoever reads takes them
together.

In a store, the version of an object is known when it is there, so it is recorded then; what a run
that was killed had not recorded is known by its mark.
"""

import dataclasses
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from convtool.errors import ConvtoolError, KernelError, WriteError
from convtool.kernels.resolve import files
from convtool.outputs import leftovers
from convtool.outputs.job import Job
from convtool.outputs.journal import FileJournal, StoreJournal
from convtool.outputs.records import Records, name_for
from convtool.outputs.shards import Shard
from convtool.outputs.states import State, is_marked, state
from convtool.places.names import Place, RemotePath, place, real, relative
from convtool.places.uploads import Origin

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

    Attributes:
        run: tells this run from others where several processes filter for it, else None.
    """

    def __init__(
        self,
        root: Place,
        version: str,
        options: Sequence[Any],
        shard: Shard | None = None,
        writer: Writer | None = None,
    ) -> None:
        self._root = root
        self._journal = _journal(root / name_for(shard, None if writer is None else writer.node))
        self._needed, self._begun = shard is not None or writer is not None, False
        self.run = None if writer is None else writer.run
        self._lock = threading.Lock()
        self._flaw: WriteError | None = None
        self._swept: set[Path] = set()
        self._digest = digest_of(version, options)
        self._records = Records(root)

    def is_up_to_date(self, job: Job) -> bool:
        """Return whether an earlier run made every output of a job from its input as it is now."""
        now: State | None = None
        for record in self._records.of(real(job.input)):
            if record["how"] != self._digest or self._is_of_this_run(record):
                continue
            now = now or _state_of_input(job)
            if record["input"] == now and self._are_there(record["outputs"]):
                return True
        return False

    def _are_there(self, outputs: dict[str, State]) -> bool:
        return all(state(self._root / name) == was for name, was in outputs.items())

    def made(self, job: Job, path: Place, *, now: bool = False) -> bool:
        """Return whether a file is as a run made it from a job's input, by any options.

        Args:
            job: the job.
            path: the file.
            now: whether this run did, in another process; else any run.
        """
        status = state(path)
        if status is None:
            return False
        name = relative(path, self._root)
        records = self._records.of(real(job.input))
        if now:
            records = list(filter(self._is_of_this_run, records))
        if any(record["outputs"].get(name) == status for record in records):
            return True
        origin = Origin(real(job.input), self.run if now else None)
        return isinstance(path, RemotePath) and is_marked(path, origin)

    def _is_of_this_run(self, record: dict[str, Any]) -> bool:
        return self.run is not None and record.get("run") == self.run

    def sweep(self, folder: Place) -> None:
        """Remove what a killed run left half-written in a folder, before the first output there."""
        if isinstance(folder, RemotePath):
            return  # nothing is half-written there
        with self._lock:
            if folder in self._swept:
                return
            self._swept.add(folder)
        leftovers.sweep(folder)

    def begin(self) -> None:
        """Record that a run begins; one of a single process, once there is more to record."""
        if self._needed:
            self._append_if_kept()
            self._journal.write()

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
        self._append_if_kept({"of": real(name), "failed": error})

    def add(self, job: Job, outputs: Sequence[tuple[Place, State]]) -> None:
        """Record the outputs of a job: in a folder before they are published, in a store then.

        Args:
            job: whose they are.
            outputs: the final name of each, and the state of the file that will take it.
        """
        made = {relative(path, self._root): was for path, was in outputs}
        self._append({"of": real(job.input), "input": _state_of_input(job), "outputs": made})

    def write(self) -> None:
        """Write what is not written yet, as far as the store answers."""
        self._journal.write()

    def close(self) -> None:
        """Write what is not written yet; nothing is recorded any more.

        Raises:
            WriteError: the store refuses it, or the disk had no room for records that are of no
                output.
        """
        self._journal.close()
        if self._flaw is not None:
            raise self._flaw

    def _append_if_kept(self, *records: dict[str, Any]) -> None:
        """Append what is of no output: no folder is made for it alone, and no run ends by it."""
        try:
            if self._needed or self._journal.is_kept:
                self._append(*records)
        except OSError as exc:
            message = f"{self._root}: the record of this run cannot be written: {exc.strerror}"
            self._flaw = WriteError(message, named=True)

    def _append(self, *records: dict[str, Any]) -> None:
        more = {"how": self._digest} | ({} if self.run is None else {"run": self.run})
        with self._lock:  # what begins a run comes before all else of it
            if not self._begun:
                records = ({"begun": time.time()}, *records)
            data = b"".join(json.dumps(record | more).encode() + b"\n" for record in records)
            self._journal.append(data)
            self._begun = True


def _journal(path: Place) -> FileJournal | StoreJournal:
    return StoreJournal(path) if isinstance(path, RemotePath) else FileJournal(path)


def _state_of_input(job: Job) -> State | None:
    """Return the state of an input; that of a remote one as it was before it was read."""
    if job.known is not None:
        return [job.known.size, job.known.version]
    return state(place(job.input))


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


@contextmanager
def kept(manifest: Manifest | None) -> Iterator[None]:
    """Write what is left of a manifest where the block fails; who goes on closes it."""
    try:
        yield
    except BaseException:
        if manifest is not None:
            with suppress(ConvtoolError):
                manifest.close()
        raise
