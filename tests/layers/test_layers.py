"""Layers: options against nn.Conv built by hand, banks, folds, seeds."""

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
    asked = MEDIA[names[dims]].options({"kernel": kernels, **options})
    return build(
        banks,
        dims=dims,
        in_channels=in_channels,
        random_channels=4,
        padding_mode="replicate",
        kernel=asked.kernel,
        layer=asked.layer,
        alignment=asked.alignment,
    )


def test_presets_filter_each_channel_by_itself():
    """Depthwise: the layer nn.Conv2d(3, 3, 3, groups=3) with the kernel three times."""
    conv = made("sobel-x").conv
    assert isinstance(conv, nn.Conv2d)
    assert conv.groups == 3
    assert torch.equal(conv.weight, SOBEL_X.expand(3, 1, 3, 3))


def test_one_group_spreads_the_kernel_over_the_channels():
    """Divided by their number, so that grey stays grey."""
    conv = made("sobel-x", groups=1).conv
    assert torch.equal(conv.weight, SOBEL_X.expand(1, 3, 3, 3) / 3)


def test_a_bank_is_a_depthwise_multiplier():
    """Two kernels on three channels: six outputs, the bank inside each group."""
    layer = made("sobel-x", "sobel-y")
    expected = torch.stack([SOBEL_X, SOBEL_Y]).repeat(3, 1, 1)[:, None]
    assert torch.equal(layer.conv.weight, expected)
    assert [output.channels for output in layer.outputs] == [(0, 2, 4), (1, 3, 5)]
    assert [output.label for output in layer.outputs] == ["sobel-x", "sobel-y"]


def test_kernels_of_a_bank_share_their_centres():
    """A 2×2 kernel beside a 3×3 one answers as it does alone."""
    picture = torch.rand(1, 1, 9, 9)
    both = convtool.apply(picture, ("roberts-x", "sobel-x"))
    torch.testing.assert_close(both[:, :1], convtool.apply(picture, "roberts-x"))
    torch.testing.assert_close(both[:, 1:], convtool.apply(picture, "sobel-x"))


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
    """A bank folds into one result for each channel."""
    picture = torch.rand(1, 3, 9, 9)
    x, y = (convtool.apply(picture, name) for name in ("sobel-x", "sobel-y"))
    torch.testing.assert_close(
        convtool.apply(picture, ("sobel-x", "sobel-y"), combine=how), fold(x, y)
    )


def test_a_preset_bank_beside_a_kernel():
    """Each -k is one result, whether it folds or not."""
    picture = torch.rand(1, 3, 9, 9)
    layer = made("sobel", "blur")
    assert [output.label for output in layer.outputs] == ["sobel", "blur"]
    both = convtool.apply(picture, ("sobel", "blur"))
    torch.testing.assert_close(both[:, [0, 2, 4]], convtool.apply(picture, "sobel"))
    torch.testing.assert_close(both[:, [1, 3, 5]], convtool.apply(picture, "blur"))


@pytest.mark.parametrize("combine", [None, "magnitude", "max", "sum", "mean"])
@pytest.mark.parametrize(
    "kernels", [("sobel-x", "blur"), ("emboss",), ("sobel-x", "outline", "sharpen")]
)
def test_reach_is_what_inputs_can_reach(combine, kernels):
    """No input in 0…1 goes beyond; linear results get there."""
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
@pytest.mark.parametrize("options", [
    {}, {"stride": 2}, {"padding": 2}, {"padding": "valid"}, {"dilation": 2}, {"kernel_size": 5}, {"bias": False},
    {"groups": 2, "out_channels": 6}, {"groups": "depthwise", "out_channels": 8}, {"padding_mode": "reflect"},
    {"padding_mode": "circular"}, {"stride": 3, "padding": 1, "dilation": 2, "kernel_size": 2},
    {"kernel_size": 4}, {"padding_mode": "zeros"},
])  # fmt: skip
def test_random_layers_are_nn_convs_own(dims, options):
    """The same seed gives the weights that nn.Conv draws, and the same output."""
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


def test_numbers_an_axis_are_in_pytorchs_order():
    """Height, then width."""
    tensor = torch.rand(1, 3, 20, 30)
    options = {"stride": (1, 2), "dilation": (2, 1), "padding": (0, 3), "kernel_size": (3, 5)}
    result = convtool.apply(tensor, seed=1, **options)
    torch.manual_seed(1)
    expected = nn.Conv2d(3, 4, padding_mode="replicate", **options)(tensor)
    torch.testing.assert_close(result, expected.detach(), rtol=0, atol=1e-5)


