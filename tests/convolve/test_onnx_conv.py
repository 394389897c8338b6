"""The cases of ONNX's backend tests of Conv, by their names.

What the node tests expect is as published with them; for the others it is worked out by SciPy.
"""

import numpy as np
import pytest
import torch
from scipy.signal import correlate

from convtool.block import AXIS
from convtool.convolve import Convolution
from convtool.convolve.stream import Stream
from convtool.layers.build import build
from convtool.levels import of
from convtool.options.kernel import KernelOptions
from convtool.options.layer import LayerOptions

ROWS_7 = [[12, 27, 24], [63, 108, 81], [123, 198, 141], [112, 177, 124]]
# name: size of 0, 1, 2 …, stride, padding, the result of a kernel of 3×3 ones
NODES = {
    "basic_conv_with_padding": (
        (5, 5),
        1,
        1,
        [
            [12, 21, 27, 33, 24],
            [33, 54, 63, 72, 51],
            [63, 99, 108, 117, 81],
            [93, 144, 153, 162, 111],
            [72, 111, 117, 123, 84],
        ],
    ),
    "basic_conv_without_padding": (
        (5, 5),
        1,
        0,
        [[54, 63, 72], [99, 108, 117], [144, 153, 162]],
    ),
    "conv_with_strides_padding": ((7, 5), 2, 1, ROWS_7),
    "conv_with_strides_no_padding": ((7, 5), 2, 0, [[54, 72], [144, 162], [234, 252]]),
    "conv_with_strides_and_asymmetric_padding": (
        (7, 5),
        2,
        (1, 0),
        [[21, 33], [99, 117], [189, 207], [171, 183]],
    ),
    "conv_with_autopad_same": (
        (5, 5),
        2,
        "SAME_LOWER",
        [[12, 27, 24], [63, 108, 81], [72, 117, 84]],
    ),
}
# name: channels in and out, kernel, size of the input, and what else the layer is set to
OPERATORS = {
    "Conv1d": ((4, 5), (3,), (10,), {}),
    "Conv1d_dilated": ((4, 5), (3,), (10,), {"dilation": 2}),
    "Conv1d_groups": ((4, 6), (3,), (6,), {"groups": 2}),
    "Conv1d_pad1": ((4, 5), (3,), (10,), {"padding": 1}),
    "Conv1d_pad1size1": ((4, 5), (3,), (1,), {"padding": 1}),
    "Conv1d_pad2": ((4, 5), (5,), (10,), {"padding": 2}),
    "Conv1d_pad2size1": ((4, 5), (5,), (1,), {"padding": 2}),
    "Conv1d_stride": ((4, 5), (3,), (10,), {"stride": 2}),
    "Conv1d_pads_on_one_side": ((4, 5), (3,), (10,), {"padding": ((0, 3),), "stride": 2}),
    "Conv1d_autopad_same_upper": ((2, 2), (4,), (10,), {"padding": "SAME_UPPER", "stride": 3}),
    "Conv1d_autopad_same_lower": ((2, 2), (4,), (10,), {"padding": "SAME_LOWER", "stride": 3}),
    "Conv2d": ((3, 4), (3, 2), (7, 5), {}),
    "Conv2d_depthwise": ((4, 4), (3, 3), (6, 6), {"groups": 4}),
    "Conv2d_depthwise_padded": ((4, 4), (3, 3), (6, 6), {"groups": 4, "padding": 1}),
    "Conv2d_depthwise_strided": ((4, 4), (3, 3), (6, 6), {"groups": 4, "stride": 2}),
    "Conv2d_depthwise_with_multiplier": ((4, 8), (3, 3), (6, 6), {"groups": 4}),
    "Conv2d_dilated": ((3, 4), (3, 2), (8, 8), {"dilation": 2}),
    "Conv2d_groups": ((4, 6), (3, 2), (6, 5), {"groups": 2}),
    "Conv2d_no_bias": ((3, 4), (3, 2), (6, 5), {"bias": False}),
    "Conv2d_padding": ((3, 4), (3, 3), (6, 6), {"stride": 2, "padding": 1}),
    "Conv2d_strided": ((3, 4), (3, 2), (6, 5), {"stride": 2}),
    "Conv2d_pads_on_both_sides": (
        (3, 4),
        (3, 2),
        (6, 5),
        {"stride": (1, 2), "padding": ((1, 2), (3, 0))},
    ),
    "Conv2d_autopad_same_upper": ((3, 4), (4, 2), (9, 7), {"padding": "SAME_UPPER", "stride": 2}),
    "Conv2d_autopad_same_lower": ((3, 4), (4, 2), (9, 7), {"padding": "SAME_LOWER", "stride": 2}),
    "Conv2d_autopad_valid": ((3, 4), (4, 2), (9, 7), {"padding": "valid"}),
    "Conv3d": ((3, 4), (2, 3, 4), (3, 4, 5), {}),
    "Conv3d_dilated": ((3, 4), (2, 2, 2), (5, 5, 5), {"dilation": 2}),
    "Conv3d_dilated_strided": ((3, 4), (2, 2, 2), (5, 5, 5), {"dilation": 2, "stride": 2}),
    "Conv3d_groups": ((2, 4), (3, 3, 3), (4, 5, 4), {"groups": 2}),
    "Conv3d_no_bias": ((3, 4), (2, 3, 4), (3, 4, 5), {"bias": False}),
    "Conv3d_stride": ((3, 4), (2, 2, 2), (5, 5, 5), {"stride": 2}),
    "Conv3d_stride_padding": ((3, 4), (2, 2, 2), (5, 5, 5), {"stride": 2, "padding": 1}),
    "Conv3d_pads_on_both_sides": (
        (3, 4),
        (2, 2, 2),
        (5, 4, 3),
        {"padding": ((0, 1), (2, 1), (1, 0)), "stride": 2},
    ),
}


