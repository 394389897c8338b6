"""Elements worked out: what they are made of, and the steps that lead to the stored sample."""

import numpy as np
import pytest
import torch
import videos
from conftest import SAMPLES
from PIL import Image

from convtool.errors import UsageError
from convtool.look.explain import Asked, explain
from convtool.look.steps import arithmetic, disagreement, number, steps
from convtool.media.arrays import ArraySource
from convtool.media.numbers import medium_of_numbers
from convtool.media.registry import MEDIA
from convtool.options.explain import At

NOISE = np.random.default_rng(1).normal(size=(3, 6, 7))


def of_numbers(array, at=None, channel=None, **values):
    """Return an element of a result of numbers."""
    medium = medium_of_numbers(array.ndim - 1)
    asked = Asked("numbers", "", at and At(at), channel)
    return explain(asked, medium, medium.options(values), ArraySource(array))


def of_file(path, at=None, channel=None, suffix=".png", page=1, **values):
    """Return an element of a result of an image."""
    medium = MEDIA["image"]
    asked = Asked(str(path), suffix, at and At(at), channel, page)
    return explain(asked, medium, medium.options(values))


@pytest.mark.parametrize("combine", [None, "magnitude", "max", "sum", "mean"])
@pytest.mark.parametrize("kernels", [("sobel",), ("sobel", "blur"), ("1 2", "3 4", "5 -6")])
def test_members_are_those_that_the_layer_folds(combine, kernels):
    """A channel changes where one of its members does, and only there."""
    options = {"combine": combine} if combine else {}
    found = of_numbers(NOISE, (2, 3), kernel=kernels, **options)
    layer = found.layer
    groups, out = layer.conv.groups, layer.conv.out_channels
    base = torch.linspace(1, 2, out, dtype=torch.float64)
    before = layer.fold(base.reshape(1, groups, -1, 1).clone())
    for channel in range(layer.channels):
        members = {one for _, part in layer.members(channel) for one in part}
        for one in range(out):
            changed = base.clone()
            changed[one] += 10  # larger than all others, for max
            after = layer.fold(changed.reshape(1, groups, -1, 1))
            assert (after[0, channel] != before[0, channel]).item() == (one in members)


@pytest.mark.parametrize("combine", ["magnitude", "max", "sum", "mean"])
def test_folds_are_worked_out(combine):
    """The value of the last fold is the stored one, where nothing follows."""
    found = of_numbers(NOISE, (1, 2), "1", kernel=("1 2", "3 4"), combine=combine).element
    values = [response.value for response in found.responses]
    by_hand = {
        "magnitude": np.hypot(*values),
        "max": max(values),
        "sum": sum(values),
        "mean": sum(values) / 2,
    }[combine]
    assert found.folds[-1].value == pytest.approx(by_hand)
    assert found.stored == pytest.approx(by_hand)


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("stride", [1, 2])
def test_windows_have_the_padded_samples(mode, stride):
    """The window at a corner is that of the padded array, with the taps of padding marked."""
    options = {"kernel": ("1 2 3; 4 5 6; 7 8 9",), "padding": 2, "dilation": 2}
    found = of_numbers(NOISE, (0, 1), "2", padding_mode=mode, stride=stride, **options).element
    names = {"zeros": "constant", "replicate": "edge", "circular": "wrap"}
    padded = np.pad(NOISE[2], 2, names.get(mode, mode))
    window = padded[0:5:2, stride : stride + 5 : 2]
    assert np.array_equal(found.responses[0].window[0], window)
    assert found.padding[0].all()
    assert not found.padding[1:, 1:].any()


