"""Tell how far the outputs of a folder have come, from what its shards recorded."""

from array import array
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from convtool.outputs.records import digest, lines, manifests
from convtool.outputs.shards import Shard

State = Literal["complete", "unfinished", "missing"]


@dataclass
class ShardStatus:
    """How far a shard has come, or a run without shards.

    Attributes:
        shard: which; None where there are none.
        state: `complete`, where its last run came to its end; `unfinished`, as it runs or was
            interrupted; or `missing`, where it has not begun.
        done: how many of its inputs have outputs.
        failures: its inputs that failed and have no outputs since, each with the reason.
        inputs: how many inputs it has found, of all shards; None where it has not come to an end.
    """

    shard: Shard | None
    state: State = "missing"
    done: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    inputs: int | None = None


class _Record:
    """What a manifest records of runs with the options of its last one.

    Attributes:
        how: the digest of the options.
        begun: when the last run began.
        status: what it comes to.
    """

    def __init__(self, path: Path, shard: Shard | None) -> None:
        self.how, self.begun, self.status = "", 0.0, ShardStatus(shard)
        self._done = array("Q")
        for _, record in lines(path):
            if "begun" in record:
                if record["how"] != self.how:
                    self._forget()
                self.how, self.begun = record["how"], float(record["begun"])
                self.status.state, self.status.inputs = "unfinished", None
            elif record["how"] == self.how:
                self._take(record)

    def _forget(self) -> None:
        """Leave out what runs with other options did."""
        self._done = array("Q")
        self.status.failures.clear()

    def _take(self, record: dict[str, object]) -> None:
        name = str(record.get("of"))
        if "ended" in record:
            self.status.state, self.status.inputs = "complete", int(str(record["inputs"]))
        elif "failed" in record:
            self.status.failures[name] = str(record["failed"])
        elif "outputs" in record:
            self.status.failures.pop(name, None)
            self._done.append(digest(name))

    def done(self) -> NDArray[np.uint64]:
        """Return the hashes of the inputs that have outputs, each once."""
        return np.unique(np.asarray(self._done))


def status(root: Path) -> list[ShardStatus]:
    """Return how far each shard of the last division has come, in order; none where none began.

    Inputs that failed in a shard and were filtered since, by whatever run, count as done.

    Args:
        root: the folder of the outputs.
    """
    records = [_Record(path, shard) for path, shard in manifests(root).items()]
    last = max(records, key=lambda record: record.begun, default=None)
    if last is None or not last.how:
        return []
    records = [record for record in records if record.how == last.how]
    _settle(records)
    found = [record.status for record in records]
    divided = [record for record in records if record.status.shard is not None]
    if not divided:
        return found
    newest = max(divided, key=lambda record: record.begun).status.shard
    assert newest is not None
    there = {one.shard.number: one for one in found if one.shard and one.shard.of == newest.of}
    numbers = range(1, newest.of + 1)
    return [there.get(number, ShardStatus(Shard(number, newest.of))) for number in numbers]


def _settle(records: list[_Record]) -> None:
    """Count what each manifest has done, and what failed in one and was done by another."""
    done = [record.done() for record in records]
    for index, record in enumerate(records):
        failures = record.status.failures
        others = [hashes for other, hashes in enumerate(done) if other != index]
        for name in list(failures):
            if any(_holds(hashes, digest(name)) for hashes in others):
                del failures[name]
                record.status.done += not _holds(done[index], digest(name))
        undone = sum(_holds(done[index], digest(name)) for name in failures)
        record.status.done += len(done[index]) - undone


def _holds(hashes: NDArray[np.uint64], one: int) -> bool:
    place = int(np.searchsorted(hashes, np.uint64(one)))
    return place < len(hashes) and int(hashes[place]) == one
