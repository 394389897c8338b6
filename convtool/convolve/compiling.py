"""Compile a function by `torch.compile`: seconds of C++ or Triton once, then one loop where there were many."""

import logging
from collections.abc import Callable
from typing import Any

from convtool.errors import UsageError


def compile_(function: Callable[..., None]) -> Callable[..., None]:
    """Return the function compiled, for tensors of any size.

    Raises:
        UsageError: at its first call, where there is no compiler.
    """
    import torch._dynamo  # noqa: PLC0415  # 0.7 s that nothing else needs
    import torch._inductor.exc  # noqa: PLC0415

    logging.getLogger("torch.utils.cpp_extension").setLevel(
        logging.ERROR
    )  # that there is no CUDA is no news
    compiled = torch.compile(function, dynamic=True, fullgraph=True)

    def run(*arguments: Any) -> None:
        try:
            compiled(*arguments)
        except (torch._inductor.exc.InductorError, torch._dynamo.exc.BackendCompilerFailed) as exc:  # noqa: SLF001
            reason = str(exc).strip().splitlines()[0]
            raise UsageError(
                f"--compile failed: {reason}", hint="it needs a C++ compiler such as g++"
            ) from exc

    return run
