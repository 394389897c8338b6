"""Keep the garbage collector from looking for garbage while modules are imported."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the garbage collector during imports, and let it pass over what they made for ever.

    Importing torch makes half a million objects and hardly any garbage: not looking through them
    saves a tenth of a short call.
    """
    if not gc.isenabled():
        yield  # paused by a block around this one, or by the program that imports convtool
        return
    modules = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > modules:
            gc.freeze()
        gc.enable()
