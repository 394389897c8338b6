"""Jobs in groups: which are sent together, what is sent again, how much is under way at once."""

import itertools
import threading
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from convtool.cluster.dispatch import AHEAD, DEATHS, Dispatch
from convtool.cluster.groups import FILES, FIRST, SECONDS, Grouping, seconds
from convtool.cluster.parcels import Result
from convtool.errors import UsageError
from convtool.outputs.job import Job
from convtool.run.outcomes import Outcome


def jobs(count):
    """Yield jobs, made when they are asked for."""
    for number in range(count):
        yield Job(f"{number}.png", Path("out"), str(number), ".png", split=False, index=number + 1)


class Lost(Exception):  # noqa: N818  # it is what befell a worker
    """A worker is lost."""


class Workers:
    """Workers in this process, which take their time in a thread of their own.

    Args:
        slots: how many there are.
        harm: takes the names of a group, and returns what becomes of its worker.
        fail: the names of inputs that fail.
    """

    def __init__(self, slots=2, harm=lambda _: None, fail=()):
        self._slots, self._harm, self._fail = slots, harm, fail
        self.sent, self.again, self.turns, self.most, self._running = [], [], [], 0, 0

    def slots(self):
        """Return how many there are."""
        return self._slots

    def node(self, id):
        """Return a node's name."""
        return f"node {id}"

    def loss(self, exc):
        """Return what befell a worker."""
        return exc.args[0] if isinstance(exc, Lost) else None

    def submit(self, parcel, turn):
        """Begin a task."""
        names = [job.input for job in parcel.jobs]
        self.sent.append(names)
        self.again.append(parcel.again)
        self.turns.append(turn)
        self._running += 1
        self.most = max(self.most, self._running)
        future = Future()
        threading.Thread(target=self._finish, args=(parcel, names, future)).start()
        return future

    def _finish(self, parcel, names, future):
        time.sleep(0.002)
        self._running -= 1
        harm = self._harm(names)
        if isinstance(harm, UsageError):
            future.set_result(Result("x", error=harm))
        elif isinstance(harm, Exception):
            future.set_exception(harm)
        elif harm is not None:
            future.set_exception(Lost(harm))
        else:
            outcomes = [self._outcome(job) for job in parcel.jobs]
            future.set_result(Result("x", outcomes, 0.001 * len(names)))

    def _outcome(self, job):
        error = "damaged" if job.input in self._fail else None
        return Outcome(job.input, "failed" if error else "done", error=error)


def ran(workers, count, size=1000, **options):
    """Return what comes of jobs: names and outcomes."""
    grouping = Grouping(jobs(count), count, lambda _: size, single=options.get("stop", False))
    return [(job.input, outcome) for job, outcome in Dispatch(grouping, workers, **options).run()]


def test_outcomes_come_in_the_order_of_jobs():
    """Whatever comes back first, they are yielded in order, with the node that ran them."""
    found = ran(Workers(slots=5), 300)
    assert [name for name, _ in found] == [f"{number}.png" for number in range(300)]
    assert {outcome.node for _, outcome in found} == {"node x"}


def test_a_poison_is_alone_after_the_first_death_and_given_up_after_the_third():
    """The others of its group are sent once more; turns tell the places of its tries apart."""
    workers = Workers(harm=lambda names: "died" if "7.png" in names else None)
    found = dict(ran(workers, 40))
    assert [name for name, outcome in found.items() if outcome.error] == ["7.png"]
    assert found["7.png"].error == "7.png: its worker died 3 times (killed, or out of memory)"
    tries = [names for names in workers.sent if "7.png" in names]
    assert len(tries) == DEATHS
    assert [len(names) for names in tries[1:]] == [1, 1]
    turns = [
        turn for names, turn in zip(workers.sent, workers.turns, strict=True) if names == ["7.png"]
    ]
    assert turns[1] - turns[0] == 1
    sent = list(itertools.chain.from_iterable(workers.sent))
    assert all(sent.count(name) <= 2 for name in found if name != "7.png")


