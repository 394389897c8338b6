"""A CUDA device: the layer alone on samples that are there, against a copy of as many bytes.

The yardstick is what the device needs to copy as many bytes as the work must read and write: the
stored samples of the input, and those of the result. Then the bus, and whole files.
"""

import functools
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own habit
from images import synthetic_image
from PIL import Image
from timing import Row
from torch import Tensor

from convtool.cli.app import run as command
from convtool.convolve import Convolution, Epilogue, devices
from convtool.convolve.compiling import Compiler
from convtool.convolve.geometry import window
from convtool.convolve.stream import Stream
from convtool.layers.layer import Layer
from convtool.levels import of
from convtool.media.registry import medium_of_tensor
from convtool.results.choice import Choice
from convtool.results.normalize import Normalizer
from convtool.results.quantize import Quantizer
from convtool.results.scaled import Scaled
from convtool.run.filter import Filter

CUDA = torch.device("cuda")
COPIED = 2**31  # bytes read and written by the copy that the bandwidth is measured by
RUNS = 10
RECORDED = 8  # calls that are replayed together
ROTATED = 2**29  # bytes of inputs that are used in turn, more than a cache holds
SIZES = {"12 megapixels": (3000, 4000), "100 megapixels": (10_000, 10_000)}
PEER = "copy of as many bytes"
GOAL = 1 / 0.9


def seconds(work: Callable[[], object]) -> float:
    """Return the median seconds of a call, from the device's view."""
    taken = []
    for turn in range(RUNS + 2):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        if turn > 1:
            taken.append(start.elapsed_time(end) / 1e3)
    return float(np.median(taken))


def replayed(work: Callable[[], object]) -> float:
    """Return the median seconds of a call without Python's: several are recorded and replayed."""
    work()
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(RECORDED):
            work()
    return seconds(graph.replay) / RECORDED


