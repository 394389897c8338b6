"""Short encodings of what was read and made, to be played in a page. They know no page.

Encoding goes on in a thread of its own while the run does; what is encoded is reduced, and says so.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

AHEAD = 4  # calls that may wait, each with the samples of a block


@dataclass(frozen=True)
class Clip:
    """Something to be played.

    Attributes:
        data: a file.
        type: its media type.
        positions: how many positions of the leading axis it shows, from the first.
        rate: of them, per second.
        reduced: how it differs from the samples themselves; empty where it does not.
    """

    data: bytes
    type: str
    positions: int
    rate: float
    reduced: str


class Behind:
    """Runs calls one after another, in a thread of its own, so that the caller need not wait."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="clip")
        self._waiting: deque[Future[None]] = deque()

    def call(self, function: Callable[..., None], *arguments: object) -> None:
        """Call a function later; what an earlier one raised is raised here."""
        while len(self._waiting) >= AHEAD:
            self._waiting.popleft().result()
        self._waiting.append(self._executor.submit(function, *arguments))

    def finish(self) -> None:
        """Wait until all calls have returned."""
        while self._waiting:
            self._waiting.popleft().result()
        self._executor.shutdown()
