"""Chains: steps run after each other are `nn.Sequential` on the whole input."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import assume, given
from hypothesis import settings as case_settings
from hypothesis import strategies as st

import convtool
from convtool.block import Block
from convtool.convolve import Convolution
from convtool.errors import LayerError
from convtool.layers.layer import Layer
from convtool.levels import of
from convtool.media.registry import MEDIA
from convtool.run import filter as filter_module
from convtool.run.filter import Filter

RATE = 8000.0
KERNELS = {
    "audio": ["1 -1", "gaussian:sigma=1", "0.5 0 -0.25 2", "box:size=4"],
    "image": ["sobel", "gaussian:sigma=1", "1 2; 3 -4", "sharpen", "prewitt-x"],
    "video": ["sobel-t", "gaussian-3d:sigma=0.5", "blur", "temporal-difference"],
}
NUMPY = {"zeros": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
PLAIN = ["relu", "abs", "sigmoid", "tanh", "max-pool:2", "avg-pool:2"]
OPTIONS = [
    "",
    "[stride=2]",
    "[padding=1]",
    "[padding=valid]",
    "[dilation=2]",
    "[groups=1]",
    "[padding-mode=circular]",
    "[padding-mode=reflect,stride=2]",
    "[transposed=yes,stride=STRIDE]",
    "[transposed=yes,padding=1]",
    "[transposed=yes,stride=STRIDE,padding=valid,output-padding=STEP,dilation=2]",
]
AXES = {"audio": 1, "image": 2, "video": 3}


class InBlocks:
    """A part made of a tensor, read in blocks of some lengths in turn."""

    memory = 0

    def __init__(self, tensor, lengths, rate):
        self._tensor, self._lengths, self.rate = tensor, lengths, rate
        self.channels = tuple(map(str, range(tensor.shape[1])))
        self.size, self.levels = tuple(tensor.shape[2:]), of(tensor.dtype)

    def blocks(self, length, *, company=False):
        """Yield it in blocks of its own lengths."""
        del length, company
        start, turn = 0, 0
        while start < self.size[0]:
            count = min(self._lengths[turn % len(self._lengths)], self.size[0] - start)
            yield Block(self._tensor.narrow(2, start, count), self.levels)
            start, turn = start + count, turn + 1

    def tail(self, length):
        """Return its last positions."""
        return self._tensor[:, :, max(0, self.size[0] - length) :]


def whole(layer, samples):
    """Return what a chain makes of a whole tensor, by PyTorch, and the bound of its error."""
    error = 0.0
    for step in layer.steps:
        if step.spreads:
            continue
        if not isinstance(step, Layer):
            samples = step.module(samples)
            continue
        if step.transposed is not None:
            gain = float(step.conv.weight.abs().flatten(1).sum(1).max())
            error = error * gain + 1e-5 * gain * float(samples.abs().max())
            result = step.transposed.double()(samples)
            samples = step.folded(result.unflatten(1, (step.conv.groups, -1)))
            continue
        conv, around = step.conv.double(), [(0, 0), (0, 0), *step.ends]
        padded = torch.from_numpy(np.pad(samples, around, NUMPY[conv.padding_mode]))
        bare = getattr(F, f"conv{samples.ndim - 2}d")
        result = bare(padded, conv.weight, conv.bias, conv.stride, 0, conv.dilation, conv.groups)
        gain = float(conv.weight.abs().flatten(1).sum(1).max())
        error = error * gain + 1e-5 * gain * float(samples.abs().max())
        samples = step.folded(result.unflatten(1, (conv.groups, -1)))
    return samples, error + 1e-6


@st.composite
def cases(draw):
    """Draw a medium, a chain, an input and block lengths."""
    medium = draw(st.sampled_from(sorted(KERNELS)))
    dims = AXES[medium]
    most = {"audio": 60, "image": 20, "video": 9}[medium]
    texts = []
    for _ in range(draw(st.integers(2, 4))):
        if draw(st.booleans()):
            texts.append(draw(st.sampled_from(PLAIN)))
            continue
        text = draw(st.sampled_from(KERNELS[medium]))
        options = draw(st.sampled_from(OPTIONS))
        if dims == 3:
            options = options.replace("STRIDE", "1,2,3").replace("STEP", "0,1,1")
        texts.append(text + options.replace("STRIDE", "3").replace("STEP", "1"))
    size = [draw(st.integers(4, most)) for _ in range(dims)]
    tensor = torch.from_numpy(
        np.random.default_rng(draw(st.integers(0, 99))).random((1, draw(st.integers(1, 3)), *size))
    ).float()
    if draw(st.booleans()):
        tensor = tensor.mul(255).to(torch.uint8)
    mode = draw(st.sampled_from(["replicate", "zeros", "reflect"]))
    return medium, " -> ".join(texts), tensor, draw(st.lists(st.integers(1, 9), min_size=1)), mode


@pytest.mark.parametrize("plain", ["upsample:1,2,2", "relu", "max-pool:1,2,2"])
def test_company_passes_steps_without_weights(plain):
    """What is beside samples arrives, also where it is all that is left."""

    class Accompanied(InBlocks):
        def blocks(self, length, *, company=False):
            for number, block in enumerate(super().blocks(length, company=company)):
                yield replace(block, company=(number,))

    video = MEDIA["video"]
    text = f"temporal-blur[stride=5,1,1] -> {plain} -> blur"
    filter_ = Filter(video.options({"kernel": (text,), "device": "cpu"}), video)
    seen = filter_.stepped(Accompanied(torch.rand(1, 3, 9, 6, 8), [1], None))
    blocks = list(seen.blocks(1, company=True))
    assert len(blocks[-1]) == 0  # the last outputs were made before the last frames were read
    assert [item for block in blocks for item in block.company] == list(range(9))


def test_each_layer_of_a_chain_is_prepared_once(monkeypatch):
    """For all inputs that are alike: preparing takes longer than filtering a small image."""
    image = MEDIA["image"]
    options = image.options({"kernel": ("blur -> sobel -> relu -> sharpen",), "device": "cpu"})
    filter_ = Filter(options, image)
    prepared = []

    def counted(conv, *arguments, **more):
        prepared.append(conv)
        return Convolution(conv, *arguments, **more)

    monkeypatch.setattr(filter_module, "Convolution", counted)
    for _ in range(3):
        seen = filter_.stepped(InBlocks(torch.rand(1, 3, 9, 8), [4], None))
        for _ in filter_.responses(seen, filter_.folded(seen)):
            pass
    assert len(prepared) == 3


@case_settings(max_examples=300)
@given(cases())
def test_a_chain_in_blocks_is_the_sequence_on_the_whole(case):
    """Strides, pooling, padding, folding of banks and block lengths make no difference."""
    medium, text, tensor, lengths, mode = case
    options = MEDIA[medium].options(
        {"kernel": (text,), "padding_mode": mode, "device": "cpu", "normalize": "none"}
    )
    filter_ = Filter(options, MEDIA[medium])
    part = InBlocks(tensor, lengths, RATE if medium == "audio" else None)
    try:
        layer = filter_.layer_of(part)
        seen = filter_.stepped(part)
        size = layer.placement(seen.size).size
    except LayerError:
        assume(False)  # the input is too small for it
    unit = of(tensor.dtype).scale
    wanted, error = whole(layer, tensor.double() / unit)
    assert size == tuple(wanted.shape[2:])
    found = torch.cat(list(filter_.responses(seen, [layer.fold])), 2)
    assert found.shape == wanted.shape
    assert float((found.double() / unit - wanted).abs().max()) <= error
    rate = {"rate": int(RATE)} if medium == "audio" else {}
    by_tensor = convtool.apply(tensor, text, medium=medium, padding_mode=mode, **rate)
    assert float((by_tensor.double() - wanted).abs().max()) <= error
