"""The Ray engine on this machine against the local one, and how fast it schedules.

`python tests/bench clusters`; Ray's own start is not counted. `CONVTOOL_TINY` sets how many inputs
are scheduled that do nothing; the memory of the process that sends them is printed. At the end
stands a model of clusters of 1, 10 and 100 nodes, made of what was measured.
"""

import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from batches import COUNT, QUALITY, photos
from timing import THREADS, Row, medians

from convtool.cluster.dispatch import Dispatch
from convtool.cluster.engine import Use, run_in
from convtool.cluster.entry import About
from convtool.cluster.groups import Grouping, seconds
from convtool.cluster.parcels import Setup, packed, unpacked
from convtool.cluster.session import session
from convtool.cluster.tasks import Nodes, RayTasks
from convtool.media.registry import MEDIA
from convtool.outputs.atomic import Publisher
from convtool.outputs.job import Job
from convtool.outputs.jobs import Jobs, plan_jobs
from convtool.outputs.lists import read_list
from convtool.outputs.naming import Naming
from convtool.outputs.shards import Shard
from convtool.run.batch import run_all
from convtool.run.pipeline import run
from convtool.run.recipe import Recipe
from convtool.run.state import Run

TINY = int(os.environ.get("CONVTOOL_TINY", "100000"))
NAMES = 1_000_000  # of a list
TASKS = 5_000
CORES = 16  # of a node of the model
GOAL = 1.15  # of the local engine's time
RATE = 500  # inputs scheduled per second
MEDIUM = MEDIA["image"]
OPTIONS = {"kernel": ("sobel-x",), "normalize": "clamp", "overwrite": True, "quality": QUALITY}


def recipe(root: Path) -> Recipe:
    """Return how photos are filtered."""
    options = MEDIUM.options(OPTIONS)
    return Recipe(medium=MEDIUM.name, options=options, inputs=COUNT, version="bench", root=root)


def planned(paths: list[Path], root: Path) -> Jobs:
    """Return the jobs."""
    backend = MEDIUM.backend
    naming = Naming(readable=backend.readable, writable=backend.writable, split=False)
    return plan_jobs([str(path) for path in paths], f"{root}/", naming)


def here(paths: list[Path], root: Path) -> None:
    """Filter all images by the local engine."""
    how = recipe(root)
    outcomes = run_all(
        planned(paths, root).known,
        run,
        lambda: Run(how.filter(), manifest=how.manifest()),
        THREADS,
        publisher=Publisher(),
    )
    for _, outcome in outcomes:
        assert outcome.status == "done", outcome.error


def there(ray: Any, paths: list[Path], root: Path) -> None:
    """Filter all images by tasks."""
    how = recipe(root)
    for _, outcome in run_in(ray, planned(paths, root), how, str(time.time()), Use()):
        assert outcome.status == "done", outcome.error


def nothing(about: About, setup: list[Any], parcel: bytes) -> bytes:
    """Do nothing with the jobs of a parcel; the function of a task."""
    del about, setup
    from convtool.cluster.parcels import Result  # noqa: PLC0415  # in a worker
    from convtool.run.outcomes import Outcome  # noqa: PLC0415  # the same

    jobs = unpacked(parcel).jobs
    done = [Outcome(job.input, "done", outputs=(str(job.path("sobel-x")),)) for job in jobs]
    return packed(Result("", done, 0.001 * len(jobs)))


def scheduled(ray: Any, count: int, *, alone: bool = False) -> float:
    """Return the seconds in which so many inputs are scheduled, in groups or each as a task."""
    nodes = Nodes(ray)
    setup = Setup(
        run="bench", recipe=recipe(Path("out")), digest="", inputs=(), folder="/", mask=0,
        environment={}, cores=1, gpus=0, stop=False, layers=False,
    )  # fmt: skip
    tasks = RayTasks(ray, nodes, setup, whole=False, function=nothing)
    jobs = (
        Job(
            f"photos/{number // 1000:04}/{number:07}.jpg",
            Path("out"),
            f"{number:07}",
            ".jpg",
            split=True,
            index=number,
        )
        for number in range(count)
    )
    started = time.perf_counter()
    grouping = Grouping(jobs, None, lambda _: 1000, single=alone)
    done = sum(1 for _ in Dispatch(grouping, tasks).run())
    assert done == count
    return time.perf_counter() - started


