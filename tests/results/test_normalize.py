"""Normalization and levels: each rule by its definition, whole files, constants, round trips."""

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


@pytest.mark.parametrize(("rule", "expected"), [
    ("sigmoid", [1 / (1 + np.exp(-y)) for y in (-2, 0, 2, 4, 6)]), ("clamp", [0, 0, 1, 1, 1]),
    ("abs", [1, 0, 1, 1, 1]), ("bounds", [0.25, 0.5, 0.75, 1, 1]), ("none", [-2, 0, 2, 4, 6]),
    ("minmax", [0, 0.25, 0.5, 0.75, 1]),
])  # fmt: skip
def test_rules(rule, expected):
    """Sobel reaches −4…4; the values here run from −2 to 6."""
    mapping = normalizer("sobel-x", name=rule)
    mapping.measure([VALUES])
    torch.testing.assert_close(
        mapping(VALUES.clone())[0, 0, 0], torch.tensor(expected, dtype=torch.float32)
    )


@pytest.mark.parametrize(
    ("kernels", "expected"), [((), "sigmoid"), (("sobel-x",), "minmax"), (("blur",), "clamp")]
)
def test_auto(kernels, expected):
    """Random weights sigmoid, signed kernels minmax, the others clamp."""
    automatic, named = normalizer(*kernels), normalizer(*kernels, name=expected)
    values = VALUES[:, :1].expand(1, 3 if kernels else 4, 1, 5)
    for mapping in (automatic, named):
        mapping.measure([values])
    assert torch.equal(automatic(values.clone()), named(values.clone()))


def test_floats_are_not_clamped_by_auto():
    """A float output loses nothing."""
    assert torch.equal(normalizer("blur", floats=True)(VALUES.clone()), VALUES)


def test_minmax_measures_the_whole_file_and_links_colours():
    """Both blocks and all channels count together, so colours keep their balance."""
    mapping = normalizer("sobel-x")
    low, high = torch.zeros(1, 3, 1, 1), torch.tensor([1.0, 2, 4]).reshape(1, 3, 1, 1)
    mapping.measure([low, high])
    assert mapping(high.clone()).flatten().tolist() == [0.25, 0.5, 1]


def test_independent_minmax_measures_each_channel():
    """--independent."""
    mapping = normalizer("sobel-x", independent=True)
    high = torch.tensor([1.0, 2, 4]).reshape(1, 3, 1, 1)
    mapping.measure([torch.zeros(1, 3, 1, 1), high])
    assert mapping(high.clone()).flatten().tolist() == [1, 1, 1]


def test_kernels_of_a_bank_are_measured_apart():
    """A blur beside a Sobel keeps its own mapping."""
    picture = torch.rand(1, 3, 9, 9)
    both = convtool.apply(picture, ("sobel-x", "blur"), normalize="auto")
    torch.testing.assert_close(
        both[:, [0, 2, 4]], convtool.apply(picture, "sobel-x", normalize="auto")
    )
    torch.testing.assert_close(both[:, [1, 3, 5]], convtool.apply(picture, "blur"))


@pytest.mark.parametrize("kernel", ["sobel-x", "sobel", "0"])
@pytest.mark.parametrize("rule", ["minmax", "bounds", "auto"])
def test_a_constant_result_is_mid_grey_or_in_range_and_never_nan(kernel, rule):
    """A range of no width has a middle."""
    result = convtool.apply(torch.full((1, 3, 5, 5), 0.7), kernel, normalize=rule)
    assert not result.isnan().any()
    assert ((result >= 0) & (result <= 1)).all()
    if rule == "minmax":
        assert (result == 0.5).all()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16])
def test_every_level_survives_the_way_to_floats_and_back(dtype):
    """Exact for all integers."""
    levels = torch.arange(2 ** (8 * dtype.itemsize), dtype=torch.int32).to(dtype)
    assert torch.equal(to_stored(to_float(levels), dtype).to(torch.int32), levels.to(torch.int32))


def test_levels_round_and_clip():
    """Nothing wraps around."""
    values = torch.tensor([-0.1, 0.4 / 255, 0.6 / 255, 1.5, 1e30])
    assert to_stored(values, torch.uint8).tolist() == [0, 0, 1, 255, 255]


def test_floats_pass_as_they_are():
    """A float file has no scale."""
    values = torch.tensor([-3.0, 0.2, 7.5])
    assert torch.equal(to_stored(to_float(values), torch.float32), values)
