"""Devices: the choice of one, transfers to and from it, and equal results on a GPU."""

import signal
import subprocess
import sys
import weakref
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from conftest import ROOT, SAMPLES, eventually
from PIL import Image
from test_stream import whole
from torch import nn
from videos import make as make_video
from videos import moving_square, read

from convtool import apply
from convtool.block import Block
from convtool.convolve import ALGORITHMS, Convolution, convolve, devices
from convtool.errors import LimitError, UsageError
from convtool.levels import of
from convtool.media.image.part import ImagePart
from convtool.media.image.samples import RGB, Header, Pixels
from convtool.media.registry import MEDIA
from convtool.results.rules import RULES
from convtool.run.filter import Filter

CHAIN = "gaussian:sigma=1 -> sobel -> relu"


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


def test_what_is_on_a_gpu_is_not_sent_there():
    """A later step of a chain takes what an earlier one has made on the device."""
    block = SimpleNamespace(tensor=SimpleNamespace(is_cuda=True))
    assert list(devices.upload([block, block], torch.device("cuda"))) == [block, block]


@pytest.mark.skipif(sys.platform != "linux", reason="a setting of glibc")
def test_kept_memory_is_reused():
    """A large tensor reuses the pages of a freed one, in any thread."""
    code = """
import resource, threading
from convtool.start.importing import import_torch
import_torch()
import torch
from convtool.convolve import devices
if %s: devices.keep_memory()
def use(): torch.ones(9 * 2**20)
for _ in range(3): use()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
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


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("padding", [0, 2, (4, 1)])
def test_halves_join_to_the_whole(monkeypatch, mode, stride, padding):
    """Where memory is short, a block is run in parts, which join to the layer's result."""
    conv = nn.Conv2d(1, 2, 5, padding=padding, stride=stride, padding_mode=mode)
    tensor = torch.rand(1, 1, 41, 23)
    run = Convolution(conv, tensor.shape[2:], of(tensor.dtype))
    strips = run._run_strips  # noqa: SLF001  # memory is short where it says so

    def limited(pieces, pads, epilogue):
        if sum(piece.shape[1] for piece in pieces) > 15:
            raise torch.OutOfMemoryError
        return strips(pieces, pads, epilogue)

    monkeypatch.setattr(run, "_run_strips", limited)
    torch.testing.assert_close(run([tensor]), conv(tensor).detach(), rtol=0, atol=1e-5)


def test_short_memory_frees_what_blocks_reuse():
    """Where a device is short of memory, that of earlier blocks is freed before the next try."""
    conv = nn.Conv2d(3, 3, 9, groups=3)
    run = Convolution(conv, (60, 60), of(torch.float32), algorithm="taps")
    run([torch.rand(1, 3, 60, 60)])
    runner = weakref.ref(run._runner)  # noqa: SLF001  # what holds the memory
    run.device = torch.device("cuda")  # on the CPU, the collector takes its time
    run._release()  # noqa: SLF001  # what is tested
    assert runner() is None


@pytest.mark.parametrize("mode", ["circular", "zeros"])
def test_the_smallest_block_needs_memory(monkeypatch, mode):
    """Where not even the smallest block fits, that is an error that says what helps."""
    conv = nn.Conv2d(1, 1, 3, padding=1, padding_mode=mode)
    run = Convolution(conv, (9, 9), of(torch.float32))

    def never(*_):
        raise torch.OutOfMemoryError

    monkeypatch.setattr(run, "_run_strips", never)
    with pytest.raises(LimitError, match="not enough memory") as caught:
        run([torch.rand(1, 1, 9, 9)])
    assert caught.value.hint == "--device cpu"


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
    samples = [torch.randint(0, 256, (1, 3, n, 4001), dtype=torch.uint8) for n in (300, 1, 700, 20)]
    blocks = [Block(each, of(torch.uint8)) for each in samples]
    there = devices.upload(iter(blocks), torch.device("cuda"))
    changed = (replace(block, tensor=block.tensor + 1) for block in there)
    returned = [block.tensor for block in devices.download(changed)]
    assert all(torch.equal(a + 1, b) for a, b in zip(samples, returned, strict=True))


