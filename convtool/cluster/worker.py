"""Run groups of jobs in a process of a cluster, by the pipeline of every run.

Layers are kept from task to task. Nothing is printed.
"""

import itertools
import os
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from convtool import cores
from convtool.cluster.node import Node
from convtool.cluster.parcels import Parcel, Result, Setup
from convtool.convolve import devices
from convtool.errors import ReadError, UsageError
from convtool.layers.layer import Layer
from convtool.limits import Budget
from convtool.outputs.atomic import Publisher
from convtool.outputs.identities import Identities
from convtool.outputs.job import Job
from convtool.outputs.manifest import Manifest, Writer
from convtool.run.batch import run_all, workers_for
from convtool.run.filter import Filter
from convtool.run.pipeline import run
from convtool.run.processes import Each
from convtool.run.state import Run


class Worker:
    """What the tasks of a run share in a process.

    Args:
        setup: of the run.
        node: where this is.
        each: runs the segments of a job.

    Raises:
        UsageError: kernel files are others here.
    """

    def __init__(self, setup: Setup, node: Node, each: Each) -> None:
        self.setup, self.node, self._each = setup, node, each
        os.umask(setup.mask)
        os.environ.update(setup.environment)
        self._is_here = _enter(setup.folder)
        warnings.simplefilter("ignore")  # advice of libraries is for programmers
        devices.keep_memory()
        torch.set_num_threads(setup.cores)
        cores.take(setup.cores)
        if setup.recipe.digest() != setup.digest:
            raise UsageError(
                f"node {node.place} has other kernel files than this machine",
                hint="-k and --kernel-path must name the same files on all nodes",
            )
        self._manifest = self._records()
        self._budget = Budget(setup.recipe.options.reading.max_memory)
        self._inputs, self._protected = Identities(setup.inputs), 0
        self._filters: list[Filter] = [setup.recipe.filter()]
        self._lock = threading.Lock()

    def _records(self) -> Manifest | None:
        """Return the record of outputs; what is read of it is as it was when it was first read."""
        return self.setup.recipe.manifest(Writer(self.setup.run, self.node.place))

    def run(self, parcel: Parcel) -> Result:
        """Run the jobs of a parcel, as many at once as the task has cores.

        Raises:
            UsageError: the call itself is wrong.
        """
        started = time.perf_counter()
        for name in (*parcel.inputs[self._protected :], *(job.input for job in parcel.jobs)):
            self._inputs.add(name)
        self._protected = max(self._protected, len(parcel.inputs))
        jobs, publisher = list(map(self._reachable, parcel.jobs)), Publisher()
        alone = self._filters[0].medium.overlapped
        manifest = self._records() if parcel.again else self._manifest
        outcomes = run_all(
            jobs,
            run,
            self._maker(parcel, publisher, manifest),
            1 if alone else workers_for(len(jobs), self.setup.cores, alone=False),
            publisher=publisher,
            stop=self.setup.stop,
        )
        done = {job.index: outcome for job, outcome in outcomes}
        if manifest is not None:
            manifest.write()
        found = [done.get(job.index) for job in jobs]
        return Result(self.node.id, found, time.perf_counter() - started, self._layers())

    def _maker(
        self, parcel: Parcel, publisher: Publisher, manifest: Manifest | None
    ) -> Callable[[], Run]:
        """Return what makes the shared values of a thread; its layers are those of earlier ones."""
        setup, numbers = self.setup, itertools.count()

        def make() -> Run:
            with self._lock:
                number = next(numbers)
                if number == len(self._filters):
                    self._filters.append(setup.recipe.filter())
            return Run(
                self._filters[number],
                self._inputs,
                publisher=publisher,
                manifest=manifest,
                skip=setup.recipe.skip,
                budget=self._budget,
                again=parcel.again,
                each=self._each,
            )

        return make

    def _layers(self) -> Sequence[Layer]:
        if not self.setup.layers:
            return ()
        return max((filter_.layers() for filter_ in self._filters), key=len)

    def _reachable(self, job: Job) -> Job:
        """Return a job, with a problem where its names mean something else here."""
        names = (job.input, str(job.folder), job.merged or "/")
        if self._is_here or not any(map(_is_relative, names)):
            return job
        problem = ReadError(
            f"{job.input}: node {self.node.place} has no folder {self.setup.folder}, "
            "from which names begin",
            hint="name INPUT and OUTPUT from / on, in a folder that all nodes share",
        )
        return replace(job, problem=job.problem or problem)


def _enter(folder: str) -> bool:
    """Make a folder the working folder, and return whether it is there."""
    try:
        os.chdir(folder)
    except OSError:
        return False
    return True


def _is_relative(name: str) -> bool:
    return "://" not in name and not os.path.isabs(name)  # noqa: PTH117  # names as given