def resident() -> float:
    """Return the memory of this process in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def listed(folder: Path) -> float:
    """Return how many names of a list are read, divided among shards and planned per second."""
    names = folder / "names"
    names.write_bytes(b"".join(b"photos/%07d.jpg\0" % number for number in range(NAMES)))
    backend, started = MEDIUM.backend, time.perf_counter()
    naming = Naming(readable=backend.readable, writable=backend.writable, split=False)
    listing = read_list(str(names), b"\0")
    jobs = plan_jobs([], f"{folder}/out/", naming, listing, shard=Shard(1, 100))
    assert sum(1 for _ in itertools.chain(jobs.known, jobs.more))
    return NAMES / (time.perf_counter() - started)


def model(
    each: float, read: float, written: float, scheduling: float, tasks: float, listing: float
) -> str:
    """Return a table of what clusters would do, by what was measured here.

    Args:
        each: seconds of a core per image, with Ray.
        read: bytes of an image.
        written: bytes of its output.
        scheduling: seconds in which the command sends an image and takes it back, in a group.
        tasks: the same for a task.
        listing: names per second.
    """
    heads = (
        f"nodes of {CORES} cores", "images per second", "read, MB/s", "written, MB/s",
        "a million images", "of it, listing", "tasks per second", "the command is busy",
    )  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for nodes in (1, 10, 100):
        rate, begun = nodes * CORES / each, nodes * CORES / seconds(nodes * CORES)
        busy = rate * scheduling + begun * tasks
        lines.append(
            f"| {nodes} | {rate:,.0f} | {rate * read / 1e6:,.0f} | {rate * written / 1e6:,.0f} "
            f"| {1e6 / rate / 60:,.0f} min | {1e6 / listing:.0f} s | {begun:,.0f} | {busy:.0%} |"
        )
    return "\n".join(lines)


def rows() -> Iterator[Row]:
    """Yield the table: seconds per image, and per input that does nothing; print the model."""
    here_and_above = [str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(here_and_above)  # workers import this file
    with tempfile.TemporaryDirectory() as name, session(None, None) as ray:
        folder = Path(name)
        for part in ("large", "here", "there"):
            (folder / part).mkdir()
        paths = photos(folder / "large")
        ways = {
            "ray": lambda: there(ray, paths, folder / "there"),
            "local": lambda: here(paths, folder / "here"),
        }
        took = medians(ways, runs=3)
        there_each, here_each = (took[way] / COUNT for way in ("ray", "local"))
        yield Row(f"{COUNT} of 12 megapixels", "ray", there_each, "local", here_each, GOAL)
        read, written = (
            sum(path.stat().st_size for path in (folder / part).rglob("*.jpg")) / COUNT
            for part in ("large", "there")
        )
        shutil.rmtree(folder / "there")
        scheduled(ray, 2000)  # workers import torch
        before = resident()
        for count in (TINY // 10, TINY):
            seconds_each = scheduled(ray, count) / count
            print(f"after {count} inputs: {resident() - before:+.0f} MB", file=sys.stderr)
            work = f"scheduling {count}, {1 / seconds_each:.0f} per second"
            yield Row(work, "ray", seconds_each, f"{RATE} per second", 1 / RATE, 1)
        per_task = scheduled(ray, TASKS, alone=True) / TASKS
        yield Row(f"{TASKS} tasks of one input", "ray", per_task, "in groups", seconds_each)
        each = there_each * THREADS
        print(model(each, read, written, seconds_each, per_task, listed(folder)))
