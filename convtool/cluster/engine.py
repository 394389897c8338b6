"""Run the jobs of a command on a cluster, in the place of `run.batch.run_all`."""

import functools
import itertools
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

from convtool.cluster.dispatch import Dispatch, Done
from convtool.cluster.groups import Grouping
from convtool.cluster.parcels import Setup
from convtool.cluster.session import ClusterGoneError, Log, is_alone, session
from convtool.cluster.tasks import Nodes, RayTasks
from convtool.layers.layer import Layer
from convtool.media.registry import MEDIA
from convtool.outputs import leftovers
from convtool.outputs.job import Job
from convtool.outputs.jobs import Jobs
from convtool.places.names import lies_in, parent
from convtool.run.recipe import Recipe

FORWARDED = ("CONVTOOL_KERNEL_PATH",)  # what changes the meaning of names
CORES = 4  # of a task whose input keeps several busy, where a node has as many


@dataclass(frozen=True, kw_only=True)
class Use:
    """How a run uses a cluster.

    Attributes:
        address: of the cluster; None for that of the environment, or this machine alone.
        cores: of a task; None for what suits the medium.
        gpus: of a task.
        most: tasks at once; None for as many as there is room for.
        stop: begin no job after the first failure.
        learn: takes the layers that workers make; None where nobody asks.
        log: takes a node and a line that a worker prints; None to leave it to Ray's logs.
        note: takes what a user should know.
        begin: called once the cluster is there.
    """

    address: str | None = None
    cores: int | None = None
    gpus: float = 0.0
    most: int | None = None
    stop: bool = False
    learn: Callable[[Sequence[Layer]], None] | None = None
    log: Log | None = None
    note: Callable[[str], None] = lambda _: None
    begin: Callable[[], None] = lambda: None


def run_on_ray(planned: Jobs, recipe: Recipe, run: str, use: Use) -> Generator[Done]:
    """Yield each job with its outcome, in order.

    Args:
        planned: the jobs.
        recipe: how they are filtered.
        run: tells this run from all others.
        use: of the cluster.

    Raises:
        UsageError: the call itself is wrong, or no cluster can be used.
    """
    recipe.check()
    with session(use.address, use.log) as ray:
        yield from run_in(ray, planned, recipe, run, use)


def run_in(ray: Any, planned: Jobs, recipe: Recipe, run: str, use: Use) -> Generator[Done]:
    """Do the same with Ray, once it is connected.

    Raises:
        UsageError: the call itself is wrong.
        ClusterGoneError: the cluster no longer answers.
    """
    nodes = Nodes(ray)
    cores = use.cores or _usual(recipe, nodes)
    nodes.check(cores, use.gpus, use.note, grows=not is_alone(use.address))
    use.begin()
    setup = _setup(planned, recipe, run, cores, use)
    engine = recipe.options.engine
    whole = engine.compile or engine.device not in {"auto", "cpu"}
    tasks = RayTasks(ray, nodes, setup, whole=whole)
    protected: list[str] = []
    jobs = itertools.chain(planned.known, _watched(planned, protected))
    grouping = Grouping(jobs, planned.count, attrgetter("bytes"), single=use.stop)
    dispatch = Dispatch(grouping, tasks, protected, most=use.most, stop=use.stop, learn=use.learn)
    try:
        yield from _seen(dispatch.run(), use.note)
    except ClusterGoneError:
        raise
    except BaseException:
        tasks.cancel()
        raise
    finally:
        for folder in {job.folder for job in dispatch.lost}:
            if isinstance(folder, Path):
                leftovers.sweep(folder, 0)  # of workers that died


def _usual(recipe: Recipe, nodes: Nodes) -> int:
    """Return how many cores a task takes where nobody says."""
    return min(CORES, nodes.largest() or CORES) if MEDIA[recipe.medium].overlapped else 1


def _setup(planned: Jobs, recipe: Recipe, run: str, cores: int, use: Use) -> Setup:
    mask = os.umask(0)
    os.umask(mask)
    return Setup(
        run=run,
        recipe=recipe,
        digest=recipe.digest(),
        inputs=tuple(job.input for job in planned.known),
        folder=os.getcwd(),  # noqa: PTH109  # as it is sent
        mask=mask,
        environment={name: os.environ[name] for name in FORWARDED if name in os.environ},
        cores=cores,
        gpus=use.gpus,
        stop=use.stop,
        layers=use.learn is not None,
    )


def _watched(planned: Jobs, protected: list[str]) -> Iterator[Job]:
    """Yield the jobs that were not known before the run.

    Args:
        planned: the jobs.
        protected: takes the names of inputs that lie in OUTPUT, which no worker may replace.
    """
    root = str(planned.root or "")
    within = functools.cache(lambda folder: lies_in(folder, root))
    for job in planned.more:
        if within(parent(job.input)):
            protected.append(job.input)
        yield job


def _seen(outcomes: Iterable[Done], note: Callable[[str], None]) -> Iterator[Done]:
    """Yield outcomes; say once per node if its outputs cannot be seen from here."""
    nodes: set[str | None] = set()
    for job, outcome in outcomes:
        if outcome.status == "done" and outcome.node not in nodes:
            nodes.add(outcome.node)
            for name in outcome.outputs:
                if "://" not in name and not os.path.lexists(name):
                    note(f"{name} is on node {outcome.node}, and cannot be seen from here")
                    break
        yield job, outcome
