"""Padding modes by axis and side: a layer with them equals the layer on what numpy.pad makes."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from convtool import apply
from convtool.block import AXIS
from convtool.convolve import Convolution
from convtool.convolve.beyond import PADDED, padded, sources, stored
from convtool.convolve.stream import Stream
from convtool.errors import LayerError, UsageError
from convtool.layers.build import CONVS, build
from convtool.levels import UINT8, Levels, of
from convtool.look.report.pytorch import pytorch_code
from convtool.media.registry import MEDIA
from convtool.options.layer import LayerOptions
from convtool.padding import Mode
from convtool.sizes import Window

CORRELATIONS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
NUMPY = {
    "zeros": "constant",
    "constant": "constant",
    "reflect": "reflect",
    "replicate": "edge",
    "circular": "wrap",
    "symmetric": "symmetric",
}
MODES = st.sampled_from(
    [*(Mode(name) for name in NUMPY if name != "constant"), Mode("constant", 1)]
)


def numpy_padded(array, pads, modes):
    """Return an array with its last axes padded by numpy.pad, one after the other."""
    first = array.ndim - len(pads)
    for axis, (added, mode) in enumerate(zip(pads, modes, strict=True), first):
        around = [added if axis == one else (0, 0) for one in range(array.ndim)]
        values = {"constant_values": mode.value} if mode.fills else {}
        array = np.pad(array, around, NUMPY[mode.name], **values)
    return array


def whole(conv, samples, pads, modes, unit):
    """Return the layer's result on the whole input, by numpy.pad and F.conv alone."""
    around = torch.from_numpy(numpy_padded(samples.numpy(), pads, modes)).double()
    weight, bias = conv.weight.double(), None if conv.bias is None else conv.bias * unit
    return CORRELATIONS[len(pads)](around, weight, bias, conv.stride, 0, conv.dilation, conv.groups)


@st.composite
def cases(draw):
    """Draw a layer, samples that may be shorter than their padding, its modes and block lengths."""
    dims = draw(st.integers(1, 3))
    each = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(dims))  # noqa: E731
    channels = draw(st.integers(1, 2))
    conv = CONVS[dims](
        channels,
        channels,
        each(1, 4),
        stride=each(1, 3),
        dilation=each(1, 2),
        groups=draw(st.sampled_from([1, channels])),
        bias=draw(st.booleans()),
    ).double()
    most = {1: 30, 2: 9, 3: 5}[dims]
    pads = tuple(draw(st.tuples(st.integers(0, 12), st.integers(0, 12))) for _ in range(dims))
    modes = tuple(draw(MODES) for _ in range(dims))
    seed = draw(st.integers(0, 2**31))
    values = np.random.default_rng(seed).integers(0, 256, (1, channels, *each(1, most)))
    dtype = draw(st.sampled_from([torch.uint8, torch.float64]))
    return conv, torch.from_numpy(values).to(dtype), pads, modes, draw(st.integers(1, most))


@given(cases())
@settings(max_examples=90, deadline=None)
def test_blocks_equal_the_layer_on_what_numpy_pads(case):
    """All modes on all axes, sides, strides and block lengths, on floats and on stored bytes."""
    conv, samples, pads, modes, length = case
    levels = of(samples.dtype)
    window = Window(conv.kernel_size, conv.stride, conv.dilation, pads, stored(modes, levels))
    size = window.padded(samples.shape[2:])
    if any(n < covered for n, covered in zip(size, window.extent, strict=True)):
        with pytest.raises(LayerError):
            window.output(samples.shape[2:])
        return
    run = Convolution(conv, size, levels, modes=stored(modes, levels))
    blocks = Stream(window, run)(samples.split(length, AXIS), last=samples)
    found = torch.cat([block.double() for block in blocks], AXIS)
    assert tuple(found.shape[2:]) == window.output(samples.shape[2:])
    torch.testing.assert_close(
        found, whole(conv, samples, pads, window.modes, levels.scale), rtol=1e-12, atol=1e-9
    )