@functools.cache
def bandwidth() -> float:
    """Return the bytes per second that a copy on the device reads and writes."""
    source = torch.randint(0, 256, (COPIED // 2,), dtype=torch.uint8, device=CUDA)
    target = torch.empty_like(source)
    return COPIED / seconds(lambda: target.copy_(source))


class Resident:
    """Convtool's way from stored samples to stored samples, both on the device.

    Args:
        stored: the input, shape (1, C, *S), channels innermost in memory.
        layer: what is run on it.
        algorithm: how.
        rule: of the normalization.
        compiled: as the option.
    """

    def __init__(
        self,
        stored: Tensor,
        layer: Layer,
        algorithm: str = "auto",
        rule: str = "clamp",
        *,
        compiled: bool = False,
    ) -> None:
        self.layer, self.compiled, levels = layer, compiled, of(stored.dtype)
        copies = max(1, ROTATED // (stored.numel() * stored.element_size()))
        self._inputs = cycle([stored, *(stored.clone() for _ in range(copies - 1))])
        self.run = Convolution(
            layer.conv,
            stored.shape[2:],
            levels,
            algorithm=algorithm,
            device=CUDA,
            compiler=Compiler() if compiled else None,
        )
        medium = medium_of_tensor(stored.ndim - 2)
        normalizer = Normalizer(
            layer,
            Choice("none" if levels.floats else rule),
            centred=medium.centred,
            floats=levels.floats,
            scale=levels.scale,
            clip=False,
        )
        if normalizer.needs_range:
            normalizer.measure([torch.ones(1, layer.channels, 1, 1, device=CUDA) * 300], 1)
        self._epilogue: Epilogue = [layer.fold, Scaled(normalizer, levels.scale), Quantizer(levels)]

    def __call__(self) -> list[Tensor]:
        """Return the blocks of the result."""
        stored = next(self._inputs)
        stream = Stream(
            window(self.layer.conv), lambda pieces, pads: self.run(pieces, pads, self._epilogue)
        )
        return list(stream(torch.split(stored, self.run.length, 2)))


def layer_of(stored: Tensor, kernels: Sequence[str] = (), weight: Tensor | None = None) -> Layer:
    """Return the layer of kernels as `-k` takes them, or of weights, for a tensor."""
    dims, channels = stored.ndim - 2, stored.shape[1]
    medium = medium_of_tensor(dims)
    asked: dict[str, object] = {"kernel": tuple(kernels), "bias": False}
    if weight is not None:
        groups = channels // weight.shape[1]
        asked |= {"kernel_size": tuple(weight.shape[2:]), "groups": groups}
        asked["out_channels"] = len(weight)
    layer = Filter(medium.options(asked), medium, CUDA).layer(channels)
    if weight is not None:
        layer.conv.weight.data.copy_(weight)
    return layer


def error(resident: Resident, stored: Tensor) -> float:
    """Return the largest error of raw results on a part of the input, over Σ|w| × max|x|."""
    conv = resident.layer.conv
    part = stored[..., :400, :400].contiguous() if stored.ndim > 3 else stored[..., :100_000]
    run = Convolution(
        conv,
        part.shape[2:],
        of(part.dtype),
        algorithm=resident.run.plan.algorithm,
        device=CUDA,
        compiler=Compiler() if resident.compiled else None,
    )
    ours = run([part], [(0, 0)] * (part.ndim - 2)).double().cpu()
    forward = (F.conv1d, F.conv2d, F.conv3d)[part.ndim - 3]
    weight = conv.weight.detach().double().cpu()
    exact = forward(part.double().cpu(), weight, None, conv.stride, 0, conv.dilation, conv.groups)
    largest = float(weight.flatten(1).abs().sum(1).max()) * float(part.abs().max())
    return float((ours.flatten(1)[:, : exact.numel()] - exact.flatten(1)).abs().max()) / largest


def row(
    name: str,
    stored: Tensor,
    layer: Layer,
    goal: float | None = None,
    algorithm: str = "auto",
    rule: str = "clamp",
    *,
    compiled: bool = False,
    graph: bool = False,
) -> Row:
    """Return the row of a layer on an input; with `graph`, without the time of Python."""
    with devices.exact():
        resident = Resident(stored, layer, algorithm, rule, compiled=compiled)
        took = (replayed if graph else seconds)(resident)
        written = sum(block.numel() * block.element_size() for block in resident())
        wrong = error(resident, stored)
    copied = (stored.numel() * stored.element_size() + written) / bandwidth()
    way = resident.run.plan.algorithm + ", compiled" * compiled + ", replayed" * graph
    return Row(name, way, took, PEER, copied, goal, wrong)


def rows() -> Iterator[Row]:
    """Yield the table."""
    speed = bandwidth() / 1e9
    print(f"{torch.cuda.get_device_name()}: a copy reads and writes {speed:.0f} GB/s")
    torch.manual_seed(0)
    dense, random = torch.randn(4, 3, 3, 3) / 5, torch.randn(1, 1, 3, 3).expand(3, -1, -1, -1) / 3
    for label, size in SIZES.items():
        stored = torch.randint(0, 256, (1, *size, 3), dtype=torch.uint8, device=CUDA)
        stored = stored.movedim(-1, 1)
        sobel = layer_of(stored, ["sobel-x"])
        for name in ("sharpen", "sobel-x", "kirsch-n"):
            layer = layer_of(stored, [name])
            yield row(f"{label}, {name}", stored, layer)
            yield row(f"{label}, {name}", stored, layer, compiled=True)
            yield row(f"{label}, {name}", stored, layer, GOAL, compiled=True, graph=True)
        weights = layer_of(stored, weight=random)
        for name, layer, rule in (
            ("sobel-x, bounds", sobel, "bounds"),
            ("3×3 random", weights, "clamp"),
        ):
            yield row(f"{label}, {name}", stored, layer, rule=rule)
            yield row(f"{label}, {name}", stored, layer, GOAL, rule=rule, compiled=True, graph=True)
        yield row(f"{label}, kirsch, 8 → 1", stored, layer_of(stored, ["kirsch"]))
        yield row(f"{label}, gaussian σ = 3", stored, layer_of(stored, ["gaussian:sigma=3"]))
        yield row(f"{label}, 3×3 random, 3→4", stored, layer_of(stored, weight=dense))
        floats = stored.float()
        yield row(f"{label}, float32, sobel-x", floats, sobel)
        del stored, floats
    frames = torch.randint(0, 256, (1, 24, 1080, 1920, 3), dtype=torch.uint8, device=CUDA)
    frames = frames.movedim(-1, 1)
    for name, taps in (("3×3×3", 3), ("1×3×3", 1)):
        weight = torch.randn(1, 1, taps, 3, 3).expand(3, -1, -1, -1, -1) / 5
        yield row(f"24 frames of 1080p, {name}", frames, layer_of(frames, weight=weight))
    audio = torch.randn(1, 600 * 44_100, 2, device=CUDA).movedim(-1, 1) / 10
    for taps in (255, 65_535):
        fir = torch.randn(1, 1, taps).expand(2, -1, -1) / taps
        yield row(f"10 min of stereo, {taps} taps", audio, layer_of(audio, weight=fir))
    yield from _bus()


def _bus() -> Iterator[Row]:
    """Yield the time of transfers, and of whole files."""
    host = torch.randint(0, 256, (2**28,), dtype=torch.uint8).pin_memory()
    there = torch.empty_like(host, device=CUDA)
    copied = 2 * len(host) / bandwidth()
    up = seconds(lambda: there.copy_(host, non_blocking=True))
    down = seconds(lambda: host.copy_(there, non_blocking=True))
    yield Row("268 MB to the device", "", up, PEER, copied)
    yield Row("268 MB from the device", "", down, PEER, copied)
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "in.jpg"
        Image.fromarray(synthetic_image()).save(source, quality=90)
        for kernel in ("sobel-x", "gaussian:sigma=3", "disk:radius=20"):
            took = {device: _file(source, kernel, device) for device in ("cuda", "cpu")}
            yield Row(
                f"12-megapixel JPEG to PNG, {kernel}", "cuda", took["cuda"], "cpu", took["cpu"]
            )


def _file(source: Path, kernel: str, device: str) -> float:
    """Return the seconds of a file, inside a process that has started."""
    target = str(source.with_suffix(".png"))
    options = ["-k", kernel, "--device", device, "--overwrite", "--quiet"]

    def once() -> None:
        assert command(["image", str(source), target, *options]) == 0

    return seconds(once)
