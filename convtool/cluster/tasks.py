"""Groups of jobs as tasks of Ray.

Ray repeats nothing by itself: `dispatch` decides what is sent again, and where.
"""

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from convtool import __version__
from convtool.cluster.dispatch import Loss
from convtool.cluster.entry import About, work
from convtool.cluster.parcels import Parcel, Result, Setup, packed, unpacked
from convtool.cluster.session import check_is_there
from convtool.errors import UsageError
from convtool.sizes import counted

Function = Callable[[About, list[Any], bytes], bytes]
REFRESH = 5.0  # seconds for which the list of nodes is taken to hold
PATIENCE = 15.0  # seconds in which tasks that are cancelled should end


class Nodes:
    """The nodes of a cluster, asked for now and then.

    Args:
        ray: the module, connected.

    Raises:
        ClusterGoneError: the cluster has not answered for a while; all methods raise it.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._nodes: list[dict[str, Any]] = []
        self._asked = -REFRESH
        self._answered = time.monotonic()
        client = ray.util.client.ray.is_connected()
        self._head = None if client else ray.get_runtime_context().gcs_address

    def alive(self) -> list[dict[str, Any]]:
        """Return what Ray knows of each node that is there."""
        now = time.monotonic()
        if now - self._asked > REFRESH:
            if self._head is not None:
                self._answered = check_is_there(self._head, self._answered)
            if self._head is None or self._answered >= now:  # else the question would wait
                self._nodes = [node for node in self._ray.nodes() if node["Alive"]]
                self._asked = now
        return self._nodes

    def largest(self) -> int:
        """Return the most cores that a node has; 0 where there is none with any."""
        return max((int(node["Resources"].get("CPU", 0)) for node in self.alive()), default=0)

    def rooms(self, cores: int, gpus: float) -> dict[str, int]:
        """Return how many tasks fit into each node, by its id, of those that have room for one."""
        rooms = {}
        for node in self.alive():
            has = node["Resources"]
            room = has.get("CPU", 0) // cores
            room = min(room, has.get("GPU", 0) // gpus) if gpus else room
            if room >= 1:
                rooms[node["NodeID"]] = int(room)
        return rooms

    def check(self, cores: int, gpus: float, note: Callable[[str], None], *, grows: bool) -> None:
        """Check that a task fits into some node.

        Args:
            cores: of the task.
            gpus: of the task.
            note: told where the run waits for such a node.
            grows: there can be further nodes later.

        Raises:
            UsageError: it never will.
        """
        if self.rooms(cores, gpus):
            return
        kind = counted(cores, "core") + (f" and {gpus:g} GPUs" if gpus else "")
        if not grows:
            raise UsageError(f"this machine has less than {kind}, which a task asks for")
        note(f"no node of the cluster has {kind}: the run waits for one")

    def name(self, id: str) -> str:
        """Return the name of a node."""
        if not any(node["NodeID"] == id for node in self._nodes):
            self._asked = -REFRESH
        names = {node["NodeID"]: node.get("NodeName") for node in self.alive()}
        return names.get(id) or id


class RayTasks:
    """Tasks of one run.

    Args:
        ray: the module, connected.
        nodes: of the cluster.
        setup: of the run.
        whole: put no part of the import of torch off.
        function: of every task.
    """

    def __init__(
        self,
        ray: Any,
        nodes: Nodes,
        setup: Setup,
        *,
        whole: bool,
        function: Function = work,
    ) -> None:
        self._ray, self._nodes = ray, nodes
        self._cores, self._gpus = setup.cores, setup.gpus
        self._about = About(__version__, setup.run, whole)
        self._setup = [ray.put(packed(setup))]
        self._task = ray.remote(function)
        self._running: dict[Future[Result], Any] = {}

    def slots(self) -> int:
        """Return how many tasks run at once, as far as is known now; at least 1."""
        return max(1, sum(self._nodes.rooms(self._cores, self._gpus).values()))

    def node(self, id: str) -> str:
        """Return the name of a node."""
        return self._nodes.name(id)

    def submit(self, parcel: Parcel, turn: int | None) -> "Future[Result]":
        """Begin a task.

        Args:
            parcel: its jobs.
            turn: None for anywhere; else a number whose next one stands for another node.
        """
        options: dict[str, Any] = {"num_cpus": self._cores, "num_gpus": self._gpus}
        if turn is not None and (ids := sorted(self._nodes.rooms(self._cores, self._gpus))):
            strategies = self._ray.util.scheduling_strategies
            strategy = strategies.NodeAffinitySchedulingStrategy(ids[turn % len(ids)], soft=True)
            options["scheduling_strategy"] = strategy
        task = self._task.options(max_retries=0, name="convtool", **options)
        ref = task.remote(self._about, self._setup, packed(parcel))
        future: Future[Result] = Future()
        self._running[future] = ref
        ref.future().add_done_callback(lambda done: self._end(future, done))
        return future

    def _end(self, future: "Future[Result]", done: "Future[bytes]") -> None:
        """Take what Ray says of a task; this runs in a thread of Ray's."""
        del self._running[future]
        exc = done.exception()
        if exc is None:
            future.set_result(unpacked(done.result()))
        else:
            future.set_exception(exc)

    def loss(self, exc: BaseException) -> Loss | None:
        """Return what became of a task's worker, by what its future raised; None for a fault."""
        lost = self._ray.exceptions
        if isinstance(exc, lost.OutOfMemoryError):
            return "memory"
        dead = (lost.WorkerCrashedError, lost.NodeDiedError, lost.ObjectLostError)
        return "died" if isinstance(exc, dead) else None

    def cancel(self) -> None:
        """End all tasks; wait until they have removed what is half-written."""
        for ref in list(self._running.values()):
            self._ray.cancel(ref)
        end = time.monotonic() + PATIENCE
        while self._running and time.monotonic() < end:
            time.sleep(0.01)
