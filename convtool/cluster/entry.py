"""The function of every task: where a worker of a cluster begins.

It imports little, so that torch is imported as a command imports it.
"""

import platform
from typing import TYPE_CHECKING, Any

from convtool import __version__
from convtool.cluster.node import Node
from convtool.errors import UsageError
from convtool.start.importing import import_torch

if TYPE_CHECKING:
    from convtool.cluster.worker import Worker

_worker: "Worker | None" = None  # of this process, for the run that it works for


def work(about: tuple[str, str, bool], setup: list[Any], parcel: bytes) -> bytes:
    """Run the jobs of a parcel.

    Args:
        about: the version of the program that sends it; which run it is of; whether all of torch
            is imported at once.
        setup: a reference to the packed `Setup` of the run, which a process fetches once.
        parcel: the packed `Parcel`.

    Returns:
        A packed `Result`.
    """
    import ray  # noqa: PLC0415  # where this runs, it is there

    version, run, whole = about
    place = f"{platform.node()}-{ray.util.get_node_ip_address()}"
    node = Node(ray.get_runtime_context().get_node_id(), place)
    import_torch(whole=whole)
    from convtool.cluster.parcels import Result, packed, unpacked  # noqa: PLC0415  # torch
    from convtool.cluster.worker import Worker  # noqa: PLC0415  # torch

    global _worker  # noqa: PLW0603  # a process works for one run at a time
    try:
        _check_version(version, node)
        if _worker is None or _worker.setup.run != run:
            _worker = Worker(unpacked(ray.get(setup[0])), node)
        return packed(_worker.run(unpacked(parcel)))
    except UsageError as exc:
        return packed(Result(node.id, error=exc))


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
