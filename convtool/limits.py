"""Keep the memory of a run within its budget: large jobs wait for each other, and too large ones are refused.

It counts what is said to be needed, by headers and plans; it measures nothing.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from convtool.errors import LimitError

MEBI = 2**20


def refuse_larger(what: str, needed: int, limit: int) -> None:
    """Check what a job needs against the budget.

    Args:
        what: needs it.
        needed: bytes.
        limit: what `--max-memory` says, in MiB.

    Raises:
        LimitError: it is more.
    """
    if needed > limit * MEBI:
        raise LimitError(
            f"{what} takes about {-(-needed // MEBI)} MiB of memory, the limit is {limit} MiB",
            hint="raise it with --max-memory",
        )


class Budget:
    """The memory that all jobs of a run share.

    Args:
        limit: MiB.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit * MEBI
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, needed: int) -> Iterator[None]:
        """Take so many bytes, no more than there are at all, as soon as other jobs leave them.

        >>> with Budget(8192).taken(2**30):
        ...     pass
        """
        with self._changed:
            self._changed.wait_for(lambda: needed <= self._left)
            self._left -= needed
        try:
            yield
        finally:
            with self._changed:
                self._left += needed
                self._changed.notify_all()
