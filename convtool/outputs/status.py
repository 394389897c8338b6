"""Tell how far the outputs of a folder have come, from what its shards recorded."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from convtool.outputs.records import Written, key_of, lines, manifests
from convtool.outputs.shards import Shard
from convtool.places.names import Place

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
    """What the manifests of a shard record of runs with the options of its last one.

    The main one knows when runs began and ended, and what failed; those of machines that filtered
    for it, what was done.

    Attributes:
        how: the digest of the options.
        begun: when the last run began.
        is_main: it is the shard's own, not that of a machine.
        hashes: those of inputs that have outputs, by run; None for runs of one process.
        status: what it comes to.
    """

    def __init__(self, written: Written) -> None:
        self.how, self.begun, self.status = "", 0.0, ShardStatus(written.shard)
        self.is_main = written.is_main
        self._turns: list[str | None] = []  # the runs that began, in order
        self._failed: dict[str, int] = {}  # in which turn
        self.hashes: dict[str | None, array[int]] = {}
        for _, record in chain.from_iterable(map(lines, written.paths)):
            if "begun" in record:
                if record["how"] != self.how:
                    self._forget()
                self.how, self.begun = record["how"], record["begun"]
                self.status.state, self.status.inputs = "unfinished", None
                self._turns.append(record.get("run"))
            elif record["how"] == self.how:
                self._take(record)

    def _forget(self) -> None:
        """Leave out what runs with other options did."""
        self.hashes.clear()
        self.status.failures.clear()

    def _take(self, record: dict[str, Any]) -> None:
        if "ended" in record:
            self.status.state, self.status.inputs = "complete", record.get("inputs")
            return
        if (name := record.get("of")) is None:
            return
        if "failed" in record:
            self.status.failures[name] = str(record["failed"])
            self._failed[name] = len(self._turns)
        elif "outputs" in record:
            self.status.failures.pop(name, None)
            self.hashes.setdefault(record.get("run"), array("Q")).append(key_of(name))

    def join(self, others: Iterable["_Record"]) -> None:
        """Add what machines did for this shard, where this is its main manifest."""
        turns = {run: turn for turn, run in enumerate(self._turns, 1)}
        for other in others:
            self.begun = max(self.begun, other.begun)
            for run, hashes in other.hashes.items():
                turn, there = turns.get(run, len(self._turns)), np.unique(np.asarray(hashes))
                for name in list(self.status.failures):
                    if self._failed[name] <= turn and _holds(there, key_of(name)):
                        del self.status.failures[name]
                self.hashes.setdefault(run, array("Q")).extend(hashes)
        if not self.is_main:
            self.status.state = "unfinished"

    def done(self) -> NDArray[np.uint64]:
        """Return the hashes of the inputs that have outputs, each once."""
        found = [np.asarray(hashes) for hashes in self.hashes.values()]
        return np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint64)


def status(root: Place) -> list[ShardStatus]:
    """Return how far each shard of the last division has come, in order; none where none began.

    Inputs that failed in a shard and were filtered since, by whatever run, count as done.

    Args:
        root: the folder of the outputs.

    Raises:
        ReadError: the store does not answer, or denies access.
    """
    records = list(map(_Record, manifests(root)))
    last = max(records, key=lambda record: record.begun, default=None)
    if last is None or not last.how:
        return []
    records = _joined(record for record in records if record.how == last.how)
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


def _joined(records: Iterable[_Record]) -> list[_Record]:
    """Return one record per shard, of all machines that filtered for it."""
    shards: dict[Shard | None, list[_Record]] = {}
    for record in sorted(records, key=lambda record: not record.is_main):
        shards.setdefault(record.status.shard, []).append(record)
    for main, *others in shards.values():
        main.join(others)
    return [main for main, *_ in shards.values()]


def _settle(records: list[_Record]) -> None:
    """Count what each shard has done, and what failed in one and was done by another."""
    done = [record.done() for record in records]
    for index, record in enumerate(records):
        failures = record.status.failures
        others = [hashes for other, hashes in enumerate(done) if other != index]
        for name in list(failures):
            if any(_holds(hashes, key_of(name)) for hashes in others):
                del failures[name]
                record.status.done += not _holds(done[index], key_of(name))
        undone = sum(_holds(done[index], key_of(name)) for name in failures)
        record.status.done += len(done[index]) - undone


def _holds(hashes: NDArray[np.uint64], one: int) -> bool:
    place = int(np.searchsorted(hashes, np.uint64(one)))
    return place < len(hashes) and int(hashes[place]) == one
