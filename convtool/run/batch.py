"""Run many jobs, several at once in threads of this process, and yield their outcomes in the jobs' order.

It prints nothing; a job's own errors are its outcome.
"""

import contextlib
import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from convtool.outputs import atomic
from convtool.outputs.jobs import Job
from convtool.run.outcomes import Outcome
from convtool.run.work import Run

AHEAD = 4  # jobs a worker that wait while the outcome of an earlier one is awaited

Step = Callable[[Job, Run], Outcome]


def workers_for(jobs: int, asked: int | None, *, alone: bool) -> int:
    """Return how many jobs run at once: one a core, where nobody says.

    Args:
        jobs: how many there are.
        asked: how many are asked for.
        alone: one job keeps all cores busy by itself.
    """
    usual = 1 if alone else os.cpu_count() or 1
    return max(1, min(jobs, asked or usual))


def run_all(
    jobs: Sequence[Job], step: Step, make: Callable[[], Run], workers: int, *, stop: bool = False
) -> Generator[Outcome]:
    """Yield the outcome of each job, in order.

    Args:
        jobs: what is to be done.
        step: does one.
        make: makes what the jobs of one worker share; layers and buffers are used by one thread at a time.
        workers: how many run at once; cores are divided among them.
        stop: after the first failure begin no more; those that have begun come to their end.

    Raises:
        UsageError: the call itself is wrong; jobs that have not begun are not.
    """
    if workers == 1:
        shared = make()
        for job in jobs:
            outcome = step(job, shared)
            yield outcome
            if stop and outcome.error is not None:
                return
        return
    kept = threading.local()
    threads = max(1, torch.get_num_threads() // workers)

    def work(job: Job) -> Outcome:
        if not hasattr(kept, "shared"):
            torch.set_num_threads(threads)
            kept.shared = make()
        return step(job, kept.shared)

    pool = ThreadPoolExecutor(workers, thread_name_prefix="worker")
    try:
        for future in _in_order(pool, work, jobs, AHEAD * workers):
            outcome = future.result()
            if stop and outcome.error is not None:
                pool.shutdown(wait=False, cancel_futures=True)
            yield outcome
    except BaseException:
        atomic.give_up()  # what is being written is nobody's any more
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_order(
    pool: ThreadPoolExecutor, work: Callable[[Job], Outcome], jobs: Sequence[Job], most: int
) -> Iterator[Future[Outcome]]:
    """Yield what becomes of each job that begins, at most so many of them ahead, until the pool is shut down."""
    waiting: deque[Future[Outcome]] = deque()
    coming = iter(jobs)
    while True:
        with contextlib.suppress(RuntimeError):  # it is shut down
            waiting.extend(
                pool.submit(work, job) for job in itertools.islice(coming, most - len(waiting))
            )
        while waiting and waiting[0].cancelled():
            waiting.popleft()
        if not waiting:
            return
        yield waiting.popleft()
