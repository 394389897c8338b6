"""Worked examples of introductory lessons on PyTorch's convolution layers, and the page on them."""

import json
import re
import shlex
import sys

import numpy as np
import pytest
import torch
from conftest import ROOT, SAMPLES
from PIL import Image

import convtool
from convtool.convolve.geometry import output_size
from convtool.kernels.resolve import resolve
from convtool.layers.build import build
from convtool.media.registry import MEDIA

sys.path.insert(0, str(ROOT / "docs"))
import make_lessons  # in the folder of the pages

ONE_TO_SIX = torch.arange(1.0, 7).reshape(1, 1, 6)
VALID = {"padding": 0, "padding_mode": "zeros"}


@pytest.mark.parametrize(
    ("kernel", "options", "expected"),
    [
        ("2", {}, [2, 4, 6, 8, 10, 12]),
        ("2 2", {}, [6, 10, 14, 18, 22]),
        ("2 2 2", {}, [12, 18, 24, 30]),
        ("2 2 2", {"padding": 1}, [6, 12, 18, 24, 30, 22]),
        ("2 2 2 2 2", {"padding": 2}, [12, 20, 30, 40, 36, 30]),
        ("2 2 2", {"stride": 3}, [12, 30]),
        ("2 2 2", {"dilation": 2}, [18, 24]),
    ],
)
def test_conv1d_by_hand(kernel, options, expected):
    """The inputs 1…6 with all weights 2 and no bias give the results computed by hand."""
    result = convtool.apply(ONE_TO_SIX, kernel, **{**VALID, **options})
    assert result.flatten().tolist() == expected


TWO_CHANNELS = torch.cat([ONE_TO_SIX, 10 * ONE_TO_SIX], 1)


def full_kernel(tmp_path, weights):
    """Write a kernel file with output and input channels, and return its path."""
    path = tmp_path / "full.yaml"
    path.write_text(f"name: full\nweights:\n  1: {weights}\n")
    return str(path)


def test_groups_keep_channels_apart(tmp_path):
    """With groups=2, weights 2 and 4 each apply to one of the two channels."""
    result = convtool.apply(TWO_CHANNELS, full_kernel(tmp_path, [[[2]], [[4]]]), groups=2, **VALID)
    assert result[0].tolist() == [[2, 4, 6, 8, 10, 12], [40, 80, 120, 160, 200, 240]]


def test_a_depthwise_multiplier_of_two(tmp_path):
    """With groups=2 and four outputs, each input channel gives two of them."""
    result = convtool.apply(
        TWO_CHANNELS, full_kernel(tmp_path, [[[2]], [[4]], [[6]], [[8]]]), groups=2, **VALID
    )
    assert result[0].tolist() == [
        [2, 4, 6, 8, 10, 12],
        [4, 8, 12, 16, 20, 24],
        [60, 120, 180, 240, 300, 360],
        [80, 160, 240, 320, 400, 480],
    ]


def layer(dims, in_channels, **options):
    """Return the random layer for these options."""
    parsed = MEDIA["image"].options({"seed": 1, **options})
    return build(
        [],
        dims=dims,
        in_channels=in_channels,
        random_channels=4,
        padding_mode="zeros",
        kernel=parsed.kernel,
        layer=parsed.layer,
    )


def test_output_sizes():
    """A padding of 1 keeps 32×32 for k = 3; without padding, k = 2 turns 7×7 into 6×6."""
    assert output_size(layer(2, 1, kernel_size=3, padding=1).conv, (32, 32)) == (32, 32)
    assert output_size(layer(2, 1, kernel_size=2, padding=0).conv, (7, 7)) == (6, 6)


def test_weight_shapes():
    """Weights have the shape (out, in / groups, *k), and biases (out,)."""
    conv = layer(2, 64, out_channels=128, kernel_size=(5, 3)).conv
    assert tuple(conv.weight.shape) == (128, 64, 5, 3)
    assert tuple(conv.bias.shape) == (128,)
    assert tuple(layer(2, 3, out_channels=6).conv.weight.shape) == (6, 3, 3, 3)
    assert tuple(layer(2, 3, out_channels=6, groups=3).conv.weight.shape) == (6, 1, 3, 3)


@pytest.mark.parametrize(
    ("in_channels", "out_channels", "groups"), [(3, 4, 2), (4, 3, 2), (3, 4, 3)]
)
def test_groups_must_divide_both_channel_counts(in_channels, out_channels, groups):
    """A number of groups that nn.Conv would reject is refused with our own message."""
    with pytest.raises(convtool.LayerError, match=f"channels cannot be split into {groups} groups"):
        layer(2, in_channels, out_channels=out_channels, groups=groups)


