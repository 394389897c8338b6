"""Run the segments of a job as tasks of their own, so that nodes share a long video.

The task of the job waits for them, and takes no core meanwhile.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from convtool.cluster.parcels import packed, unpacked
from convtool.cluster.worker import Worker
from convtool.errors import IndivisibleError, ReadError
from convtool.run.processes import Failed, LostError, Tell

T = TypeVar("T")
R = TypeVar("R")

TRIES = 3  # workers that may die of a segment


class Spread:
    """Runs a task on each of several items, on any nodes: a `run.processes.Each`.

    Args:
        ray: the module, in a worker.
        function: of every task of Ray.
        about: its first argument.
        setup: its second.
        cores: that each task takes.
    """

    def __init__(
        self, ray: Any, function: Callable[..., bytes], about: object, setup: list[Any], cores: int
    ) -> None:
        task = ray.remote(function)
        self._ray, self._about, self._setup = ray, about, setup
        self._task = task.options(num_cpus=cores, max_retries=TRIES - 1, name="convtool segment")

    def __call__(
        self,
        task: Callable[[T, Tell], R],
        items: Sequence[T],
        at_once: int,
        tell: Callable[[int, int], None],
    ) -> list[R]:
        """Run a task on each item, and return the results in their order.

        Args:
            task: a function of a module.
            items: plain values.
            at_once: not asked for: it is what one machine has memory for.
            tell: not called: how far a task has come is known when it ends.

        Raises:
            LostError: workers died of an item.
            Exception: whatever a task raises; the others are ended.
        """
        del at_once, tell
        calls = [packed((task, item)) for item in items]
        refs = [self._task.remote(self._about, self._setup, call) for call in calls]
        results: dict[int, R] = {}
        waiting = dict(zip(refs, range(len(items)), strict=True))
        try:
            while waiting:
                done, _ = self._ray.wait(list(waiting))
                for ref in done:
                    index = waiting.pop(ref)
                    results[index] = self._result(ref, index)
        except BaseException:
            for ref in waiting:
                self._ray.cancel(ref)
            raise
        return [results[index] for index in range(len(items))]

    def _result(self, ref: Any, index: int) -> Any:
        lost = self._ray.exceptions
        try:
            result = unpacked(self._ray.get(ref))
        except lost.OutOfMemoryError as exc:
            raise LostError(index, f"was out of memory {TRIES} times") from exc
        except (lost.WorkerCrashedError, lost.NodeDiedError, lost.ObjectLostError) as exc:
            raise LostError(index, f"died {TRIES} times") from exc
        if isinstance(result, Failed):
            raise result.error
        return result


def called(worker: Worker, call: bytes) -> bytes:
    """Run a task on a segment in a worker, and return its packed result, or `Failed`."""
    task, segment = unpacked(call)
    try:
        return packed(task(segment, lambda _: None))
    except Exception as exc:  # noqa: BLE001  # raised again by the process that waits for it
        if _is_missing(exc):
            reason = f"node {worker.node.place} does not see its files"
            return packed(Failed(IndivisibleError(reason)))
        return packed(Failed.of(exc))


def _is_missing(exc: Exception) -> bool:
    """Return whether a file is not there, which the process that waits has opened."""
    cause = exc.__cause__ if isinstance(exc, ReadError) else exc
    return isinstance(cause, FileNotFoundError)
