"""Planning is bounded: it never takes longer than a blink, whatever the kernel."""

import subprocess
import sys
import time

import pytest
import torch
from torch import nn

from convtool.convolve import Convolution
from convtool.errors import LayerError
from convtool.levels import of

UINT8 = of(torch.uint8)


def gaussian(size, rank=1):
    """Return a kernel that is a sum of outer products of Gaussians."""
    places = torch.arange(size, dtype=torch.float64) - size // 2
    total = torch.zeros(size, size, dtype=torch.float64)
    for index in range(1, rank + 1):
        line = torch.exp(-(places**2) / (2 * (size * index / 20) ** 2))
        total += torch.outer(line, line) / line.sum() ** 2
    return total


def filled(kernel):
    """Return a depthwise layer on three channels."""
    conv = nn.Conv2d(3, 3, kernel.shape, groups=3, bias=False).requires_grad_(False)
    conv.weight.copy_(kernel)
    return conv


@pytest.mark.parametrize(
    ("conv", "size"),
    [
        (nn.Conv2d(3, 4, 1001, bias=False), (1240, 1426)),
        (nn.Conv2d(3, 3, 301, groups=3), (540, 726)),
        (nn.Conv3d(3, 3, 63, groups=3), (100, 100, 100)),
        (nn.Conv2d(1, 64, 127), (500, 500)),
        (nn.Conv1d(2, 2, 65535, groups=2), (2**20,)),
        (filled(gaussian(1023)), (2000, 2000)),
        (filled(gaussian(501, rank=3)), (2000, 2000)),
    ],
    ids=["1001", "301", "63x63x63", "64 x 127", "65535 taps", "gaussian", "three gaussians"],
)
def test_planning_takes_at_most_50_ms(conv, size):
    """The fastest of three plans of the largest kernels takes 50 ms of a single thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # others would spin where the machine is busy
    Convolution(nn.Conv2d(1, 1, 3), (9, 9), UINT8)  # which imports what plans need
    seconds = []
    for _ in range(3):
        started = time.thread_time()
        Convolution(conv, size, UINT8)
        seconds.append(time.thread_time() - started)
    torch.set_num_threads(threads)
    assert min(seconds) < 0.05


def test_planning_takes_at_most_100_mb():
    """A plan for a kernel of a million weights per channel takes little memory beside them."""
    script = """
import resource
from convtool.start.importing import import_torch
import_torch()
import torch
from convtool.convolve import Convolution
from convtool.levels import of
conv = torch.nn.Conv2d(3, 4, 1001)
Convolution(torch.nn.Conv2d(1, 1, 3), (9, 9), of(torch.uint8))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
Convolution(conv, (1240, 1426), of(torch.uint8))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    unit = 1 if sys.platform == "darwin" else 1024
    assert int(found.stdout) * unit < 100e6


@pytest.mark.parametrize("rank", [1, 3, 16])
def test_few_outer_products_are_still_found(rank):
    """A large kernel of few terms runs by that many pairs of passes."""
    noise = torch.Generator().manual_seed(rank)
    left, right = torch.randn(2, 61, rank, dtype=torch.float64, generator=noise)
    conv = filled(left @ right.T)
    plan = Convolution(conv, (500, 500), UINT8, algorithm="separable").plan
    assert plan.chosen.note == f"{2 * rank} one-dimensional passes"


def test_separable_is_refused_for_a_kernel_of_many_terms():
    """A random kernel of 31 × 31 has 31 terms, which `separable` says instead of running for."""
    with pytest.raises(LayerError, match="at most 16 outer products"):
        Convolution(nn.Conv2d(1, 1, 31), (99, 99), UINT8, algorithm="separable")
