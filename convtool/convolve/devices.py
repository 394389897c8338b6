"""Choose where a layer runs, and bring its blocks there and back; the only place that says cuda, mps, TF32, malloc.

It must not decide how it runs: `convolve` does.
"""

import ctypes
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor

from convtool.block import Block
from convtool.errors import UsageError

CUDA_START = (
    2.0  # seconds until a process has a CUDA context, its libraries and their first kernels
)
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


def choose(name: str, seconds: float) -> torch.device:
    """Return the device called `name`; `auto` is the first CUDA device where that is worth its start-up.

    Args:
        name: one of `available()`, `cuda` for the first of its kind, or `auto`.
        seconds: what the CPU would need for the planned work.

    Raises:
        UsageError: there is no such device here.
    """
    if name == "auto":
        return torch.device("cuda" if seconds > CUDA_START and torch.cuda.is_available() else "cpu")
    names = available()
    if (name if ":" in name or name in ("cpu", "mps") else f"{name}:0") not in names:
        raise UsageError(f"no device '{name}' here", hint=f"there are {', '.join(names)}")
    return torch.device(name)


def upload(blocks: Iterable[Block], device: torch.device) -> Iterator[Block]:
    """Yield blocks on a device.

    To CUDA each is on its way, from pinned memory, while the one before is worked on.
    """
    if device.type != "cuda":
        for block in blocks:
            yield _moved(block, block.tensor.to(device))
        return
    bus = torch.cuda.Stream(device)
    coming: Block | None = None
    for block in blocks:
        with torch.cuda.stream(bus):
            following = block.tensor.pin_memory().to(device, non_blocking=True)
            arrived = bus.record_event()
        if coming is not None:
            yield coming
        current = torch.cuda.current_stream(device)
        current.wait_event(arrived)
        following.record_stream(current)
        coming = _moved(block, following)
    if coming is not None:
        yield coming


def download(blocks: Iterable[Block]) -> Iterator[Block]:
    """Yield blocks in the computer's memory.

    From CUDA each is on its way, to pinned memory, while the next is made.
    """
    coming: tuple[Block, torch.cuda.Event] | None = None
    bus: torch.cuda.Stream | None = None
    for block in blocks:
        samples = block.tensor
        if samples.device.type != "cuda":
            yield _moved(block, samples.cpu())
            continue
        bus = bus or torch.cuda.Stream(samples.device)
        bus.wait_stream(torch.cuda.current_stream(samples.device))
        with torch.cuda.stream(bus):
            room = torch.empty_like(samples, device="cpu", pin_memory=True)
            following = room.copy_(samples, non_blocking=True)
            samples.record_stream(bus)
            left = bus.record_event()
        if coming is not None:
            coming[1].synchronize()
            yield coming[0]
        coming = _moved(block, following), left
    if coming is not None:
        coming[1].synchronize()
        yield coming[0]


def _moved(block: Block, tensor: Tensor) -> Block:
    return block if tensor is block.tensor else replace(block, tensor=tensor)


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
