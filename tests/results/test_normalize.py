"""Normalization and levels: rules, whole files, constants, round trips."""

import numpy as np
import pytest
import torch

import convtool
from convtool.kernels.resolve import resolve
from convtool.layers.build import build
from convtool.levels import to_float, to_stored
from convtool.media.registry import MEDIA
from convtool.options.kernel import KernelOptions
from convtool.results.normalize import Normalizer


def normalizer(*kernels, name="auto", in_channels=3, **options):
    """Return the normalizer of a layer with these kernels."""
    banks = [resolve(kernel, 2) for kernel in kernels]
    layer = build(
        banks,
        dims=2,
        in_channels=in_channels,
        random_channels=4,
        padding_mode="zeros",
        kernel=KernelOptions(kernel=kernels, seed=1),
    )
    return Normalizer(layer, name, MEDIA["image"].automatic, **options)


VALUES = torch.linspace(-2, 6, 5).reshape(1, 1, 1, 5).expand(1, 3, 1, 5)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("sigmoid", [1 / (1 + np.exp(-y)) for y in (-2, 0, 2, 4, 6)]),
        ("clamp", [0, 0, 1, 1, 1]),
        ("abs", [1, 0, 1, 1, 1]),
        ("bounds", [0.25, 0.5, 0.75, 1, 1]),
        ("none", [-2, 0, 2, 4, 6]),
        ("minmax", [0, 0.25, 0.5, 0.75, 1]),
    ],
)
def test_rules(rule, expected):
    """Each rule maps Sobel responses from −2 to 6, of a range of ±4, by its definition."""
    mapping = normalizer("sobel-x", name=rule)
    mapping.measure([VALUES])
    torch.testing.assert_close(
        mapping(VALUES.clone())[0, 0, 0], torch.tensor(expected, dtype=torch.float32)
    )


@pytest.mark.parametrize(
    ("kernels", "expected"), [((), "sigmoid"), (("sobel-x",), "minmax"), (("blur",), "clamp")]
)
def test_auto(kernels, expected):
    """`auto` is sigmoid for random weights, minmax for signed kernels, clamp for others."""
    automatic, named = normalizer(*kernels), normalizer(*kernels, name=expected)
    values = VALUES[:, :1].expand(1, 3 if kernels else 4, 1, 5)
    for mapping in (automatic, named):
        mapping.measure([values])
    assert torch.equal(automatic(values.clone()), named(values.clone()))


def test_floats_are_not_clamped_by_auto():
    """`auto` does not clamp float outputs."""
    assert torch.equal(normalizer("blur", floats=True)(VALUES.clone()), VALUES)


def test_minmax_measures_the_whole_file_and_links_colours():
    """`minmax` maps all blocks and channels by one range, so that colours keep their balance."""
    mapping = normalizer("sobel-x")
    low, high = torch.zeros(1, 3, 1, 1), torch.tensor([1.0, 2, 4]).reshape(1, 3, 1, 1)
    mapping.measure([low, high])
    assert mapping(high.clone()).flatten().tolist() == [0.25, 0.5, 1]


def test_independent_minmax_measures_each_channel():
    """With --independent, `minmax` maps each channel by its own range."""
    mapping = normalizer("sobel-x", independent=True)
    high = torch.tensor([1.0, 2, 4]).reshape(1, 3, 1, 1)
    mapping.measure([torch.zeros(1, 3, 1, 1), high])
    assert mapping(high.clone()).flatten().tolist() == [1, 1, 1]


def test_kernels_of_a_bank_are_measured_separately():
    """A blur beside a Sobel keeps its own mapping."""
    image = torch.rand(1, 3, 9, 9)
    both = convtool.apply(image, ("sobel-x", "blur"), normalize="auto")
    torch.testing.assert_close(
        both[:, [0, 2, 4]], convtool.apply(image, "sobel-x", normalize="auto")
    )
    torch.testing.assert_close(both[:, [1, 3, 5]], convtool.apply(image, "blur"))


@pytest.mark.parametrize("kernel", ["sobel-x", "sobel", "0"])
@pytest.mark.parametrize("rule", ["minmax", "bounds", "auto"])
def test_a_constant_result_is_mid_grey_or_in_range_and_never_nan(kernel, rule):
    """A constant result maps to mid-range, never to NaN."""
    result = convtool.apply(torch.full((1, 3, 5, 5), 0.7), kernel, normalize=rule)
    assert not result.isnan().any()
    assert ((result >= 0) & (result <= 1)).all()
    if rule == "minmax":
        assert (result == 0.5).all()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_every_level_survives_a_round_trip_through_floats(dtype):
    """Every integer level is exact after a round trip through floats."""
    levels = torch.arange(2 ** (8 * dtype.itemsize), dtype=torch.int32).to(dtype)
    assert torch.equal(to_stored(to_float(levels), dtype).to(torch.int32), levels.to(torch.int32))


def test_levels_round_and_clip():
    """Values are rounded and clipped to the levels, and never wrap around."""
    values = torch.tensor([-0.1, 0.4 / 255, 0.6 / 255, 1.5, 1e30])
    assert to_stored(values, torch.uint8).tolist() == [0, 0, 1, 255, 255]


def test_floats_pass_unchanged():
    """Float samples are stored unscaled."""
    values = torch.tensor([-3.0, 0.2, 7.5])
    assert torch.equal(to_stored(to_float(values), torch.float32), values)
