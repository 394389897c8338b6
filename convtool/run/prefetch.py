"""Run an iterator in a thread, a few items ahead of its consumer: steps of a stream overlap.

It knows nothing of the items. Libraries that decode, compute and encode release the interpreter's
lock meanwhile.
"""

import contextlib
import queue
import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

DEPTH = 4  # items that wait for the consumer


@dataclass(frozen=True)
class _End:
    """The mark after the last item.

    Attributes:
        error: what ended the items, if an error did.
    """

    error: BaseException | None = None


def prefetch(items: Iterable[T], depth: int = DEPTH) -> Generator[T]:
    """Yield items that a thread takes from `items`, at most `depth` of them waiting.

    An error in the thread is raised here, in its place. When the generator is closed, by an error
    of the consumer or an interrupt, the thread ends and closes `items` first.

    >>> list(prefetch(range(3)))
    [0, 1, 2]
    """
    waiting: queue.Queue[T | _End] = queue.Queue(depth)
    closed = threading.Event()

    def take() -> None:
        end = _End()
        try:
            for item in items:
                waiting.put(item)
                if closed.is_set():
                    break
        except BaseException as exc:  # noqa: BLE001  # raised again by the consumer
            end = _End(exc)
        finally:
            if isinstance(items, Generator):
                items.close()
            waiting.put(end)

    thread = threading.Thread(target=take, name="prefetch", daemon=True)
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        closed.set()
        while thread.is_alive():  # it may wait for a place in the queue
            with contextlib.suppress(queue.Empty):
                waiting.get_nowait()
            thread.join(0.01)
