"""Compile functions by `torch.compile`: seconds once, then one loop instead of many.

It never stops a run: what cannot be compiled is left to the caller, and said in a note.
"""

import logging
from collections.abc import Callable
from typing import Any

import torch

NEEDS = {"cpu": "a C++ compiler such as g++", "cuda": "Triton and a C compiler such as gcc"}


class Compiler:
    """A compiler, as long as it works: after its first failure it is not tried again.

    Attributes:
        notes: what a user should know of it.
    """

    def __init__(self) -> None:
        self.notes: tuple[str, ...] = ()

    @property
    def works(self) -> bool:
        """Whether nothing has failed so far."""
        return not self.notes

    def fail(self, device: str, reason: str = "") -> None:
        """Take note that nothing can be compiled.

        Args:
            device: its type.
            reason: what went wrong, where it is known.
        """
        needs = NEEDS.get(device, "a compiler")
        because = f": {reason}" if reason else ""
        self.notes = (f"not compiled, as --compile needs {needs}{because}",)

    def compiled(self, function: Callable[..., None]) -> Callable[..., bool]:
        """Return what runs a function compiled, for tensors of any size.

        It returns whether it did: where that fails at the first call, nothing has been run, and
        the caller does the work in another way.
        """
        tried = False
        ready: Callable[..., None] | None = None

        def run(*arguments: Any) -> bool:
            nonlocal tried, ready
            if tried or not self.works:
                if ready is None:
                    return False
                ready(*arguments)
                return True
            tried = True
            try:
                made = _made(function)
                made(*arguments)
            except torch.OutOfMemoryError:
                raise
            except Exception as exc:  # noqa: BLE001  # whatever is missing, there are other ways
                first = next(iter(str(exc).strip().splitlines()), type(exc).__name__)
                self.fail(arguments[0].device.type, first)
                return False
            ready = made
            return True

        return run


def _made(function: Callable[..., None]) -> Callable[..., None]:
    import torch._dynamo  # noqa: PLC0415  # 0.7 s that nothing else needs

    # it warns of a missing CUDA on machines that have none
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    return torch.compile(function, dynamic=True, fullgraph=True)