def sides(padding, size, kernel, stride, dilation):
    """Return the samples before and after on each axis, `auto_pad` as ONNX defines it."""
    found = []
    for axis, (n, taps, step, apart) in enumerate(zip(size, kernel, stride, dilation, strict=True)):
        if padding == "valid":
            found.append((0, 0))
        elif isinstance(padding, str):
            total = max(0, (-(-n // step) - 1) * step + apart * (taps - 1) + 1 - n)
            less, more = total // 2, total - total // 2
            found.append((less, more) if padding == "SAME_UPPER" else (more, less))
        else:
            each = padding if isinstance(padding, int) else padding[axis]
            found.append((each, each) if isinstance(each, int) else each)
    return found


def by_scipy(samples, weight, bias, options):
    """Return the result of a layer, channel by channel. Shape: (C, *S) → (out, *S')"""
    dims, outputs, groups = samples.ndim - 1, len(weight), options.get("groups", 1)
    stride, dilation = (
        np.broadcast_to(options.get(name, 1), dims).tolist() for name in ("stride", "dilation")
    )
    pads = sides(options.get("padding", 0), samples.shape[1:], weight.shape[2:], stride, dilation)
    padded = np.pad(samples, [(0, 0), *pads])
    spread = np.zeros(
        [
            *weight.shape[:2],
            *(d * (k - 1) + 1 for k, d in zip(weight.shape[2:], dilation, strict=True)),
        ]
    )
    spread[(..., *(slice(None, None, step) for step in dilation))] = weight
    results = []
    for number, kernels in enumerate(spread):
        first = number // (outputs // groups) * len(kernels)
        sums = sum(
            correlate(padded[first + place], kernel, "valid", "direct")
            for place, kernel in enumerate(kernels)
        )
        results.append(sums[tuple(slice(None, None, step) for step in stride)] + bias[number])
    return np.stack(results)


def run(samples, kernel, out, options, weight=None):
    """Return the result of a layer on blocks of three positions, its weights and its bias."""
    size = samples.shape[2:]
    dims = len(size)
    settings = dict(options)
    stride, dilation = (
        np.broadcast_to(options.get(name, 1), dims).tolist() for name in ("stride", "dilation")
    )
    padding = options.get("padding", 0)
    settings["padding"] = tuple(sides(padding, size, kernel, stride, dilation))
    layer = build(
        [],
        dims=dims,
        in_channels=samples.shape[1],
        random_channels=out,
        padding_mode="zeros",
        kernel=KernelOptions(kernel_size=kernel, seed=1),
        layer=LayerOptions(**settings),
        dtype=torch.float64,
    )
    conv = layer.conv
    if weight is not None:
        conv.weight.copy_(weight)
    ready = Convolution(conv, layer.conv_size(size), of(samples.dtype), modes=layer.modes)
    blocks = Stream(layer.window, ready)(samples.split(3, AXIS))
    bias = np.zeros(out) if conv.bias is None else conv.bias.numpy()
    return torch.cat(list(blocks), AXIS)[0].numpy(), conv.weight.numpy(), bias


@pytest.mark.parametrize("name", NODES)
def test_node(name):
    """A kernel of ones on 0, 1, 2 …"""
    size, stride, padding, expected = NODES[name]
    samples = torch.arange(np.prod(size), dtype=torch.float64).reshape(1, 1, *size)
    options = {"stride": stride, "padding": padding, "bias": False}
    found, _, _ = run(samples, (3, 3), 1, options, torch.ones(1, 1, 3, 3))
    assert found[0].tolist() == expected


@pytest.mark.parametrize("name", OPERATORS)
def test_operator(name):
    """Random weights on random samples."""
    (inputs, outputs), kernel, size, options = OPERATORS[name]
    samples = torch.rand(1, inputs, *size, dtype=torch.float64)
    found, weight, bias = run(samples, kernel, outputs, options)
    expected = by_scipy(samples[0].numpy(), weight, bias, options)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
