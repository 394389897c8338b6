"""Normalization and levels: rules, whole files, constants, round trips."""

import numpy as np
import pytest
import torch

import convtool
from convtool.kernels.resolve import resolve
from convtool.layers.build import build
from convtool.levels import to_float, to_stored
from convtool.options.kernel import KernelOptions
from convtool.results.choice import Choice
from convtool.results.normalize import Normalizer
from convtool.results.ranges import Sizes


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
    names = ("independent", "percentile", "apart")
    chosen = {key: options.pop(key) for key in names if key in options}
    return Normalizer(layer, Choice(name, **chosen), **options)


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
        ("centred", [1 / 3, 0.5, 2 / 3, 5 / 6, 1]),
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
    ("kernels", "expected"),
    [
        ((), "sigmoid"),
        (("sobel-x",), "centred"),
        (("log:sigma=2",), "centred"),
        (("kirsch-ne",), "centred"),
        (("outline",), "clamp"),
        (("sobel",), "clamp"),
        (("kirsch",), "clamp"),
        (("emboss",), "clamp"),
        (("blur",), "clamp"),
        (("1 -1",), "centred"),
        (("0 0",), "clamp"),
        (("1 -0.5",), "clamp"),
    ],
)
def test_auto(kernels, expected):
    """`auto` is sigmoid for random weights, else what the kernel states, or its sum suggests."""
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
    mapping = normalizer("sobel-x", name="minmax")
    low, high = torch.zeros(1, 3, 1, 1), torch.tensor([1.0, 2, 4]).reshape(1, 3, 1, 1)
    mapping.measure([low, high])
    assert mapping(high.clone()).flatten().tolist() == [0.25, 0.5, 1]


def test_independent_minmax_measures_each_channel():
    """With --independent, `minmax` maps each channel by its own range."""
    mapping = normalizer("sobel-x", name="minmax", independent=True)
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
@pytest.mark.parametrize("rule", ["centred", "minmax", "bounds", "auto"])
def test_a_constant_result_is_mid_grey_or_in_range_and_never_nan(kernel, rule):
    """A constant result maps to mid-range, never to NaN."""
    result = convtool.apply(torch.full((1, 3, 5, 5), 0.7), kernel, normalize=rule)
    assert not result.isnan().any()
    assert ((result >= 0) & (result <= 1)).all()
    if rule in ("centred", "minmax"):
        assert (result == 0.5).all()


def centred(values, percentile, reach):
    """Return ½ + y/2s by NumPy: s the percentile of all sizes, at least 1/32 of the reach."""
    sizes = np.sort(np.abs(values), axis=None)
    rank = max(1, int(np.ceil(percentile / 100 * sizes.size)))
    size = max(sizes[rank - 1], reach / 32)
    return (0.5 + values / (2 * size)).clip(0, 1), size


@pytest.mark.parametrize("percentile", [50, 99.5, 100])
def test_centred_shows_a_percentile_of_the_sizes_as_black_and_white(percentile, rng):
    """`centred` is ½ + y/2s, exactly for whole numbers, and within 1/2048 of s for others."""
    stored = rng.integers(0, 256, (1, 3, 40, 50), np.uint8)
    raw = convtool.apply(torch.from_numpy(stored), "sobel-x").double().numpy()
    expected, _ = centred(raw, percentile, 8)
    shown = convtool.apply(
        torch.from_numpy(stored), "sobel-x", normalize="centred", percentile=percentile
    )
    np.testing.assert_allclose(shown.numpy(), expected, atol=1 / 2048)
    mapping = normalizer("sobel-x", percentile=percentile)
    whole = torch.from_numpy(np.rint(raw * 255)).float()
    mapping.measure([whole], 255)
    exact, _ = centred(np.rint(raw * 255) / 255, percentile, 8)
    np.testing.assert_allclose(mapping(whole, 255).numpy(), exact, atol=1e-6)


def test_centred_does_not_depend_on_blocks_and_their_order(rng):
    """One pass over pieces in any order finds the range of the whole."""
    values = torch.from_numpy(rng.normal(0, 1, (1, 3, 60, 31))).float()
    whole, pieces, turned = (normalizer("sobel-x") for _ in range(3))
    whole.measure([values])
    pieces.measure(values.split(7, 2))
    turned.measure([values.contiguous(memory_format=torch.channels_last).flip(2)])
    results = [mapping(values.clone()) for mapping in (whole, pieces, turned)]
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


def test_centred_does_not_amplify_the_noise_of_an_even_surface():
    """Sizes below 1/32 of what the kernel can reach do not become black and white."""
    mapping = normalizer("sobel-x")
    values = torch.tensor([-0.05, 0.0, 0.05]).reshape(1, 1, 1, 3).expand(1, 3, 1, 3)
    mapping.measure([values])
    np.testing.assert_allclose(mapping(values.clone())[0, 0, 0], [0.4, 0.5, 0.6], atol=1e-6)


def test_centred_links_colours_unless_independent():
    """Colours keep their balance; with --independent, each channel has a range of its own."""
    high = torch.tensor([1.0, 2, 4]).reshape(1, 3, 1, 1)
    linked, apart = normalizer("sobel-x", percentile=100), normalizer("sobel-x", independent=True)
    for mapping in (linked, apart):
        mapping.measure([high])
    assert linked(high.clone()).flatten().tolist() == [0.625, 0.75, 1]
    assert apart(high.clone()).flatten().tolist() == [1, 1, 1]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.int32])
def test_sizes_of_any_type_are_counted(dtype, rng):
    """The percentile of a normal distribution is found within its bound, for every type."""
    values = torch.from_numpy(rng.normal(0, 300, (1, 2, 100, 99))).to(dtype)
    sizes = Sizes(0)
    sizes.add(values[:, :1], 255)
    sizes.add(values[:, 1:], 255)
    wanted = np.sort(values.double().abs().numpy(), axis=None)[int(np.ceil(0.995 * 19800)) - 1]
    assert wanted * (1 - 1 / 2048) <= sizes.percentile(99.5) * 255 <= wanted * (1 + 1e-9)


def test_sizes_are_counted_in_bounded_memory():
    """A histogram has no more than 2^19 bins, however far apart sizes are."""
    sizes = Sizes(0)
    sizes.add(torch.tensor([0.0, 1e-40, 1.0, -3e38]).reshape(1, 1, 4), 1)
    assert all(len(counts) <= 2**19 for counts in sizes._counts.values())  # noqa: SLF001  # its memory
    assert sizes.percentile(100) == pytest.approx(3e38, rel=1 / 2048)


def test_notes_say_what_is_shown_as_black_and_white():
    """The range that was found is stated, and whose it is where there are several."""
    values = VALUES.clone()
    one = normalizer("sobel-x")
    one.measure([values])
    assert one.notes == ("−6 … 6 shown as black … white",)
    several = normalizer("sobel-x", "blur", "laplacian-4")
    several.measure([values[:, :1].expand(1, 9, 1, 5)])
    assert several.notes == ("shown as black … white: −6 … 6 (sobel-x), −6 … 6 (laplacian-4)",)
    assert normalizer("blur").notes == ()


def test_random_maps_apart_each_have_their_own_range():
    """On a sheet, the darkest value of each random map is black, and its brightest white."""
    mapping = normalizer(apart=True)
    values = torch.arange(4.0).reshape(1, 4, 1, 1) * torch.tensor([-1.0, 0, 1])
    mapping.measure([values])
    shown = mapping(values.clone())[0, :, 0]
    assert shown.tolist() == [[0.5] * 3] + [[0, 0.5, 1]] * 3


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
