"""Choose where a layer runs; the only place that says cuda, mps, TF32, and how memory is kept.

It must not decide how it runs: `convolve` does.
"""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from convtool.errors import UsageError

KEEP = {-1: 2**29, -4: 0, -8: 1}  # glibc's M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX


def available() -> list[str]:
    """Return the names of this machine's devices that torch can use."""
    cuda = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return ["cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]


def describe(name: str) -> str:
    """Return what a device of `available()` is, for people."""
    if name.startswith("cuda"):
        properties = torch.cuda.get_device_properties(name)
        return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    return "Metal" if name == "mps" else f"{torch.get_num_threads()} threads"


def choose(name: str) -> torch.device:
    """Return the device called `name`; `auto` is the first GPU, or the CPU where there is none.

    Raises:
        UsageError: there is no such device here.
    """
    names = available()
    if name == "auto":
        return torch.device("cuda" if "cuda:0" in names else "cpu")
    if (name if ":" in name or name in ("cpu", "mps") else f"{name}:0") not in names:
        raise UsageError(f"no device '{name}' here", hint=f"there are {', '.join(names)}")
    return torch.device(name)


def keep_memory() -> None:
    """Let this process, and all of its threads together, keep memory that is freed for its next use.

    By default glibc gives large pieces back at once, and the system hands them out again page by page, zeroed:
    for a picture that costs as much as a small convolution. Other C libraries are left as they are.

    Source: mallopt(3)
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for parameter, value in KEEP.items():
            mallopt(parameter, value)


@contextmanager
def exact() -> Iterator[None]:
    """Keep CUDA from rounding float32 to TF32, which would differ from the CPU in the third digit."""
    saved = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = saved