def test_a_circular_window_has_samples_of_the_end(tmp_path):
    """The first rows of a tall image depend on its last, though they are read much later."""
    pixels = np.random.default_rng(2).integers(0, 256, (3000, 40), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    options = {"kernel": ("1; 1; 1",), "padding_mode": "circular"}
    element = of_file(tmp_path / "in.png", (0, 3), **options).element
    assert element.responses[0].window.flatten().tolist() == pixels[[-1, 0, 1], 3].tolist()


def test_a_page_is_explained_by_its_number(tmp_path):
    """Pages count from 1; one that is not there is refused."""
    frames = [Image.new("L", (5, 5), 10 * n) for n in range(3)]
    frames[0].save(tmp_path / "in.tif", save_all=True, append_images=frames[1:])
    element = of_file(tmp_path / "in.tif", suffix=".tif", page=3, kernel=("2",)).element
    assert element.responses[0].window.tolist() == [[[20]]]
    with pytest.raises(UsageError, match=r"--page 4: .* has 3"):
        of_file(tmp_path / "in.tif", suffix=".tif", page=4, kernel=("2",))


def test_colours_weighted_by_opacity_are_divided_by_it(tmp_path):
    """A blur of a half-transparent image ends with a division by the filtered opacity."""
    pixels = np.random.default_rng(3).integers(0, 256, (6, 6, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    element = of_file(tmp_path / "in.png", (2, 2), kernel=("blur",)).element
    alpha = pixels[1:4, 1:4, 3] / 255
    weights = np.outer([1, 2, 1], [1, 2, 1]) / 16
    assert element.weight.value == pytest.approx((alpha * weights).sum(), abs=1e-6)
    mean = (pixels[1:4, 1:4, 0] / 255 * alpha * weights).sum() / (alpha * weights).sum()
    assert element.raw == pytest.approx(mean, abs=1e-6)
    assert "opacity" in [step.name for step in steps(element)]


@pytest.mark.parametrize("rule", ["centred", "minmax", "bounds", "clamp", "sigmoid", "abs"])
@pytest.mark.parametrize("kernel", ["sobel-x", "sharpen"])
def test_the_last_step_before_rounding_is_the_mapped_number(rule, kernel):
    """The formulas in words lead to the number that is rounded."""
    source = SAMPLES / "chart.jpg"
    element = of_file(source, (200, 300), kernel=(kernel,), normalize=rule).element
    *_, mapped, stored = steps(element)
    number = min(max(element.number, 0), 255)
    assert mapped.value * 255 == pytest.approx(number, abs=1e-6)
    assert stored.value == element.stored
    assert mapped.name == rule


@pytest.mark.parametrize("rule", ["minmax", "bounds", "clamp", "sigmoid", "abs"])
def test_rules_of_audio_lie_around_zero(rule):
    """Audio is mapped to -1…1."""
    medium = MEDIA["audio"]
    options = medium.options({"kernel": ("highpass:cutoff=300",), "normalize": rule})
    asked = Asked(str(SAMPLES / "melody.wav"), ".wav", At((5000,)))
    element = explain(asked, medium, options).element
    *_, mapped, _ = steps(element)
    assert mapped.value * 32768 == pytest.approx(min(element.number, 32768), abs=1e-5)


def test_times_of_audio_are_those_of_samples():
    """A time is rounded to the nearest sample of the result, whatever the stride."""
    medium = MEDIA["audio"]
    for stride in (1, 4):
        options = medium.options({"kernel": ("1 2 1",), "stride": stride})
        found = explain(
            Asked(str(SAMPLES / "melody.wav"), ".wav", At(seconds=0.5)), medium, options
        )
        assert found.element.place == (8000 // stride,)
        assert found.seconds == 0.5


def test_times_of_frames_are_those_at_which_they_are_shown(tmp_path):
    """Frames that are not evenly spaced have times of their own."""
    frames = [Image.new("L", (8, 8), shade) for shade in (0, 90, 180)]
    path = tmp_path / "x.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[100, 700, 400])
    medium = MEDIA["video"]
    options = medium.options({"kernel": ("temporal-blur",)})
    for frame, seconds in enumerate((0, 0.1, 0.8)):
        found = explain(Asked(str(path), ".gif", At((frame, 0, 0))), medium, options)
        assert found.seconds == pytest.approx(seconds)


def test_the_end_of_audio_is_told_when_it_is_known():
    """A sample behind the end is refused, with the number of the last."""
    medium = MEDIA["audio"]
    asked = Asked(str(SAMPLES / "melody.wav"), ".wav", At((36000,)))
    with pytest.raises(UsageError, match="--at 36000 is outside the result, which ends at 35999"):
        explain(asked, medium, medium.options({"kernel": ("1 2 1",)}))


@pytest.mark.parametrize("mode", ["replicate", "circular"])
def test_the_last_frame_is_the_last_that_is_read(tmp_path, mode):
    """Where a header estimates more frames than there are, the end is where reading ends."""
    frames = np.random.default_rng(4).integers(0, 256, (6, 12, 16, 3), dtype=np.uint8)
    times = [0, 512, 1024, 9000, 9512, 20000]  # by which 40 frames are expected
    path = videos.make(tmp_path / "in.mkv", frames, times=times)
    medium = MEDIA["video"]
    options = medium.options({"kernel": ("1|2|3",), "padding_mode": mode})
    for place, known in ((3, False), (5, True)):
        found = explain(Asked(str(path), ".png", At((place, 2, 1))), medium, options)
        around = [place - 1, place, min(place + 1, 5) if mode == "replicate" else (place + 1) % 6]
        assert found.element.responses[0].window.flatten().tolist() == [
            *frames[around, 2, 1, 0].tolist()
        ]
        assert found.read == known
        assert (found.shape.output[0] == 6) == known
    with pytest.raises(UsageError, match="--at 6,2,1 is outside the result, which ends at 5"):
        explain(Asked(str(path), ".png", At((6, 2, 1))), medium, options)


def test_long_sums_say_what_they_leave_out():
    """Of a long sum the largest products are written out, and the rest is summed up."""
    ramp = np.arange(40.0)[None]
    element = of_numbers(ramp, kernel=(" ".join(["1"] * 40),), padding=0).element
    text = arithmetic(element.responses[0])
    assert text.startswith("28·1 + 29·1")
    assert text.endswith("+ 378 of 27 smaller products = 780")


@pytest.mark.parametrize(
    ("kernel", "line"),
    [
        ("0.1 0.2", "1·0.1 + 2·0.2 = 0.5"),  # true as it is printed, whatever float64 makes of it
        ("1/3 2/3", "1·0.333333 + 2·0.666667 ≈ 1.66667"),
        ("1/3 1/3", "1·0.333333 + 2·0.333333 ≈ 1"),
        ("-0.5 1e-9", "1·(−0.5) + 2·1e−09 ≈ −0.5"),
    ],
)
def test_a_line_has_an_equals_sign_only_where_its_numbers_are_equal(kernel, line):
    """Digits that are not shown turn = into ≈."""
    element = of_numbers(np.array([[1.0, 2.0]]), kernel=(kernel,), padding=0).element
    assert arithmetic(element.responses[0]) == line


@pytest.mark.parametrize(
    ("kernel", "formula"), [("0.6", "· 255 = 51, rounded"), ("0.5", "· 255 ≈ 42.5, rounded")]
)
def test_steps_have_an_equals_sign_only_where_their_numbers_are_equal(tmp_path, kernel, formula):
    """0.2 times 255 is 51, but 0.166667 times 255 is a bit more than 42.5."""
    Image.new("L", (1, 1), 85).save(tmp_path / "in.png")
    element = of_file(tmp_path / "in.png", kernel=(kernel,), normalize="clamp").element
    assert steps(element)[-1].formula == formula


@pytest.mark.parametrize(("kernel", "share"), [("51/20", "= 1.5"), ("1/7", "≈ 1.50004")])
def test_what_lies_beyond_the_range_of_a_rule_has_its_share(tmp_path, kernel, share):
    """Of a rule that leaves out the ends, the formula says what a response there comes to."""
    pixels = np.repeat(np.uint8([0, 100, 200]), [500, 450, 50])
    Image.fromarray(pixels[None]).save(tmp_path / "in.png")
    options = {"kernel": (kernel,), "normalize": "centred", "percentile": 90}
    element = of_file(tmp_path / "in.png", (0, 999), **options).element
    assert steps(element)[1].formula.endswith(f" {share}, within 0…1")


def test_a_sample_that_float32_rounds_otherwise_is_told():
    """Where the run's arithmetic stores another level than float64 would, words say so."""
    element = of_file(SAMPLES / "chart.jpg", (10, 20), kernel=("blur",)).element
    assert disagreement(element) == ""
    object.__setattr__(element, "expected", element.stored + 1)
    assert "float64" in disagreement(element)


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3"), (-2147483648.0, "−2147483648"), (0.1234567, "0.123457"), (-1e-9, "−1e−09")],
)
def test_numbers_are_whole_or_rounded(value, text):
    """Whole numbers are shown in full, others with six digits."""
    assert number(value) == text
