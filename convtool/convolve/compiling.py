"""Compile a function by `torch.compile`: seconds once, then one loop instead of many."""

import logging
from collections.abc import Callable
from typing import Any

from convtool.errors import UsageError


def compiled_function(function: Callable[..., None]) -> Callable[..., None]:
    """Return a function compiled for tensors of any size.

    Raises:
        UsageError: at the first call, where no compiler is installed.
    """
    import torch._dynamo  # noqa: PLC0415  # 0.7 s that nothing else needs
    import torch._inductor.exc  # noqa: PLC0415

    # it warns of a missing CUDA on machines that have none
    logging.getLogger("torch.utils.cpp_extension").setLevel(logging.ERROR)
    compiled = torch.compile(function, dynamic=True, fullgraph=True)
    failures = (
        torch._inductor.exc.InductorError,  # noqa: SLF001  # they have no public name
        torch._dynamo.exc.BackendCompilerFailed,  # noqa: SLF001  # the same
    )

    def run(*arguments: Any) -> None:
        try:
            compiled(*arguments)
        except failures as exc:
            reason = str(exc).strip().splitlines()[0]
            raise UsageError(
                f"--compile failed: {reason}", hint="it needs a C++ compiler such as g++"
            ) from exc

    return run
