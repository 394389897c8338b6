"""Devices: the choice of one, transfers to and from it, and equal results on a GPU."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT, SAMPLES
from PIL import Image
from test_stream import whole
from torch import nn

from convtool import apply
from convtool.block import Block
from convtool.convolve import ALGORITHMS, Convolution, devices
from convtool.errors import UsageError
from convtool.levels import of
from convtool.media.image.part import ImagePart
from convtool.media.image.samples import RGB, Header, Pixels
from convtool.media.registry import MEDIA
from convtool.run.filter import Filter


def test_an_unknown_device_is_refused_with_the_available_ones():
    """The hint about an unknown device lists the available ones."""
    with pytest.raises(UsageError) as caught:
        devices.choose("cuda:99", 0)
    assert "cpu" in caught.value.hint


@pytest.mark.parametrize(
    ("there", "seconds", "kind"), [(True, 60, "cuda"), (True, 0.1, "cpu"), (False, 60, "cpu")]
)
def test_auto_takes_the_gpu_for_work_that_outweighs_its_start(monkeypatch, there, seconds, kind):
    """`auto` takes the GPU only for work that outlasts its start of some seconds."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert devices.choose("auto", seconds).type == kind


def test_auto_counts_the_work_of_all_inputs(monkeypatch):
    """`auto` counts the work of all inputs, so that a thousand images can justify a GPU."""
    works = []
    monkeypatch.setattr(
        devices, "choose", lambda _, seconds: works.append(seconds) or torch.device("cpu")
    )
    part = ImagePart(
        Header((200, 300), channels=RGB, dtype=torch.uint8),
        lambda: Pixels(np.zeros((200, 300, 3), np.uint8)),
    )
    for inputs in (1, 1000):
        medium = MEDIA["image"]
        options = medium.options({"kernel": ("gaussian:sigma=3",)})
        Filter(options, medium, inputs=inputs).convolution(part)
    one, many = works
    assert 0 < one < 0.1
    assert many == pytest.approx(1000 * one)


def test_blocks_come_back_unchanged():
    """Transfers to and from the current device return the same blocks in order."""
    blocks = [
        Block(
            torch.rand(1, 2, n, 3).contiguous(memory_format=torch.channels_last), of(torch.float32)
        )
        for n in (3, 1, 2)
    ]
    returned = list(devices.download(devices.upload(iter(blocks), torch.device("cpu"))))
    assert all(a is b for a, b in zip(blocks, returned, strict=True))


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of glibc")
def test_kept_memory_is_reused():
    """A large tensor reuses the pages of a freed one, in any thread."""
    code = """
import resource, threading, torch
from convtool.block import Block
from convtool.convolve import devices
if %s: devices.keep_memory()
def use(): torch.ones(9 * 2**20)
for _ in range(3): use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(40):
    use()
    thread = threading.Thread(target=use); thread.start(); thread.join()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
    kept, given_back = (
        int(
            subprocess.run(
                [sys.executable, "-c", code % keep], cwd=ROOT, check=True, capture_output=True
            ).stdout
        )
        for keep in (True, False)
    )
    assert kept < given_back / 4  # the first few still take new pages


@pytest.mark.cuda
def test_cuda_is_listed(convtool):
    """`devices` lists a GPU with its name and memory."""
    assert "cuda:0" in convtool("devices").out


@pytest.mark.cuda
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_cuda_gives_the_layers_result(algorithm, dims):
    """Without TF32, results stay within 1e-5 × Σ|w| × max|x| of float64."""
    torch.manual_seed(dims)
    conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims - 1](2, 4, [9, 7, 5][:dims], padding=2, groups=2)
    tensor = torch.rand(1, 2, *[997, 61, 23][:dims]) - 0.5
    with devices.exact():
        run = Convolution(
            conv,
            tensor.shape[2:],
            of(tensor.dtype),
            algorithm=algorithm,
            device=torch.device("cuda"),
        )
        ours = run([tensor.cuda()])
    assert ours.device.type == "cuda"
    exact = whole(conv.double(), tensor.double())
    bound = (
        1e-5 * float(conv.weight.detach().flatten(1).abs().sum(1).max()) * float(tensor.abs().max())
    )
    assert float((ours.cpu() - exact).detach().abs().max()) <= bound


@pytest.mark.cuda
@pytest.mark.parametrize("kernel", ["sobel-x", "sharpen", "gaussian:sigma=3", "kirsch"])
def test_cuda_writes_the_image_of_the_cpu(convtool, tmp_path, kernel):
    """Integer kernels give the same bits on the GPU, others differ by at most a level."""
    for device in ("cpu", "cuda"):
        target = tmp_path / f"{device}.png"
        result = convtool("image", SAMPLES / "chart.jpg", target, "-k", kernel, "--device", device)
        assert result.code == 0, result.err
    cpu, cuda = (
        np.asarray(Image.open(tmp_path / f"{name}.png")).astype(int) for name in ("cpu", "cuda")
    )
    assert np.abs(cpu - cuda).max() <= (1 if kernel.startswith("gaussian") else 0)


@pytest.mark.cuda
def test_cuda_blocks_come_back_unchanged():
    """Overlapping transfers keep the order and every value."""
    blocks = [torch.randint(0, 256, (1, 3, n, 4001), dtype=torch.uint8) for n in (300, 1, 700, 20)]
    there = devices.upload(iter(blocks), torch.device("cuda"))
    returned = list(devices.download(block + 1 for block in there))
    assert all(torch.equal(a + 1, b) for a, b in zip(blocks, returned, strict=True))


@pytest.mark.cuda
def test_cuda_out_of_memory_halves_the_block():
    """A GPU with memory for a tenth of the work gives the same result."""
    tensor = torch.rand(1, 3, 4000, 4000)
    expected = apply(tensor, "gaussian:sigma=2", device="cpu")
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1.2e9 / total)
    try:
        ours = apply(tensor, "gaussian:sigma=2", device="cuda").cpu()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)