@pytest.mark.cuda
def test_cuda_out_of_memory_halves_the_block():
    """A GPU with too little memory for the whole work gives the same result."""
    tensor = torch.rand(1, 3, 4000, 4000)
    expected = apply(tensor, "gaussian:sigma=2", device="cpu")
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(7.5e8 / total)
    try:
        ours = apply(tensor, "gaussian:sigma=2", device="cuda").cpu()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)


@pytest.mark.cuda
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("kernel", ["sobel-x", "sobel", "gaussian:sigma=1", CHAIN])
def test_cuda_normalizes_as_the_cpu(convtool, tmp_path, kernel, rule):
    """Every rule gives the image of the CPU, within a level."""
    images = []
    for device in ("cpu", "cuda"):
        target = tmp_path / f"{device}.tif"
        options = ["-k", kernel, "--normalize", rule, "--device", device]
        result = convtool("image", SAMPLES / "chart.jpg", target, *options)
        assert result.code == 0, result.err
        images.append(apply(target, "0 0 0; 0 1 0; 0 0 0", device="cpu"))
    torch.testing.assert_close(images[1], images[0], rtol=0, atol=1.01 / 255)


@pytest.mark.cuda
@pytest.mark.parametrize("rule", sorted(RULES.keys() - {"none"}))
def test_cuda_compiled_writes_the_image_of_the_cpu(convtool, tmp_path, rule):
    """With --compile, one pass writes the bits of the CPU; an S-curve those within a level."""
    images = []
    for device in ("cpu", "cuda"):
        target = tmp_path / f"{device}.png"
        options = ["-k", "scharr-x", "--device", device, "--normalize", rule]
        options += ["--compile", "--algorithm", "taps"] if device == "cuda" else []
        result = convtool("image", SAMPLES / "chart.jpg", target, *options)
        assert result.code == 0, result.err
        images.append(np.asarray(Image.open(target)).astype(int))
    assert np.abs(images[0] - images[1]).max() <= (1 if rule == "sigmoid" else 0)


@pytest.mark.cuda
@pytest.mark.parametrize(
    "kernel", ["sharpen", "sobel-x", "gaussian-3d", "temporal-difference", CHAIN]
)
def test_cuda_writes_the_video_of_the_cpu(convtool, tmp_path, rng, kernel):
    """A video filtered on the GPU is the CPU's within a level, frame by frame."""
    source = make_video(tmp_path / "in.mkv", moving_square(rng), audio="aac")
    for device in ("cpu", "cuda"):
        options = ["-k", kernel, "--codec", "ffv1", "--device", device]
        options += ["--compile"] if device == "cuda" and kernel == "sharpen" else []
        result = convtool("video", source, tmp_path / f"{device}.mkv", *options)
        assert result.code == 0, result.err
    cpu, cuda = (read(tmp_path / f"{name}.mkv").astype(int) for name in ("cpu", "cuda"))
    assert cpu.shape == cuda.shape
    assert np.abs(cpu - cuda).max() <= 1


@pytest.mark.cuda
@pytest.mark.parametrize("kernel", ["1 -2 3", "lowpass", "echo", "1 -2 3 -> tanh -> 1 2"])
def test_cuda_writes_the_audio_of_the_cpu(convtool, tmp_path, rng, kernel):
    """Audio filtered on the GPU is the CPU's within a level of 16 bits."""
    soundfile.write(tmp_path / "in.wav", rng.normal(0, 0.05, (100_000, 2)), 44_100)
    for device in ("cpu", "cuda"):
        target = tmp_path / f"{device}.wav"
        result = convtool("audio", tmp_path / "in.wav", target, "-k", kernel, "--device", device)
        assert result.code == 0, result.err
    cpu, cuda = (
        soundfile.read(tmp_path / f"{name}.wav", dtype="int16")[0].astype(int)
        for name in ("cpu", "cuda")
    )
    assert np.abs(cpu - cuda).max() <= 1


