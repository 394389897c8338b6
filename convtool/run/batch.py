"""Run many jobs, several at once in threads, and yield each with its outcome, in their order.

It prints nothing; a job's own errors are part of its outcome.
"""

import contextlib
import itertools
import os
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import torch

from convtool.outputs.atomic import Publisher
from convtool.outputs.job import Job
from convtool.run.outcomes import Outcome
from convtool.run.state import Run

AHEAD = 4  # jobs per worker that are submitted beyond the one whose outcome comes next

RunJob = Callable[[Job, Run], Outcome]
Done = tuple[Job, Outcome]


def workers_for(jobs: int | None, asked: int | None, *, alone: bool) -> int:
    """Return how many jobs run at once: one per core by default, never more than there are.

    Args:
        jobs: the number of jobs; None where it is large and not known.
        asked: the number of workers that the user asks for.
        alone: one job keeps all cores busy by itself.
    """
    usual = 1 if alone else os.cpu_count() or 1
    workers = asked or usual
    return workers if jobs is None else max(1, min(jobs, workers))


def run_all(
    jobs: Iterable[Job],
    run_job: RunJob,
    make_shared: Callable[[], Run],
    workers: int,
    *,
    publisher: Publisher,
    stop: bool = False,
) -> Generator[Done]:
    """Yield each job with its outcome, in order.

    Args:
        jobs: the jobs; a few of them are taken ahead of those that run.
        run_job: runs one of them.
        make_shared: makes the value that the jobs of one worker share, as layers and buffers are
            used by one thread at a time.
        workers: how many jobs run at once; cores are divided among them.
        publisher: publishes the run's outputs; abandoned where the run ends before its jobs.
        stop: begin no job after the first failure; those that have begun are completed.

    Raises:
        UsageError: the call itself is wrong; jobs that have not begun are left out.
    """
    try:
        if workers == 1:
            yield from _run_here(jobs, run_job, make_shared(), stop=stop)
        else:
            yield from _run_in_threads(jobs, run_job, make_shared, workers, stop=stop)
    except BaseException:
        publisher.abandon()  # nobody waits for what threads are still writing
        raise


def _run_here(jobs: Iterable[Job], run_job: RunJob, shared: Run, *, stop: bool) -> Generator[Done]:
    for job in jobs:
        outcome = run_job(job, shared)
        yield job, outcome
        if stop and outcome.error is not None:
            return


def _run_in_threads(
    jobs: Iterable[Job],
    run_job: RunJob,
    make_shared: Callable[[], Run],
    workers: int,
    *,
    stop: bool,
) -> Generator[Done]:
    local = threading.local()
    cores_each = max(1, torch.get_num_threads() // workers)

    def work(job: Job) -> Outcome:
        if not hasattr(local, "shared"):
            torch.set_num_threads(cores_each)
            local.shared = make_shared()
        return run_job(job, local.shared)

    pool = ThreadPoolExecutor(workers, thread_name_prefix="worker")
    try:
        for job, future in _in_order(pool, work, jobs, AHEAD * workers):
            outcome = future.result()
            if stop and outcome.error is not None:
                pool.shutdown(wait=False, cancel_futures=True)
            yield job, outcome
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _in_order(
    pool: ThreadPoolExecutor,
    work: Callable[[Job], Outcome],
    jobs: Iterable[Job],
    limit: int,
) -> Iterator[tuple[Job, Future[Outcome]]]:
    """Yield each job that begins with its future, until the pool is shut down.

    Args:
        pool: runs the jobs.
        work: does one of them.
        jobs: the jobs.
        limit: the most futures that are held at once.
    """
    futures: deque[tuple[Job, Future[Outcome]]] = deque()
    coming = iter(jobs)
    while True:
        with contextlib.suppress(RuntimeError):  # the pool is shut down
            for job in itertools.islice(coming, limit - len(futures)):
                futures.append((job, pool.submit(work, job)))
        while futures and futures[0][1].cancelled():
            futures.popleft()
        if not futures:
            return
        yield futures.popleft()