def test_same_with_a_stride_means_half_the_span():
    """nn.Conv refuses it; we give what everybody means, and refuse where no number does it."""
    assert made("sobel-x", stride=2).conv.padding == (1, 1)
    with pytest.raises(LayerError, match="odd kernel"):
        made("roberts-x", stride=2)


@pytest.mark.parametrize("init", ["uniform", "normal", "trunc_normal", "ones", "zeros", "dirac", "xavier_uniform",
                                  "xavier_normal", "kaiming_uniform", "kaiming_normal", "orthogonal"])  # fmt: skip
def test_init_is_torch_nn_inits(init):
    """A name of torch.nn.init, drawn from the same seed."""
    conv = made(padding_mode="zeros", seed=5, init=init).conv
    torch.manual_seed(5)
    expected = nn.Conv2d(3, 4, 3)
    getattr(nn.init, f"{init}_")(expected.weight)
    assert torch.equal(conv.weight, expected.weight)
    assert not conv.bias.any()


def test_a_seed_leaves_torchs_own_random_numbers_alone():
    """A library does not move its caller's generator."""
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    convtool.apply(torch.rand(1, 1, 5, 5)[:0].new_zeros(1, 1, 5, 5), seed=9)
    torch.manual_seed(0)
    convtool.apply(torch.zeros(1, 1, 5, 5), seed=9)
    assert torch.equal(torch.rand(3), expected)


def test_no_bias_drops_a_kernels_own(tmp_path):
    """--no-bias counts for presets too."""
    path = tmp_path / "lift.yaml"
    path.write_text("name: lift\nweights:\n  2: [[1]]\nbias: 0.25\n")
    picture = torch.rand(1, 3, 4, 4)
    torch.testing.assert_close(convtool.apply(picture, str(path)), picture + 0.25)
    torch.testing.assert_close(convtool.apply(picture, str(path), bias=False), picture)


@pytest.mark.parametrize("options", [
    {"stride": 0}, {"stride": -1}, {"stride": 2**63}, {"dilation": 2**62}, {"dilation": 0}, {"kernel_size": 0},
    {"padding": -1}, {"padding": "half"}, {"groups": 0}, {"out_channels": 0}, {"stride": (1, 2, 3)}, {"seed": -1},
    {"padding_mode": "mirror"}, {"init": "random"}, {"normalize": "no"}, {"combine": "sum"}, {"nan": float("inf")},
    {"stride": True}, {"stride": 1.5}, {"device": "tpu"}, {"groups": "all"},
])  # fmt: skip
def test_options_out_of_bounds_are_usage_errors(options):
    """Checked in Python's integers, before torch sees them."""
    with pytest.raises(UsageError):
        convtool.apply(torch.zeros(1, 3, 8, 8), **options)


@pytest.mark.parametrize("options", [
    {"groups": 2}, {"kernel_size": 11, "padding": "valid"}, {"padding": 8, "padding_mode": "reflect"},
    {"padding": 9, "padding_mode": "circular"}, {"out_channels": 4, "groups": 3},
    {"kernel": "sobel-x", "out_channels": 4}, {"kernel_size": 4, "stride": 2},
])  # fmt: skip
def test_options_that_do_not_fit_the_input_are_layer_errors(options):
    """The input's business: other inputs may pass."""
    with pytest.raises(LayerError):
        convtool.apply(torch.zeros(1, 3, 8, 8), **options)


def test_out_channels_repeats_a_kernel():
    """nn.Conv2d(3, 6, groups=3) with one kernel has it twice a group."""
    assert torch.equal(made("sobel-x", out_channels=6).conv.weight, SOBEL_X.expand(6, 1, 3, 3))


def test_tensors_are_not_written_to_and_keep_their_type():
    """float64 stays, integers count from 0 to 1."""
    tensor = torch.rand(1, 1, 6, 6, dtype=torch.float64)
    kept = tensor.clone()
    result = convtool.apply(tensor, "blur")
    assert result.dtype == torch.float64
    assert torch.equal(tensor, kept)
    levels = torch.full((1, 1, 6, 6), 255, dtype=torch.uint8)
    torch.testing.assert_close(convtool.apply(levels, "blur"), torch.ones(1, 1, 6, 6))


def test_apply_equals_numpy_for_a_file(tmp_path, rng):
    """A path gives the picture's tensor in 0…1."""
    from PIL import Image  # noqa: PLC0415

    pixels = rng.integers(0, 256, (9, 7, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    result = convtool.apply(tmp_path / "in.png", "identity")
    torch.testing.assert_close(result, torch.from_numpy(pixels).permute(2, 0, 1)[None] / 255)