@given(cases())
@settings(max_examples=30, deadline=None)
def test_a_tensor_at_once_is_padded_alike(case):
    """A layer run on a whole tensor pads its leading axis as it pads the others."""
    conv, samples, pads, modes, _ = case
    levels = of(samples.dtype)
    window = Window(conv.kernel_size, conv.stride, conv.dilation, pads, modes)
    size = window.padded(samples.shape[2:])
    if any(n < covered for n, covered in zip(size, window.extent, strict=True)):
        return
    found = Convolution(conv, size, levels, modes=stored(modes, levels))([samples], pads)
    expected = whole(conv, samples, pads, stored(modes, levels), levels.scale)
    torch.testing.assert_close(found.double(), expected, rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize("name", NUMPY)
@pytest.mark.parametrize("length", [1, 2, 3, 7])
def test_positions_are_those_of_numpy(name, length):
    """However far beyond the ends, the sample that stands there is the one that numpy.pad takes."""
    row = np.arange(1, length + 1)
    places = sources(torch.arange(-20, length + 21), length, Mode(name)).numpy()
    ours = np.where(places == PADDED, 0, row[places.clip(0)])
    assert ours.tolist() == np.pad(row, (20, 21), NUMPY[name]).tolist()


@pytest.mark.parametrize("name", ["reflect", "symmetric", "circular", "replicate", "zeros"])
def test_what_is_held_does_not_grow_with_the_input(name):
    """Of a long input, no more is read ahead than its padding is made of."""
    read = 0

    def blocks():
        nonlocal read
        for start in range(0, 10_000, 10):
            read += 1
            yield torch.arange(start, start + 10).reshape(1, 1, 10)

    last = torch.arange(9_990, 10_000).reshape(1, 1, 10)
    coming = padded(blocks(), 4, 4, Mode(name), last)
    next(coming)
    next(coming)
    assert read <= 1
    found = torch.cat([*coming], AXIS)
    assert read == 1000
    assert found.shape[AXIS] == 10_000 + 4 - 10


def test_circular_padding_beyond_a_short_input_needs_all_of_it():
    """Fewer last samples than are added must be the whole input, or nothing is right."""
    blocks = torch.arange(9).reshape(1, 1, 9).split(2, AXIS)
    with pytest.raises(LayerError, match="needs the input's last 5 samples, not 3"):
        list(padded(blocks, 5, 0, Mode("circular"), torch.arange(6, 9).reshape(1, 1, 3)))


def test_a_constant_is_in_units_where_1_is_white():
    """It is rounded to a stored level; one that the samples cannot have is refused."""
    half = (Mode("constant", 0.5),)
    assert stored(half, UINT8)[0].value == 128
    assert stored(half, Levels(torch.uint16, 1023))[0].value == 512
    assert stored((Mode("constant", 1),), of(torch.int16))[0].value == 32767
    assert stored((Mode("constant", 7),), of(torch.float32))[0].value == 7
    with pytest.raises(LayerError, match="outside 0…1, the range of uint8 samples"):
        stored((Mode("constant", -0.1),), UINT8)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"padding": "1:2", "padding_mode": "symmetric"}, "1 1 2 3 4 4 3"),
        ({"padding": ((1, 2),), "padding_mode": "constant:0.5"}, "0.5 1 2 3 4 0.5 0.5"),
        ({"padding": "0:6", "padding_mode": "circular"}, "1 2 3 4 1 2 3 4 1 2"),
        ({"padding": 5, "padding_mode": "reflect"}, "2 3 4 3 2 1 2 3 4 3 2 1 2 3"),
    ],
)
def test_a_program_pads_alike(options, expected):
    """`apply` takes the same words; a kernel of one tap shows the padded input."""
    row = torch.tensor([[[1.0, 2, 3, 4]]], dtype=torch.float64)
    found = apply(row, "1", medium="audio", normalize="none", **options)
    assert found.flatten().tolist() == [float(number) for number in expected.split()]


@pytest.mark.parametrize("padding", ["1:2:3", "a", ((1, -1),), ((1, 2, 3),), "1:2,3,4"])
def test_paddings_that_are_none_are_refused(padding):
    """Pairs have two numbers, from 0; there is one for each axis."""
    with pytest.raises(UsageError, match="--padding"):
        apply(torch.zeros(1, 1, 5, 5), "1", padding=padding)


@pytest.mark.parametrize("modes", ["symmetric", "constant:0.25", ("reflect", "circular"), "zeros"])
def test_the_lines_of_pytorch_make_the_same_result(modes):
    """The text of a report pads as the run does."""
    options = MEDIA["image"].options({"kernel": ("1 2; 3 4",), "padding": ((2, 1), (0, 3))})
    layer = build(
        [],
        dims=2,
        in_channels=1,
        random_channels=1,
        padding_mode="zeros",
        layer=LayerOptions(padding=((2, 1), (0, 3)), padding_mode=modes),
    )
    image = torch.rand(1, 1, 6, 5)
    lines = pytorch_code(layer, options, None).splitlines()
    code = [line.removeprefix("# ").removeprefix("before the layer: ") for line in lines]
    there = {"x": image, "torch": torch, "nn": nn}
    exec("\n".join(code), there)  # noqa: S102  # the program's own text
    expected = numpy_padded(image.numpy(), layer.ends, layer.modes)
    assert np.array_equal(there["x"].numpy(), expected)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.int16, torch.float32])
def test_opacity_around_a_transparent_picture(dtype):
    """Where opacity is the last channel, a constant is opaque."""
    samples = torch.zeros(1, 2, 2, 2, dtype=dtype)
    mode = Mode("constant", 7, last=1.0)
    found = torch.cat(list(padded([samples], 1, 0, mode, None)), AXIS)
    assert found[0, :, 0].tolist() == [[7, 7], [1, 1]]


def test_a_later_step_of_a_chain_adds_numbers_in_the_same_units(convtool, tmp_path):
    """Between steps samples are floats in units of the input's: 1 is white there, too."""
    words = "relu -> 1[padding=1, padding-mode=constant:0.5]"
    tensor = torch.zeros(1, 1, 2, 2, dtype=torch.uint8)
    expected = np.pad(np.zeros((2, 2)), 1, constant_values=0.5)
    assert np.array_equal(apply(tensor, words)[0, 0], expected)
    Image.fromarray(tensor[0, 0].numpy()).save(tmp_path / "in.png")
    assert convtool("image", tmp_path / "in.png", tmp_path / "out.png", "-k", words).code == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), (expected * 255).round())


def test_around_transparency_a_constant_is_opaque(convtool, tmp_path):
    """Zeros are transparent around an image with transparency, and constants opaque."""
    samples = np.full((6, 6, 4), 100, np.uint8)
    Image.fromarray(samples).save(tmp_path / "in.png")
    for mode, corner in (("constant:1", [255] * 4), ("zeros", [0] * 4)):
        words = ("-k", "blur", "--padding", 3, "--padding-mode", mode, "--overwrite")
        assert convtool("image", tmp_path / "in.png", tmp_path / "out.png", *words).code == 0
        assert np.asarray(Image.open(tmp_path / "out.png"))[0, 0].tolist() == corner
