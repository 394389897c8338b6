"""`convtool explain --animate`: what it draws of numbers and files, and what it refuses."""

import re
import runpy
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch
from conftest import ROOT, SAMPLES
from PIL import Image
from torch.nn import functional

from convtool.look.animation.numbers import short

DESCRIPTION = "{http://www.w3.org/2000/svg}desc"


def described(path):
    """Return the numbers that an animation says it shows: of the input and of the output."""
    text = ET.parse(path).getroot().find(DESCRIPTION).text  # noqa: S314  # our own
    return [words.split() for words in re.findall(r"put: ([^ ].*?)\.(?= |$)", text)]


def texts(path):
    """Return everything that is written in an animation."""
    return [element.text for element in ET.parse(path).getroot().iter()]  # noqa: S314  # our own


def test_a_numbered_grid(convtool, tmp_path):
    """--grid stands for its numbers, and the sums are those of the layer."""
    path = tmp_path / "w.svg"
    command = ["--grid", "5x4", "-k", "1 2; 3 4", "--padding", 1, "--stride", 2]
    result = convtool("explain", *command, "--animate", path)
    assert (result.code, result.err) == (0, f"wrote {path}\n")
    weight = torch.tensor([[[[1.0, 2], [3, 4]]]])
    grid = torch.arange(20.0).reshape(1, 1, 5, 4)
    expected = functional.conv2d(grid, weight, stride=2, padding=1).flatten().tolist()
    shown, sums = described(path)
    assert shown == [str(number) for number in range(20)]
    assert sums == [short(number) for number in expected]


def test_a_kernel_without_a_middle_is_padded_behind(convtool, tmp_path):
    """Two taps keep the length by one sample behind the input, as PyTorch does it."""
    path = tmp_path / "w.svg"
    assert convtool("explain", "1 2 3 4", "-k", "1 1", "--animate", path).code == 0
    assert described(path)[1] == ["3", "5", "7", "4"]
    assert "Conv1d, kernel 2, padding (0, 1)" in texts(path)


def test_a_crop_of_a_file_has_the_samples_that_are_stored(convtool, tmp_path):
    """Around --at, the samples are the file's own, and the sums those of the kernel."""
    path = tmp_path / "w.svg"
    place = ["--at", "7,9", "--crop", "2x3", "--channel", "g"]
    image = tmp_path / "chart.png"
    with Image.open(SAMPLES / "chart.jpg") as chart:
        chart.reduce(16).save(image)
        pixels = np.asarray(chart.reduce(16)).astype(float)
    result = convtool("explain", image, "-k", "-1 0 1; -2 0 2; -1 0 1", *place, "--animate", path)
    assert result.code == 0, result.err
    crop = pixels[5:9, 7:12, 1]
    shown, sums = described(path)
    assert shown == [short(number) for number in crop.flatten()]
    kernel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])[None, None].double()
    expected = functional.conv2d(torch.tensor(crop)[None, None], kernel).flatten().tolist()
    assert sums == [short(number) for number in expected]
    assert {"Input 4×5, channel g, from 5, 7", "Output 2×3, channel 1, from 6, 8"} <= {*texts(path)}
    assert "Samples are shown as they are stored: 255 stands for 1." in texts(path)


def test_planes_of_a_video_are_frames(convtool, tmp_path):
    """Of a video, planes are called frames; of typed numbers, slices."""
    path, kernel = tmp_path / "w.svg", ("-k", "1|1")
    words = ("explain", SAMPLES / "clip.mp4", *kernel, "--at", "5,2,3", "--animate", path)
    assert convtool(*words).code == 0
    assert {"frame 4", "frame 5", "frame 6"} <= set(texts(path))
    words = ("explain", "--grid", "3x2x2", *kernel, "--padding", "0", "--animate", path, "-f")
    assert convtool(*words).code == 0
    assert {"slice 0", "slice 1", "slice 2"} <= set(texts(path))


