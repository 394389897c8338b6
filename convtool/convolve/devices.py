"""Choose the device that a layer runs on, and move its blocks there and back.

No other module names CUDA, MPS, TF32 or malloc. How a layer is run is decided by `plan`.
"""

import ctypes
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor

from convtool.block import Block
from convtool.errors import LimitError, UsageError
from convtool.start.importing import complete

CUDA_START = 2.0  # seconds until a process has a CUDA context, libraries and their first kernels
KEEP = {-1: 2**29, -4: 0, -8: 1}  # glibc's M_TRIM_THRESHOLD, M_MMAP_MAX, M_ARENA_MAX


def available() -> list[str]:
    """Return the names of the devices of this machine that torch can use."""
    cuda = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    return ["cpu", *cuda, *(["mps"] if torch.backends.mps.is_available() else [])]


def describe(name: str) -> str:
    """Return a description of one of the `available` devices, for people."""
    if name.startswith("cuda"):
        properties = torch.cuda.get_device_properties(name)
        return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    return "Metal" if name == "mps" else f"{torch.get_num_threads()} threads"


def choose(name: str, seconds: float) -> torch.device:
    """Return a device by its name; `auto` is CUDA if the work outweighs its start-up.

    Args:
        name: one of those `available`, `cuda` for the first CUDA device, or `auto`.
        seconds: that the CPU would need for the planned work.

    Raises:
        UsageError: there is no such device on this machine.
    """
    if name == "auto":
        name = "cuda" if seconds > CUDA_START and torch.cuda.is_available() else "cpu"
    else:
        _check(name)
    if name != "cpu":
        complete()
    return torch.device(name)


def _check(name: str) -> None:
    """Raise a UsageError unless this machine has the device."""
    names = available()
    numbered = name if ":" in name or name in ("cpu", "mps") else f"{name}:0"
    if numbered not in names:
        asked_for_cuda = name.startswith("cuda") and not torch.cuda.is_available()
        reason = _why_no_cuda() if asked_for_cuda else ""
        raise UsageError(
            f"no device '{name}' on this machine{reason}", hint=f"available: {', '.join(names)}"
        )


def _why_no_cuda() -> str:
    """Return the reason why torch lists no CUDA device, as the end of a message."""
    if not torch.backends.cuda.is_built():
        return ": this PyTorch is built without CUDA"
    return ": PyTorch finds no NVIDIA driver, or no GPU"


def upload(blocks: Iterable[Block], device: torch.device) -> Iterator[Block]:
    """Yield blocks on a device.

    To CUDA, each is copied from pinned memory while the one before is worked on. What an earlier
    step of a chain has made there stays where it is.

    Raises:
        LimitError: the device has not enough memory for a block.
    """
    if device.type != "cuda":
        for block in blocks:
            yield _moved(block, block.tensor.to(device))
        return
    bus: torch.cuda.Stream | None = None
    coming: Block | None = None
    for block in blocks:
        if block.tensor.is_cuda:
            yield block
            continue
        bus = bus or torch.cuda.Stream(device)
        with torch.cuda.stream(bus), _enough_memory():
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
    """Yield blocks in the memory of the host.

    From CUDA, each is copied to pinned memory while the next is computed.
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


@contextmanager
def _enough_memory() -> Iterator[None]:
    """Raise the device's lack of memory as an error of the input."""
    try:
        yield
    except torch.OutOfMemoryError as exc:
        raise LimitError(
            "the device has not enough memory for the smallest block", hint="--device cpu"
        ) from exc


def _moved(block: Block, tensor: Tensor) -> Block:
    return block if tensor is block.tensor else replace(block, tensor=tensor)


def keep_memory() -> None:
    """Let this process keep freed memory for its next allocation, in one heap for all threads.

    By default glibc returns large allocations to the system at once, which hands them out again
    page by page, zeroed: for an image that costs as much as a small convolution. Other C libraries
    are left as they are.

    Source: mallopt(3)
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        for parameter, value in KEEP.items():
            mallopt(parameter, value)


@contextmanager
def exact() -> Iterator[None]:
    """Keep CUDA from rounding float32 to TF32, which differs from the CPU in the third digit."""
    saved = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = saved
