"""Send the jobs of a run to workers, group by group, and yield each with its outcome, in order.

A bounded number of groups is under way, and a bounded number of outcomes waits for those before
them. Jobs whose worker died are sent again, each alone, a bounded number of times. It knows nothing
of Ray: `Tasks` is what it needs.
"""

import queue
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Literal, Protocol

from convtool.cluster.groups import FILES, Group, Grouping
from convtool.cluster.parcels import Parcel, Result
from convtool.layers.layer import Layer
from convtool.outputs.job import Job
from convtool.run.outcomes import Outcome

AHEAD = 2  # tasks per slot that are under way or wait in the cluster
WINDOW = 4  # tasks per slot between the first that is not done and the last that was sent
DEATHS = 3  # workers that may die of a job
POLL = 1.0  # seconds after which the number of slots is asked for again

Done = tuple[Job, Outcome]
Loss = Literal["died", "memory"]


class Tasks(Protocol):
    """What runs groups of jobs, elsewhere."""

    def slots(self) -> int:
        """Return how many tasks run at once, as far as is known now; at least 1."""

    def submit(self, parcel: Parcel, turn: int | None) -> "Future[Result]":
        """Begin a task.

        Args:
            parcel: its jobs.
            turn: None for anywhere; else a number whose next one stands for another node.
        """

    def loss(self, exc: BaseException) -> Loss | None:
        """Return what became of a task's worker, by what its future raised; None for a fault."""

    def node(self, id: str) -> str:
        """Return the name of a node."""


class Dispatch:
    """Runs the jobs of a run as tasks.

    Args:
        grouping: the jobs.
        tasks: run them.
        protected: further names of files that must not be replaced; it may grow meanwhile.
        most: tasks at once; None for as many as there are slots.
        stop: send nothing after the first failure.
        learn: takes the layers that workers make, where they send them.

    Attributes:
        lost: jobs whose worker died.
    """

    def __init__(
        self,
        grouping: Grouping,
        tasks: Tasks,
        protected: Sequence[str] = (),
        *,
        most: int | None = None,
        stop: bool = False,
        learn: Callable[[Sequence[Layer]], None] | None = None,
    ) -> None:
        self._grouping, self._tasks, self._protected = grouping, tasks, protected
        self._most, self._stop, self._learn = most, stop, learn
        self._again: deque[Group] = deque()
        self._running: dict[Future[Result], Group] = {}
        self._finished: queue.SimpleQueue[Future[Result]] = queue.SimpleQueue()
        self._ready: dict[int, Done] = {}
        self._next = 0
        self._stopped = False
        self.lost: list[Job] = []

    def run(self) -> Generator[Done]:
        """Yield each job with its outcome, in order.

        Raises:
            UsageError: the call itself is wrong.
        """
        while True:
            self._fill()
            if not self._running:
                break
            for future in self._come():
                self._take(self._running.pop(future), future)
            yield from self._in_order()
        for place in sorted(self._ready):  # some before them were not begun
            yield self._ready[place]

    def _fill(self) -> None:
        """Begin as many tasks as there is room for."""
        slots = self._tasks.slots()
        limit = slots if self._stop else AHEAD * slots
        if self._most is not None:
            limit = min(limit, self._most)
        while len(self._running) < limit and (group := self._group(slots)) is not None:
            jobs = [job for _, job in group.jobs]
            parcel = Parcel(jobs, tuple(self._protected), again=group.again)
            turn = group.jobs[0][0] + group.deaths if group.deaths else None
            future = self._tasks.submit(parcel, turn)
            self._running[future] = group
            future.add_done_callback(self._finished.put)

    def _group(self, slots: int) -> Group | None:
        """Return what is sent next; None where nothing is, or others must come back first."""
        if self._stopped:
            return None
        if self._again:
            return self._again.popleft()
        if self._grouping.taken - self._next > WINDOW * slots * FILES:
            return None
        return self._grouping.next(slots)

    def _come(self) -> Iterator[Future[Result]]:
        """Yield the tasks that have come to an end; wait a while for the first."""
        try:
            yield self._finished.get(timeout=POLL)
            while True:
                yield self._finished.get_nowait()
        except queue.Empty:
            return

    def _take(self, group: Group, future: "Future[Result]") -> None:
        """Take what a task has come to."""
        exc = future.exception()
        if exc is None:
            self._take_result(group, future.result())
            return
        loss = self._tasks.loss(exc)
        if loss is None:
            raise exc
        self.lost += [job for _, job in group.jobs]
        for smaller in group.halves() if loss == "memory" else group.alone():
            if smaller.deaths < DEATHS:
                self._again.append(smaller)
            else:
                self._give_up(smaller)

    def _take_result(self, group: Group, result: Result) -> None:
        if result.error is not None:
            raise result.error
        self._grouping.took(group, result.seconds)
        if self._learn is not None:
            self._learn(result.layers)
        node = self._tasks.node(result.node)
        for (place, job), outcome in zip(group.jobs, result.outcomes, strict=True):
            if outcome is not None:
                self._put(place, job, replace(outcome, node=node))

    def _give_up(self, group: Group) -> None:
        for place, job in group.jobs:
            reason = f"its worker died {DEATHS} times (killed, or out of memory)"
            self._put(place, job, Outcome(job.input, "failed", error=f"{job.input}: {reason}"))

    def _put(self, place: int, job: Job, outcome: Outcome) -> None:
        self._ready[place] = job, outcome
        self._stopped |= self._stop and outcome.error is not None

    def _in_order(self) -> Iterator[Done]:
        """Yield what is next."""
        while self._next in self._ready:
            yield self._ready.pop(self._next)
            self._next += 1
