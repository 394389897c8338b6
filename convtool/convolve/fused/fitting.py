"""Decide which layers are run in one pass, and in which blocks. It runs nothing."""

import functools
import importlib.util
import math

import torch

from convtool.convolve.block_size import BlockSize, cache_block
from convtool.convolve.problem import Input, Problem
from convtool.levels import WHOLE_FLOAT

MAX_TAPS = 72  # of all kernels, with those between the dilated ones; more take long to compile
MAX_BYTES = 48  # that a kernel covers along a row
MAX_BLOCK = 2**29  # bytes that are run at once


@functools.cache
def available() -> bool:
    """Return whether Triton is installed and can talk to a device, which takes a C compiler."""
    if importlib.util.find_spec("triton") is None:
        return False
    try:
        from triton.runtime import driver  # noqa: PLC0415  # half a second

        driver.active.get_current_device()
    except Exception:  # noqa: BLE001  # whatever it lacks, there are other ways
        return False
    return True


def fits(problem: Problem, input: Input) -> bool:
    """Return whether a layer on an input can be run in one pass: few taps on bytes of images."""
    if input.compiler is None or input.device != "cuda":
        return False
    if input.dtype != torch.float32 or input.levels.dtype != torch.uint8:
        return False
    if problem.dims != 2 or not problem.shared or problem.stride != (1, 1):
        return False
    largest = problem.largest_output(input.levels)
    if problem.is_whole(input.levels) and largest >= WHOLE_FLOAT:
        return False
    rows, columns = problem.extent
    small = columns * problem.groups <= MAX_BYTES
    fitting = small and rows * columns * problem.outputs <= MAX_TAPS
    if fitting and not available():
        input.compiler.fail(input.device)
    return fitting and input.compiler.works


def fused_block(problem: Problem, input: Input) -> BlockSize:
    """Return the block that is run in one pass; strips are those of responses in float32."""
    strip = cache_block(problem, input, torch.float32)
    row = math.prod(input.size[1:]) * problem.widest
    length = max(strip.length, MAX_BLOCK // row)
    return BlockSize(min(length, max(1, input.size[0] - problem.extent[0] + 1)), strip.rows)
