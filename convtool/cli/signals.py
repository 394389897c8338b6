"""Let signals wait where an exception would end the process in the middle."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# The terminal goes: SIGHUP, on Windows SIGBREAK.
GOES = getattr(signal, "SIGHUP", getattr(signal, "SIGBREAK", signal.SIGTERM))
WAITING = (signal.SIGINT, signal.SIGTERM, GOES)


@contextmanager
def signals_waiting() -> Iterator[None]:
    """Let interrupts wait until the end of the block, in which torch is imported.

    Its C++ code calls Python, and an exception that comes out of there aborts the process. Signals
    that are ignored or end the process stay as they are.
    """
    came: list[int] = []

    def wait(number: int, _: FrameType | None) -> None:
        came.append(number)

    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in WAITING}
    handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in handlers:
        signal.signal(number, wait)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])
