"""Layers: options against nn.Conv built by hand, banks, folding, seeds."""

import numpy as np
import pytest
import torch
from torch import nn

import convtool
from convtool.errors import LayerError, UsageError
from convtool.kernels.resolve import resolve
from convtool.layers.build import CONVS, build
from convtool.media.registry import MEDIA

SOBEL_X = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
SOBEL_Y = SOBEL_X.T


def made(*kernels, dims=2, in_channels=3, **options):
    """Return the layer for these kernels and options."""
    banks = [resolve(kernel, dims) for kernel in kernels]
    names = {1: "audio", 2: "image", 3: "video"}
    parsed = MEDIA[names[dims]].options({"kernel": kernels, **options})
    return build(
        banks,
        dims=dims,
        in_channels=in_channels,
        random_channels=4,
        padding_mode="replicate",
        kernel=parsed.kernel,
        layer=parsed.layer,
        alignment=parsed.alignment,
    )


def test_presets_filter_each_channel_separately():
    """A preset makes nn.Conv2d(3, 3, 3, groups=3) with the same kernel per channel."""
    conv = made("sobel-x").conv
    assert isinstance(conv, nn.Conv2d)
    assert conv.groups == 3
    assert torch.equal(conv.weight, SOBEL_X.expand(3, 1, 3, 3))


def test_one_group_spreads_the_kernel_over_the_channels():
    """With groups=1, the kernel is divided by the number of channels: grey stays grey."""
    conv = made("sobel-x", groups=1).conv
    assert torch.equal(conv.weight, SOBEL_X.expand(1, 3, 3, 3) / 3)


def test_a_bank_is_a_depthwise_multiplier():
    """Two kernels on three channels give six outputs, ordered by channel."""
    layer = made("sobel-x", "sobel-y")
    expected = torch.stack([SOBEL_X, SOBEL_Y]).repeat(3, 1, 1)[:, None]
    assert torch.equal(layer.conv.weight, expected)
    assert [output.channels for output in layer.outputs] == [(0, 2, 4), (1, 3, 5)]
    assert [output.label for output in layer.outputs] == ["sobel-x", "sobel-y"]


def test_kernels_of_a_bank_share_their_centres():
    """A 2×2 kernel gives the same result beside a 3×3 kernel as alone."""
    image = torch.rand(1, 1, 9, 9)
    both = convtool.apply(image, ("roberts-x", "sobel-x"))
    torch.testing.assert_close(both[:, :1], convtool.apply(image, "roberts-x"))
    torch.testing.assert_close(both[:, 1:], convtool.apply(image, "sobel-x"))


@pytest.mark.parametrize(
    ("how", "fold"),
    [
        ("magnitude", torch.hypot),
        ("max", torch.maximum),
        ("sum", torch.add),
        ("mean", lambda a, b: (a + b) / 2),
    ],
)
def test_combine(how, fold):
    """--combine folds a bank into one result per channel."""
    image = torch.rand(1, 3, 9, 9)
    x, y = (convtool.apply(image, name) for name in ("sobel-x", "sobel-y"))
    torch.testing.assert_close(
        convtool.apply(image, ("sobel-x", "sobel-y"), combine=how), fold(x, y)
    )


def test_a_preset_bank_beside_a_kernel():
    """Each -k gives one result, whether or not it is a bank to fold."""
    image = torch.rand(1, 3, 9, 9)
    layer = made("sobel", "blur")
    assert [output.label for output in layer.outputs] == ["sobel", "blur"]
    both = convtool.apply(image, ("sobel", "blur"))
    torch.testing.assert_close(both[:, [0, 2, 4]], convtool.apply(image, "sobel"))
    torch.testing.assert_close(both[:, [1, 3, 5]], convtool.apply(image, "blur"))