@pytest.mark.parametrize("groups", [1, 3])
def test_default_initial_weights_are_uniform_within_their_bound(groups):
    """Default weights are uniform within ±1/√(in / groups · Πk), as in PyTorch."""
    conv = layer(2, 6, out_channels=300, kernel_size=5, groups=groups).conv
    bound = (6 / groups * 25) ** -0.5
    for values in (conv.weight, conv.bias):
        assert values.abs().max() <= bound
        assert values.abs().max() > 0.95 * bound
        assert values.dtype == torch.float32


def test_one_by_one_kernels_mix_channels_and_nothing_else():
    """A 1×1 layer commutes with shifting the image."""
    image = torch.rand(1, 3, 8, 8)
    options = {"kernel_size": 1, "seed": 3}
    moved = convtool.apply(image.roll(2, 3), **options)
    torch.testing.assert_close(moved, convtool.apply(image, **options).roll(2, 3))


@pytest.mark.parametrize(
    ("mode", "top_row"),
    [
        ("zeros", [0] * 9),
        ("reflect", [12, 11, 10, 11, 12, 13, 14, 13, 12]),
        ("replicate", [0, 0, 0, 1, 2, 3, 4, 4, 4]),
        ("circular", [18, 19, 15, 16, 17, 18, 19, 15, 16]),
    ],
)
def test_padding_modes(mode, top_row):
    """Each padding mode gives the border that PyTorch documents for 0…24 as 5×5."""
    image = torch.arange(25.0).reshape(1, 1, 5, 5)
    result = convtool.apply(image, "1", padding=2, padding_mode=mode)
    assert result[0, 0, 0].tolist() == top_row
    assert torch.equal(result[0, 0, 2:7, 2:7], image[0, 0])


PAGE = {
    "blur": np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16,
    "bottom-sobel": [[-1, -2, -1], [0, 0, 0], [1, 2, 1]],
    "emboss": [[-2, -1, 0], [-1, 1, 1], [0, 1, 2]],
    "identity": [[0, 0, 0], [0, 1, 0], [0, 0, 0]],
    "left-sobel": [[1, 0, -1], [2, 0, -2], [1, 0, -1]],
    "outline": [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]],
    "right-sobel": [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]],
    "sharpen": [[0, -1, 0], [-1, 5, -1], [0, -1, 0]],
    "top-sobel": [[1, 2, 1], [0, 0, 0], [-1, -2, -1]],
}


@pytest.mark.parametrize("name", PAGE)
def test_the_kernels_of_the_teaching_page(name):
    """The nine kernels of common teaching pages have their published weights."""
    assert np.array_equal(resolve(name, 2).kernels[0].weights, PAGE[name])


def sample(name):
    """Return a sample image as a tensor in 0…255."""
    return torch.from_numpy(np.array(Image.open(SAMPLES / f"{name}.png"))).float()[None, None]


def responses(image, kernel):
    """Return the response of a sample image to a kernel, without padding."""
    return convtool.apply(sample(image), kernel, padding=0)[0, 0]


def test_the_samples_are_the_lessons_images():
    """The samples are a 7×6 half-plane, an 8×8 checker of four squares and a 9×9 cross."""
    assert sample("half-plane")[0, 0, 3].tolist() == [255, 255, 255, 0, 0, 0]
    assert sample("half-plane").shape == (1, 1, 7, 6)
    assert sample("checker")[0, 0, 0].tolist() == [0] * 4 + [255] * 4
    assert sample("checker")[0, 0, 7].tolist() == [255] * 4 + [0] * 4
    assert sample("cross")[0, 0, 1].tolist() == [0, 255, 0, 0, 0, 0, 0, 255, 0]
    assert sample("cross")[0, 0, 0].sum() == 0


def test_the_difference_finds_the_edge_of_the_half_plane():
    """(1 −1) responds to the vertical edge only, and its transpose not at all."""
    across = responses("half-plane", "difference-x")
    assert across[:, 2].tolist() == [255] * 7
    assert across.sum() == 255 * 7
    assert responses("half-plane", "difference-y").abs().sum() == 0


def test_each_difference_finds_its_own_direction_on_the_checker():
    """(1 −1) responds to vertical edges, its transpose to horizontal ones."""
    assert responses("checker", "difference-x")[:, 3].tolist() == [-255] * 4 + [255] * 4
    assert responses("checker", "difference-y")[3].tolist() == [-255] * 4 + [255] * 4
    assert responses("checker", "difference-x").count_nonzero() == 8