def test_a_group_out_of_memory_is_halved():
    """Until it fits: groups of up to 3 do here; nothing is given up."""
    workers = Workers(slots=1, harm=lambda names: "memory" if len(names) > 3 else None)
    found = ran(workers, 60)
    assert all(outcome.status == "done" for _, outcome in found)
    tried = {len(names) for names in workers.sent if "0.png" in names}
    assert max(tried) > 3
    assert tried == {15, 7, 3}
    tries = zip(workers.sent, workers.again, strict=True)
    assert [again for names, again in tries if "0.png" in names] == [False, True, True]


def test_one_file_out_of_memory_is_given_up():
    """It has no halves: the third time is the last."""
    workers = Workers(harm=lambda names: "memory" if "3.png" in names else None)
    found = dict(ran(workers, 8))
    assert [name for name, outcome in found.items() if outcome.error] == ["3.png"]
    assert workers.sent.count(["3.png"]) == DEATHS


def test_a_wrong_call_ends_the_run():
    """What a worker knows to be wrong with the call is raised here."""
    with pytest.raises(UsageError, match="no such device"):
        ran(Workers(harm=lambda _: UsageError("no such device")), 10)


def test_a_fault_ends_the_run():
    """What is neither an outcome nor a lost worker is raised as it is."""
    with pytest.raises(RuntimeError, match="of our own"):
        ran(Workers(harm=lambda _: RuntimeError("of our own")), 1)


def test_after_a_failure_nothing_begins_where_that_is_asked_for():
    """With `stop`, jobs that were sent are completed, and no others begin."""
    found = ran(Workers(slots=3, fail={"10.png"}), 200, stop=True)
    names = [name for name, _ in found]
    assert "10.png" in names
    assert names == sorted(names, key=lambda name: int(name.partition(".")[0]))
    assert 11 <= len(names) <= 10 + 2 * 3


def test_most_bounds_the_tasks_at_once():
    """As --jobs does; else there are some more than slots, so that none waits for work."""
    limited, free = Workers(slots=4), Workers(slots=4)
    ran(limited, 400, most=3)
    ran(free, 400)
    assert limited.most <= 3
    assert 4 < free.most <= AHEAD * 4


def test_groups_are_as_large_as_measured_seconds_allow():
    """A task takes about two seconds; large files are alone, and the last groups are small."""
    sizes = itertools.cycle([1000])
    grouping = Grouping(jobs(10_000), 10_000, lambda _: next(sizes))
    first = grouping.next(2)
    assert len(first.jobs) == FILES  # 128 small ones weigh less than the first task may
    grouping.took(first, 2 * SECONDS)
    assert len(grouping.next(2).jobs) == FILES // 2
    assert seconds(2) == SECONDS
    assert seconds(1600) > 10  # of a hundred nodes, one command could not serve as many
    sizes = itertools.cycle([3 * FIRST])
    assert len(grouping.next(2).jobs) == 1
    sizes = itertools.cycle([1000])
    last, counts = None, []
    while (group := grouping.next(2)) is not None:
        grouping.took(group, 0.001 * len(group.jobs))
        last = group
        counts.append(len(group.jobs))
    assert len(last.jobs) == 1
    assert sum(counts) + FILES + FILES // 2 + 1 == 10_000


def test_a_million_jobs_do_not_stand_in_memory():
    """Jobs are made when a task has room for them: few are there at once, and fast enough."""
    alive = most = 0

    class Counted(Job):
        def __del__(self):
            nonlocal alive
            alive -= 1

    def coming():
        nonlocal alive, most
        for number in range(count):
            alive += 1
            most = max(most, alive)
            yield Counted(f"{number}", Path("out"), "", ".png", split=False, index=number + 1)

    count, slots = 20_000, 2
    started = time.perf_counter()
    grouping = Grouping(coming(), None, lambda _: 100)
    done = sum(1 for _ in Dispatch(grouping, Workers(slots)).run())
    assert done == count
    assert most <= (2 * AHEAD * slots + 1) * FILES
    assert count / (time.perf_counter() - started) > 500