@pytest.mark.parametrize("combine", [None, "magnitude", "max", "sum", "mean"])
@pytest.mark.parametrize(
    "kernels", [("sobel-x", "blur"), ("emboss",), ("sobel-x", "outline", "sharpen")]
)
def test_output_range(combine, kernels):
    """No input in 0…1 exceeds the output range, and linear layers attain its ends."""
    layer = made(*kernels, in_channels=1, padding="valid", combine=combine)
    low, high = layer.output_range()
    weight = layer.conv.weight
    windows = [torch.rand(500, 1, 3, 3).round(), (weight > 0).float(), (weight < 0).float()]
    results = layer.fold(layer.conv(torch.cat(windows)).unsqueeze(1))[:, :, 0, 0]
    assert (results >= low - 1e-5).all()
    assert (results <= high + 1e-5).all()
    if combine is None:
        torch.testing.assert_close(results.amin(0), low)
        torch.testing.assert_close(results.amax(0), high)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"stride": 2},
        {"padding": 2},
        {"padding": "valid"},
        {"dilation": 2},
        {"kernel_size": 5},
        {"bias": False},
        {"groups": 2, "out_channels": 6},
        {"groups": "depthwise", "out_channels": 8},
        {"padding_mode": "reflect"},
        {"padding_mode": "circular"},
        {"stride": 3, "padding": 1, "dilation": 2, "kernel_size": 2},
        {"kernel_size": 4},
        {"padding_mode": "zeros"},
    ],
)
def test_random_layers_equal_nn_conv(dims, options):
    """A seed gives the weights that nn.Conv draws, and the same output."""
    tensor = torch.rand(1, 4, *[9] * dims)
    result = convtool.apply(tensor, seed=7, **{"out_channels": 4, **options})
    arguments = {"padding_mode": "zeros" if dims == 1 else "replicate", **options}
    size = arguments.pop("kernel_size", 3)
    groups = arguments.pop("groups", 1)
    out = arguments.pop("out_channels", 4)
    padding = arguments.pop("padding", size // 2 if "stride" in arguments else "same")
    torch.manual_seed(7)
    conv = CONVS[dims](
        4, out, size, padding=padding, groups=4 if groups == "depthwise" else groups, **arguments
    )
    torch.testing.assert_close(result, conv(tensor).detach(), rtol=0, atol=1e-5)


def test_numbers_per_axis_are_in_pytorchs_order():
    """Numbers per axis are given as height, then width."""
    tensor = torch.rand(1, 3, 20, 30)
    options = {"stride": (1, 2), "dilation": (2, 1), "padding": (0, 3), "kernel_size": (3, 5)}
    result = convtool.apply(tensor, seed=1, **options)
    torch.manual_seed(1)
    expected = nn.Conv2d(3, 4, padding_mode="replicate", **options)(tensor)
    torch.testing.assert_close(result, expected.detach(), rtol=0, atol=1e-5)


def test_same_with_a_stride_pads_by_half_the_extent():
    """`same` with a stride, which nn.Conv rejects, pads by half the kernel if it is odd."""
    assert made("sobel-x", stride=2).conv.padding == (1, 1)
    with pytest.raises(LayerError, match="odd kernel"):
        made("roberts-x", stride=2)


@pytest.mark.parametrize(
    "init",
    [
        "uniform",
        "normal",
        "trunc_normal",
        "ones",
        "zeros",
        "dirac",
        "xavier_uniform",
        "xavier_normal",
        "kaiming_uniform",
        "kaiming_normal",
        "orthogonal",
    ],
)
def test_init_is_torch_nn_inits(init):
    """--init calls the function of torch.nn.init with that name and the seed."""
    conv = made(padding_mode="zeros", seed=5, init=init).conv
    torch.manual_seed(5)
    expected = nn.Conv2d(3, 4, 3)
    getattr(nn.init, f"{init}_")(expected.weight)
    assert torch.equal(conv.weight, expected.weight)
    assert not conv.bias.any()


def test_a_seed_does_not_change_torchs_generator():
    """Building a seeded layer leaves the caller's random state unchanged."""
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    convtool.apply(torch.rand(1, 1, 5, 5)[:0].new_zeros(1, 1, 5, 5), seed=9)
    torch.manual_seed(0)
    convtool.apply(torch.zeros(1, 1, 5, 5), seed=9)
    assert torch.equal(torch.rand(3), expected)


def test_no_bias_drops_the_bias_of_a_kernel(tmp_path):
    """--no-bias also removes the bias of a kernel file."""
    path = tmp_path / "lift.yaml"
    path.write_text("name: lift\nweights:\n  2: [[1]]\nbias: 0.25\n")
    image = torch.rand(1, 3, 4, 4)
    torch.testing.assert_close(convtool.apply(image, str(path)), image + 0.25)
    torch.testing.assert_close(convtool.apply(image, str(path), bias=False), image)


def kernel_file(folder, weights, bias):
    """Write a kernel file for images, and return its path for -k."""
    path = folder / "lift.yaml"
    path.write_text(f"name: lift\nweights:\n  2: {weights}\nbias: {bias}\n")
    return str(path)


def test_a_bias_per_output_channel(tmp_path):
    """A kernel file lists a bias for each output channel, as nn.Conv2d has them."""
    mix = [[[[1]], [[2]]], [[[3]], [[4]]], [[[5]], [[6]]]]  # two channels in, three out
    path = kernel_file(tmp_path, mix, [0.5, -1, "1/4"])
    image = torch.rand(1, 2, 4, 5)
    expected = torch.nn.functional.conv2d(
        image, torch.tensor(mix, dtype=torch.float32), torch.tensor([0.5, -1, 0.25])
    )
    torch.testing.assert_close(convtool.apply(image, path), expected)


def test_a_bias_per_channel_of_the_input(tmp_path):
    """A kernel without channel axes makes a channel per input channel, each with its bias."""
    path = kernel_file(tmp_path, [[1]], [0.5, -1, 0.25])
    image = torch.rand(1, 3, 4, 5)
    bias = torch.tensor([0.5, -1, 0.25])[:, None, None]
    torch.testing.assert_close(convtool.apply(image, path), image + bias)
    doubled = convtool.apply(image, path, out_channels=3, bias=False)
    torch.testing.assert_close(doubled, image)


def test_biases_beside_another_kernel_keep_their_channels(tmp_path):
    """In a bank, each kernel keeps its own biases."""
    path = kernel_file(tmp_path, [[1]], [1, 2])
    result = convtool.apply(torch.zeros(1, 2, 3, 3), ["blur", path])
    assert result[0, :, 0, 0].tolist() == [0, 1, 0, 2]


@pytest.mark.parametrize("bias", [[1], [1, 2], [1, 2, 3, 4]])
def test_another_number_of_biases_does_not_fit(tmp_path, bias):
    """As many biases as output channels are needed, and both numbers are told."""
    path = kernel_file(tmp_path, [[1]], bias)
    message = f"kernel 'lift' makes 3 output channels, and its file lists {len(bias)} for bias"
    with pytest.raises(LayerError, match=message):
        convtool.apply(torch.zeros(1, 3, 8, 8), path)


@pytest.mark.parametrize(
    "options",
    [
        {"stride": 0},
        {"stride": -1},
        {"stride": 2**63},
        {"dilation": 2**62},
        {"dilation": 0},
        {"kernel_size": 0},
        {"padding": -1},
        {"padding": "half"},
        {"groups": 0},
        {"out_channels": 0},
        {"stride": (1, 2, 3)},
        {"seed": -1},
        {"padding_mode": "mirror"},
        {"init": "random"},
        {"normalize": "no"},
        {"nan": float("inf")},
        {"stride": True},
        {"stride": 1.5},
        {"device": "tpu"},
        {"groups": "all"},
    ],
)
def test_options_out_of_bounds_are_usage_errors(options):
    """Options are checked as Python integers, before torch sees them."""
    with pytest.raises(UsageError):
        convtool.apply(torch.zeros(1, 3, 8, 8), **options)


@pytest.mark.parametrize(
    "options",
    [
        {"groups": 2},
        {"kernel_size": 11, "padding": "valid"},
        {"out_channels": 4, "groups": 3},
        {"kernel": "sobel-x", "out_channels": 4},
        {"kernel_size": 4, "stride": 2},
    ],
)
def test_options_that_do_not_fit_the_input_are_layer_errors(options):
    """Options that do not fit one input are its error, as other inputs may fit."""
    with pytest.raises(LayerError):
        convtool.apply(torch.zeros(1, 3, 8, 8), **options)


def test_out_channels_repeats_a_kernel():
    """nn.Conv2d(3, 6, groups=3) with one kernel has it twice per group."""
    assert torch.equal(made("sobel-x", out_channels=6).conv.weight, SOBEL_X.expand(6, 1, 3, 3))


def test_tensors_are_not_written_to_and_keep_their_type():
    """Inputs are not modified; float64 stays float64, integers are scaled to 0…1."""
    tensor = torch.rand(1, 1, 6, 6, dtype=torch.float64)
    kept = tensor.clone()
    result = convtool.apply(tensor, "blur")
    assert result.dtype == torch.float64
    assert torch.equal(tensor, kept)
    levels = torch.full((1, 1, 6, 6), 255, dtype=torch.uint8)
    torch.testing.assert_close(convtool.apply(levels, "blur"), torch.ones(1, 1, 6, 6))


def test_apply_equals_numpy_for_a_file(tmp_path, rng):
    """For a path, `apply` returns the image as a tensor in 0…1."""
    from PIL import Image  # noqa: PLC0415

    pixels = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    result = convtool.apply(tmp_path / "in.png", "identity")
    torch.testing.assert_close(result, torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255)
