"""The function of every task: where a worker of a cluster begins.

It imports little, so that torch is imported as a command imports it.
"""

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from convtool import __version__
from convtool.errors import UsageError
from convtool.start.importing import import_torch

if TYPE_CHECKING:
    from convtool.cluster.worker import Worker

_worker: "Worker | None" = None  # of this process, for the run that it works for


@dataclass(frozen=True)
class Node:
    """Where a worker is.

    Attributes:
        id: the node's id in its cluster.
        place: the machine's name and address, which no other machine has.
    """

    id: str
    place: str


@dataclass(frozen=True)
class Header:
    """What a worker needs to know before it reads anything else.

    Attributes:
        version: of the program that sends it.
        run: which run a task is of.
        whole: put no part of the import of torch off.
    """

    version: str
    run: str
    whole: bool


def work(header: tuple[str, str, bool], setup: list[Any], parcel: bytes) -> bytes:
    """Run the jobs of a parcel.

    Args:
        header: the fields of a `Header`.
        setup: a reference to the packed `Setup` of the run, which a process fetches once.
        parcel: the packed `Parcel`.

    Returns:
        A packed `Result`.
    """
    import ray  # noqa: PLC0415  # where this runs, it is there

    about = Header(*header)
    node = Node(
        ray.get_runtime_context().get_node_id(),
        f"{platform.node()}-{ray.util.get_node_ip_address()}",
    )
    import_torch(whole=about.whole)
    from convtool.cluster.parcels import Result, packed, unpacked  # noqa: PLC0415  # torch

    try:
        worker = _worker_for(about, setup, node)
        return packed(worker.run(unpacked(parcel)))
    except UsageError as exc:
        return packed(Result(node.id, error=exc))


def _worker_for(about: Header, setup: list[Any], node: Node) -> "Worker":
    """Return the worker of this process.

    Raises:
        UsageError: this machine would give other results.
    """
    import ray  # noqa: PLC0415  # as above

    from convtool.cluster.parcels import unpacked  # noqa: PLC0415  # torch
    from convtool.cluster.worker import Worker  # noqa: PLC0415  # torch

    global _worker  # noqa: PLW0603  # a process works for one run at a time
    if about.version != __version__:
        raise UsageError(
            f"node {node.place} has convtool {__version__}, and this machine {about.version}",
            hint="install the same version on all nodes",
        )
    if _worker is None or _worker.setup.run != about.run:
        _worker = Worker(unpacked(ray.get(setup[0])), node)
    return _worker
