"""Run tasks in processes of this machine, each with its share of the cores.

On Linux, one process imports torch, and each task is run by a fork of it; elsewhere each process
imports it. A process ends with its task, with an interrupt, and with the process that began it.
"""

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from typing import Any, Generic, NoReturn, Protocol, TypeVar

from convtool import cores
from convtool.errors import ConvtoolError

T = TypeVar("T")
R = TypeVar("R")

PRELOADED = ["convtool.run.preload"]
Tell = Callable[[int], None]


class LostError(ConvtoolError):
    """A process ended in the middle of its task.

    Args:
        index: of the task.
        reason: what ended it.
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(f"the process of task {index + 1} {reason}")
        self.index, self.reason = index, reason


@dataclass(frozen=True)
class _Done:
    result: Any


@dataclass(frozen=True)
class Failed:
    """What a task sends in the place of its result: an error that any process can raise."""

    error: Exception

    @classmethod
    def of(cls, exc: Exception) -> "Failed":
        """Return an error as another process can raise it, with where it was raised."""
        exc.add_note("".join(traceback.format_exception(exc)))
        try:
            pickle.loads(pickle.dumps(exc))  # noqa: S301  # our own
        except Exception:  # noqa: BLE001  # errors of foreign libraries can have any arguments
            return cls(RuntimeError(f"{type(exc).__name__}: {exc}"))
        return cls(exc)


class Each(Protocol):
    """Runs a task on each of several items: `each` here, or elsewhere."""

    def __call__(
        self,
        task: Callable[[T, Tell], R],
        items: Sequence[T],
        at_once: int,
        tell: Callable[[int, int], None],
    ) -> list[R]:
        """Run a task on each item, and return the results in their order; see `each`."""


def prepare() -> None:
    """Begin to import torch for the processes to come, where they are forks."""
    if sys.platform == "linux":
        from multiprocessing import forkserver, resource_tracker  # noqa: PLC0415  # as Linux has it

        forkserver.set_forkserver_preload(PRELOADED)
        resource_tracker.ensure_running()  # it changes the mask of signals, so it comes first
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:  # the processes inherit that interrupts wait for ever: this process ends them
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def each(
    task: Callable[[T, Tell], R],
    items: Sequence[T],
    at_once: int,
    tell: Callable[[int, int], None] = lambda *_: None,
) -> list[R]:
    """Run a task on each item in a process of its own, and return the results in their order.

    Args:
        task: takes an item, and what it tells how far it has come; a function of a module.
        items: plain values.
        at_once: the most processes at once; cores are divided among them.
        tell: takes the index of an item, and how far its task has come.

    Raises:
        LostError: a process ended before its task did.
        Exception: whatever a task raises; the others are ended.
    """
    prepare()
    share = max(1, cores.count() // max(1, min(at_once, len(items))))
    hands = _Hands[T, R](task, share)
    results: dict[int, R] = {}
    waiting = deque(enumerate(items))
    try:
        while waiting or hands.running:
            while waiting and len(hands.running) < at_once:
                hands.begin(*waiting.popleft())
            for index, message in hands.messages():
                if isinstance(message, Failed):
                    raise message.error
                if isinstance(message, _Done):
                    results[index] = message.result
                else:
                    tell(index, message)
    finally:
        hands.end()
    return [results[index] for index in range(len(items))]


class _Hands(Generic[T, R]):
    """The processes that run tasks.

    Args:
        task: that each runs.
        share: of the cores, of each.

    Attributes:
        running: the index of the item and the process, by the connection to it.
    """

    def __init__(self, task: Callable[[T, Tell], R], share: int) -> None:
        kind = "forkserver" if sys.platform == "linux" else "spawn"
        self._context: Any = multiprocessing.get_context(kind)
        self._task, self._share = task, share
        self.running: dict[Any, tuple[int, BaseProcess]] = {}

    def begin(self, index: int, item: T) -> None:
        """Start a process.

        Raises:
            LostError: the one that it is forked from has ended.
        """
        ours, theirs = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_work, args=(theirs, self._task, item, self._share), daemon=True
        )
        try:
            process.start()
        except (EOFError, ConnectionError) as exc:
            raise LostError(index, "could not be started") from exc
        theirs.close()
        self.running[ours] = index, process

    def messages(self) -> list[tuple[int, Any]]:
        """Wait for messages, and return them with the indices of their items.

        Raises:
            LostError: a process has ended without its result.
        """
        received = []
        ready: list[Any] = connection.wait(list(self.running))
        for receiving in ready:
            index, process = self.running[receiving]
            try:
                message = receiving.recv()
            except (EOFError, OSError) as exc:  # the latter in the middle of a message
                process.join()
                raise LostError(index, _reason(process.exitcode)) from exc
            if isinstance(message, _Done | Failed):
                del self.running[receiving]
                receiving.close()
                process.join()
            received.append((index, message))
        return received

    def end(self) -> None:
        """End the processes that are still running."""
        for _, process in self.running.values():
            process.kill()
        for ours, (_, process) in self.running.items():
            process.join()
            ours.close()
        self.running.clear()


def _reason(code: int | None) -> str:
    """Return what ended a process, by its exit code."""
    if code is None or code >= 0:
        return f"ended with the exit code {code}"
    return f"was ended by {signal.Signals(-code).name}"


def _work(theirs: Any, task: Callable[[T, Tell], R], item: T, share: int) -> NoReturn:
    """Run a task in this process, send what comes of it, and end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import torch  # noqa: PLC0415  # it is there, but not in the process that begins this one

    cores.take(share)
    torch.set_num_threads(share)
    try:
        message: _Done | Failed = _Done(task(item, theirs.send))
    except Exception as exc:  # noqa: BLE001  # raised again by the process that waits for it
        message = Failed.of(exc)
    with contextlib.suppress(BrokenPipeError):
        theirs.send(message)
    os._exit(0)  # nothing is left to do, and torch takes its time to end


def _end_with_parent() -> None:
    """End this process when the one that began it ends, however that does."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
    os._exit(1)