@pytest.mark.cuda
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("taps", [3, 5])
def test_cuda_convolve_is_the_layer(dims, taps):
    """`convolve` of a tensor on the GPU is the layer's result, and stays there."""
    torch.manual_seed(dims)
    conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dims - 1](3, 3, taps, padding=1, groups=3)
    tensor = torch.rand(2, 3, *[[200_000], [700, 900], [11, 160, 170]][dims - 1])
    exact = conv.double()(tensor.double())
    ours = convolve(conv.float().cuda(), tensor.cuda())
    assert ours.device.type == "cuda"
    torch.testing.assert_close(ours.double().cpu(), exact, rtol=0, atol=1e-5)


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.float32, torch.float64])
def test_cuda_apply_stays_on_the_device(dtype):
    """`apply` of a tensor on the GPU gives the CPU's result there, whatever it is stored as."""
    tensor = (torch.rand(2, 3, 97, 104) * 100).to(dtype)
    ours = apply(tensor.cuda(), "sobel-x")
    assert ours.device.type == "cuda"
    torch.testing.assert_close(ours.cpu(), apply(tensor, "sobel-x"), rtol=1e-6, atol=1e-5)


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_cuda_computes_in_half_precision(dtype):
    """Half the digits that are asked for are those of the result: 10 or 7 binary ones."""
    tensor = torch.rand(1, 3, 97, 104)
    exact = apply(tensor, "gaussian:sigma=2", device="cpu")
    digits = {"float16": 10, "bfloat16": 7}[dtype]
    ours = apply(tensor.cuda(), "gaussian:sigma=2", dtype=dtype)
    torch.testing.assert_close(ours.cpu(), exact, rtol=0, atol=4 * 2.0**-digits)
    half = tensor.to(getattr(torch, dtype)).cuda()
    assert apply(half, "gaussian:sigma=2").dtype == half.dtype


@pytest.mark.cuda
def test_cuda_is_what_auto_takes_for_much_work():
    """`auto` takes the card that is there for a minute of work, and none for a blink."""
    assert devices.choose("auto", 60).type == "cuda"
    assert devices.choose("auto", 0.1).type == "cpu"


@pytest.mark.cuda
def test_cuda_serves_several_jobs_at_once(convtool, tmp_path, rng):
    """Two workers that share a card write the images that one on the CPU writes."""
    (tmp_path / "in").mkdir()
    for index in range(12):
        picture = rng.integers(0, 256, (300 + index, 401, 3), np.uint8)
        Image.fromarray(picture).save(tmp_path / "in" / f"{index}.png")
    for device, jobs in (("cpu", 1), ("cuda", 2)):
        options = ["-k", "sobel-x", "-k", "sharpen", "--device", device, "--jobs", jobs]
        result = convtool("image", tmp_path / "in", f"{tmp_path}/{device}/", *options)
        assert result.code == 0, result.err
    names = sorted(path.name for path in (tmp_path / "cpu").rglob("*.png"))
    assert len(names) == 12 * 2 * 3
    for name in names:
        cpu, cuda = (Image.open(tmp_path / device / name) for device in ("cpu", "cuda"))
        assert np.array_equal(np.asarray(cpu), np.asarray(cuda)), name


@pytest.mark.cuda
def test_cuda_ends_on_an_interrupt(tmp_path):
    """An interrupt ends a run on the GPU with 130, no traceback, no output, no temporary file."""
    Image.effect_noise((6000, 6000), 60).convert("RGB").save(tmp_path / "in.png", compress_level=0)
    arguments = ["image", "in.png", "out.png", "-k", "box:size=31", "-q", "--device", "cuda"]
    with subprocess.Popen(
        [sys.executable, "-m", "convtool", *arguments], cwd=tmp_path, stderr=subprocess.PIPE
    ) as process:
        eventually(lambda: list(tmp_path.glob(".convtool-*")) or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


@pytest.mark.cuda
def test_cuda_says_when_its_memory_is_too_small(convtool, tmp_path):
    """A card without room for a block is an error with a hint, and no file."""
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(1e6 / total)
    try:
        options = ["-k", "gaussian:sigma=2", "--device", "cuda"]
        result = convtool("image", SAMPLES / "chart.jpg", tmp_path / "out.png", *options)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert result.code == 1
    assert "the device has not enough memory" in result.err
    assert "hint: --device cpu" in result.err
    assert "Traceback" not in result.err
    assert not list(tmp_path.iterdir())