def test_the_start_of_a_file_is_padded(convtool, tmp_path):
    """At the edge of audio, the padding is seen, and it is none of the samples."""
    path = tmp_path / "w.svg"
    taps = ["-k", "1 1 1 1 1", "--crop", 4, "--padding-mode", "reflect"]
    result = convtool("explain", SAMPLES / "melody.wav", *taps, "--animate", path)
    assert result.code == 0, result.err
    assert "Input, length 6, channel left" in texts(path)
    assert len(described(path)[0]) == 6


@pytest.mark.parametrize(
    ("options", "notes"),
    [
        (
            ["-k", "sobel-x", "-k", "sobel-y", "--combine", "magnitude"],
            ["The sums are then combined (magnitude), mapped to samples (clamp)."],
        ),
        (
            ["-k", "box"],
            [
                "Colours are shown multiplied by their opacity.",
                "The sums are then divided by the filtered opacity, mapped to samples (clamp).",
            ],
        ),
    ],
)
def test_what_follows_the_sums_is_said(convtool, tmp_path, options, notes):
    """Banks that are combined, opacity and normalization are named, as they are not drawn."""
    image, path = tmp_path / "in.png", tmp_path / "w.svg"
    generator = np.random.default_rng(0)
    Image.fromarray(generator.integers(0, 256, (9, 9, 4), dtype=np.uint8)).save(image)
    assert convtool("explain", image, *options, "--animate", path).code == 0
    assert [text for text in texts(path) if text in notes] == notes


def test_a_hostile_name_is_text(convtool, tmp_path):
    """The name of a file is shown as it is, and is no markup."""
    image = tmp_path / "<script>x<\u202e&.png"
    Image.new("L", (5, 5)).save(image)
    path = tmp_path / "w.svg"
    assert convtool("explain", image, "-k", "box", "--animate", path).code == 0
    assert "<script>x<�&.png" in texts(path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "INPUT is missing"),
        (["1 2 3", "--grid", "3"], "--grid is there instead of INPUT, and '1 2 3' was given, too"),
        (["--grid", "0x3"], "--grid takes a size such as 6, 5x5 or 2x3x3"),
        (["--grid", "5by5"], "--grid takes a size such as 6, 5x5 or 2x3x3"),
        (["--grid", "20x20", "--animate", "w.svg"], "400 steps"),
        (["--grid", "5x5", "--animate", "w.webm"], "w.webm: unknown format of an animation"),
        (["--grid", "5x5", "--crop", "3", "--animate", "w.svg"], "--crop 3: the result has 2 axes"),
        (["--grid", "5x5", "--step-seconds", "0", "--animate", "w.svg"], "--step-seconds takes"),
    ],
)
def test_what_is_wrong_is_said(convtool, tmp_path, monkeypatch, arguments, message):
    """Wrong options are refused, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    result = convtool("explain", *arguments, "-k", "box")
    assert result.code == 2
    assert message in result.err
    assert not list(tmp_path.iterdir())


def test_an_option_without_effect_is_noted(convtool):
    """--crop alone does nothing, and says so."""
    result = convtool("explain", "--grid", "3x3", "-k", "box", "--crop", "2x2")
    assert "note: --crop has no effect: there is no --animate" in result.err


def test_existing_animations_stay(convtool, tmp_path):
    """Nothing is overwritten unasked."""
    path = tmp_path / "w.svg"
    path.write_text("mine")
    command = ["explain", "1 2 3", "-k", "2", "--animate", path]
    result = convtool(*command)
    assert (result.code, result.out) == (1, "")
    assert "already exists" in result.err
    assert path.read_text() == "mine"
    assert convtool(*command, "--overwrite").code == 0
    assert path.read_text().startswith("<svg")


def test_the_pictures_of_the_page_are_made_by_its_commands(tmp_path):
    """The committed pictures are what the commands on their page draw, and they are small."""
    make = runpy.run_path(str(ROOT / "docs" / "make_animations.py"))["make"]
    made = make(tmp_path)
    committed = sorted((ROOT / "docs" / "pictures").glob("*.svg"))
    assert sorted(path.name for path in made) == [path.name for path in committed]
    for path in committed:
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()
        assert path.stat().st_size < 40_000