def test_the_cross_difference_finds_crossings():
    """(1 −1; −1 1) is zero on straight edges and responds where edges cross."""
    assert responses("half-plane", "cross-difference").count_nonzero() == 0
    crossing = responses("checker", "cross-difference")
    assert crossing.count_nonzero() == 1
    assert crossing[3, 3] == -510
    assert responses("cross", "cross-difference").abs().max() == 510


def test_a_layer_computes_cross_correlation():
    """`sobel-x` is positive where the right side is brighter; --flip changes the sign."""
    step = torch.zeros(1, 1, 5, 6)
    step[..., 3:] = 1
    assert convtool.apply(step, "sobel-x")[0, 0, 2, 2:4].tolist() == [4, 4]
    assert torch.equal(convtool.apply(step, "sobel-x", flip=True), -convtool.apply(step, "sobel-x"))


def test_a_convolution_by_hand_equals_the_layer():
    """Unfolding, multiplying and summing by hand gives the result of the layer."""
    image = torch.rand(1, 3, 9, 11)
    made = layer(2, 3, padding=0, out_channels=5)
    windows = torch.nn.functional.unfold(image, 3)
    by_hand = made.conv.weight.flatten(1) @ windows + made.conv.bias[:, None]
    expected = convtool.apply(image, padding=0, out_channels=5, seed=1)
    torch.testing.assert_close(by_hand.reshape(1, 5, 7, 9), expected, rtol=0, atol=1e-5)


LESSONS = make_lessons.PAGE.read_text()
COMMANDS = list(make_lessons.commands(LESSONS))
PRINTED = [(line, text) for line, text in COMMANDS if text is not None]
SMALL = ("half-plane.png", "checker.png", "cross.png")


def test_the_lessons_name_commands_and_what_they_print():
    """The patterns of the script find the commands and what they print."""
    assert len(COMMANDS) == LESSONS.count("\n```sh\n")
    assert len(PRINTED) == 8


@pytest.mark.parametrize(("line", "printed"), PRINTED)
def test_commands_print_what_the_lessons_say(monkeypatch, convtool, line, printed):
    """A command prints what stands below it, to the letter."""
    monkeypatch.chdir(ROOT)
    result = convtool(*shlex.split(line)[1:])
    assert result.code == 0, result.err
    assert result.out == printed


def rows(heading):
    """Return the cells of the rows of a table of the lessons, without the marks of code."""
    table = LESSONS[LESSONS.index(heading) :].split("\n\n")[0]
    lines = re.findall(r"^\| (.*) \|$", table, re.MULTILINE)
    return [[cell.strip("`") for cell in line.split(" | ")] for line in lines[1:]]


@pytest.mark.parametrize(("options", "result"), [row[1:] for row in rows("| what changes |")])
def test_the_table_of_one_dimension(convtool, options, result):
    """The six numbers give the results of the table."""
    command = ["explain", "1 2 3 4 5 6", *shlex.split(options), "--json"]
    assert json.loads(convtool(*command).out)["result"] == list(map(float, result.split()))


@pytest.mark.parametrize(("options", "output", "weight"), rows("| `convtool shape` … |"))
def test_the_table_of_shapes(convtool, options, output, weight):
    """The sizes and weights are those of the table."""
    lines = convtool("shape", *shlex.split(options)).out.splitlines()
    said = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in lines if "  " in line.strip())
    assert (said["output"], said["weight"]) == (output, weight)


@pytest.mark.parametrize(("mode", "row"), [row[::2] for row in rows("| `--padding-mode` |")])
def test_the_table_of_padding_modes(convtool, mode, row):
    """The first row of the padded input is that of the table."""
    layer = ["-k", "1", "--padding", "2", "--padding-mode", mode]
    found = json.loads(convtool("explain", "0..24 as 5x5", *layer, "--json").out)["result"]
    assert found[0] == list(map(float, row.split()))


@pytest.mark.parametrize("name", SMALL)
def test_sheets_of_the_lessons_are_made_again(tmp_path, monkeypatch, convtool, name):
    """Made again, the sheets look the same, whatever the version of the font."""
    (line,) = (line for line, _ in COMMANDS if f"out/{name}" in line)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples").symlink_to(SAMPLES)
    assert convtool(*shlex.split(line)[1:]).code == 0
    made, kept = (
        np.array(Image.open(folder / name)).astype(int)
        for folder in (tmp_path / "out", make_lessons.PICTURES)
    )
    assert np.abs(made - kept).mean() < 3


def test_pictures_of_the_lessons_are_small_and_shown():
    """The folder holds the pictures that the page shows, and no others, and stays small."""
    kept = list(make_lessons.PICTURES.iterdir())
    assert {path.name for path in kept} == set(make_lessons.pictures(LESSONS))
    assert sum(path.stat().st_size for path in kept) < 600_000
