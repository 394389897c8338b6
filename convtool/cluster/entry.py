"""The functions of all tasks: where a worker of a cluster begins.

It imports little, so that torch is imported as a command imports it.
"""

import platform
from typing import TYPE_CHECKING, Any, NamedTuple

from convtool import __version__
from convtool.cluster.node import Node
from convtool.errors import UsageError
from convtool.start.importing import import_torch

if TYPE_CHECKING:
    from convtool.cluster.worker import Worker


class About(NamedTuple):
    """What a process must know before it imports torch.

    Attributes:
        version: of the program that sends the task.
        run: which run it is of.
        whole: whether all of torch is imported at once.
    """

    version: str
    run: str
    whole: bool


_worker: "Worker | None" = None  # of this process, for the run that it works for


def work(about: About, setup: list[Any], parcel: bytes) -> bytes:
    """Run the jobs of a parcel.

    Args:
        about: what the process must know before it imports torch.
        setup: a reference to the packed `Setup` of the run, which a process fetches once.
        parcel: the packed `Parcel`.

    Returns:
        A packed `Result`.
    """
    node = _begin(about)
    from convtool.cluster.parcels import Result, packed, unpacked  # noqa: PLC0415  # torch

    try:
        return packed(_prepared(about, setup, node).run(unpacked(parcel)))
    except UsageError as exc:
        return packed(Result(node.id, error=exc))


def work_on_segment(about: About, setup: list[Any], call: bytes) -> bytes:
    """Run a task on a segment of a job.

    Args:
        about: as for `work`.
        setup: the same.
        call: the packed task and segment.

    Returns:
        Its packed result, or the error that it raised.
    """
    node = _begin(about)
    from convtool.cluster.parcels import packed  # noqa: PLC0415  # torch
    from convtool.cluster.spread import called  # noqa: PLC0415  # torch
    from convtool.run.processes import Failed  # noqa: PLC0415  # torch

    try:
        return called(_prepared(about, setup, node), call)
    except UsageError as exc:
        return packed(Failed(exc))


def _begin(about: About) -> Node:
    """Import torch, and return where this is."""
    import ray  # noqa: PLC0415  # where this runs, it is there

    place = f"{platform.node()}-{ray.util.get_node_ip_address()}"
    node = Node(ray.get_runtime_context().get_node_id(), place)
    import_torch(whole=about.whole)
    return node


def _prepared(about: About, setup: list[Any], node: Node) -> "Worker":
    """Return the worker of this process.

    Raises:
        UsageError: this node would give other results than the sender's.
    """
    import ray  # noqa: PLC0415  # the same

    from convtool.cluster.parcels import unpacked  # noqa: PLC0415  # torch
    from convtool.cluster.spread import Spread  # noqa: PLC0415  # torch
    from convtool.cluster.worker import Worker  # noqa: PLC0415  # torch
    from convtool.run.processes import each  # noqa: PLC0415  # torch

    global _worker  # noqa: PLW0603  # a process works for one run at a time
    _check_version(about.version, node)
    if _worker is None or _worker.setup.run != about.run:
        values = unpacked(ray.get(setup[0]))
        spread = Spread(ray, work_on_segment, about, setup, values.cores)
        _worker = Worker(values, node, each if values.gpus else spread)  # a GPU is held meanwhile
    return _worker


def _check_version(version: str, node: Node) -> None:
    """Check that this is the same program.

    Raises:
        UsageError: it would give other results.
    """
    if version != __version__:
        raise UsageError(
            f"node {node.place} has convtool {__version__}, and this machine {version}",
            hint="install the same version on all nodes",
        )
