"""Group inputs into tasks by their sizes, as far as the time that others took tells.

A task should take seconds: much less, and scheduling it shows; much more, and the last one keeps
the others waiting, and a worker that dies takes much work with it.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from convtool.outputs.job import Job

SECONDS = 2.0  # that a task should take at least
PER_SLOT = 0.007  # the same for each slot: twice as long as the command is busy with a task
FILES = 128  # the most of a task
FIRST = 2**24  # bytes of a task, until one has come back
PER_FILE = 2**16  # bytes that take as long as opening a file and writing another
SHARE = 4  # of what is left, a slot gets one part in so many: the last tasks are small
MEMORY = 0.9  # how much of what was measured before counts beside the next


@dataclass(frozen=True)
class Group:
    """The jobs of a task.

    Attributes:
        jobs: each with its place in the run.
        weight: their bytes, and `PER_FILE` for each.
        deaths: how many workers have died that ran them, memory apart.
        again: a worker has died that ran them, for whatever reason.
    """

    jobs: tuple[tuple[int, Job], ...]
    weight: int
    deaths: int = 0
    again: bool = False

    def alone(self) -> list["Group"]:
        """Return a group per job, for when a worker has died: one of them may be why."""
        return [Group((one,), 0, self.deaths + 1, again=True) for one in self.jobs]

    def halves(self) -> list["Group"]:
        """Return two groups of fewer jobs, for when memory was short; one job counts a death."""
        if len(self.jobs) == 1:
            return self.alone()
        middle = len(self.jobs) // 2
        parts = (self.jobs[:middle], self.jobs[middle:])
        return [Group(part, self.weight // 2, self.deaths, again=True) for part in parts]


def seconds(slots: int) -> float:
    """Return how long a task should take, so that one command can keep so many slots busy."""
    return max(SECONDS, PER_SLOT * slots)


class Grouping:
    """Takes the jobs of a run as tasks.

    Args:
        jobs: the jobs, in order; they are taken when a task is.
        count: how many there are; None for many.
        size_of: returns the bytes of a job's input, 0 where they are not known.
        single: each job is a task.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        count: int | None,
        size_of: Callable[[Job], int],
        *,
        single: bool = False,
    ) -> None:
        self._coming = enumerate(jobs)
        self._held: tuple[int, Job, int] | None = None  # it did not fit into the last task
        self._size_of = size_of
        self._left, self._most = count, 1 if single else FILES
        self._seconds = self._weight = 0.0  # of tasks that have come back
        self.taken = 0

    def took(self, group: Group, seconds: float) -> None:
        """Learn how long a task took."""
        self._seconds = MEMORY * self._seconds + seconds
        self._weight = MEMORY * self._weight + group.weight

    def next(self, slots: int) -> Group | None:
        """Return the next task; None where no job is left.

        Args:
            slots: how many tasks run at once.
        """
        most, heaviest = self._most, float(FIRST)
        if self._left is not None:
            most = min(most, max(1, math.ceil(self._left / (SHARE * slots))))
        if self._seconds and self._weight:
            heaviest = seconds(slots) * self._weight / self._seconds
        jobs: list[tuple[int, Job]] = []
        total = 0
        while len(jobs) < most and (one := self._one()) is not None:
            place, job, weight = one
            if jobs and total + weight > heaviest:
                self._held = one
                break
            jobs.append((place, job))
            total += weight
        self.taken += len(jobs)
        if self._left is not None:
            self._left -= len(jobs)
        return Group(tuple(jobs), total) if jobs else None

    def _one(self) -> tuple[int, Job, int] | None:
        """Return the next job with its place and weight."""
        if self._held is not None:
            one, self._held = self._held, None
            return one
        for place, job in self._coming:
            return place, job, self._size_of(job) + PER_FILE
        return None
