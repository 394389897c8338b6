"""Let the steps of a stream overlap: each is run by a thread of its own, a few blocks ahead of who takes them.

It knows nothing of blocks. Libraries that decode, compute and encode let other threads run meanwhile.
"""

import contextlib
import queue
import threading
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")

DEPTH = 4  # items that wait


@dataclass(frozen=True)
class _End:
    """What follows the last item: the error that ended them, if one did."""

    error: BaseException | None = None


def ahead(items: Iterable[T], depth: int = DEPTH) -> Generator[T]:
    """Yield items that a thread takes from `items`, at most `depth` of them waiting.

    What is raised there is raised here, in its place. Where the generator is closed, by an error of who takes the
    items or an interrupt, the thread ends and closes `items` first.

    >>> list(ahead(range(3)))
    [0, 1, 2]
    """
    waiting: queue.Queue[T | _End] = queue.Queue(depth)
    unwanted = threading.Event()

    def take() -> None:
        end = _End()
        try:
            for item in items:
                waiting.put(item)
                if unwanted.is_set():
                    break
        except BaseException as exc:  # noqa: BLE001  # raised again where it is waited for
            end = _End(exc)
        finally:
            if isinstance(items, Generator):
                items.close()
            waiting.put(end)

    thread = threading.Thread(target=take, name="ahead", daemon=True)
    thread.start()
    try:
        while not isinstance(item := waiting.get(), _End):
            yield item
        if item.error is not None:
            raise item.error
    finally:
        unwanted.set()
        while thread.is_alive():  # it may wait for room
            with contextlib.suppress(queue.Empty):
                waiting.get_nowait()
            thread.join(0.01)
