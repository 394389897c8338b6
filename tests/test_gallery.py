"""The gallery shows every preset, by pictures that the tool makes."""

import io
import re
import sys

import numpy as np
import pytest
from conftest import ROOT, SAMPLES
from PIL import Image

from convtool.kernels import catalogue

sys.path.insert(0, str(ROOT / "docs"))
import make_gallery  # in the folder of the pages

PRESETS = sorted(path.stem for path in (ROOT / "kernels").glob("*.yaml"))


def pixels(image):
    """Return an image, or a file or the bytes of one, as samples."""
    if isinstance(image, bytes):
        image = io.BytesIO(image)
    if not isinstance(image, Image.Image):
        image = Image.open(image)
    return np.array(image.convert("RGB"))


def test_every_preset_is_shown_once():
    """Each preset of the catalogue has one row."""
    assert sorted(name for name, _ in make_gallery.shown()) == PRESETS


def test_presets_are_shown_in_dimensions_that_they_have():
    """No preset is lifted from fewer dimensions."""
    for name, dims in make_gallery.shown():
        entry = catalogue.entry(ROOT / "kernels" / f"{name}.yaml")
        assert dims in entry.dimensions


def test_the_page_is_up_to_date():
    """`make docs` would write the same page, as names, texts and sources are those of the files."""
    assert make_gallery.PAGE.read_text() == make_gallery.page()


def test_no_picture_is_missing_or_left_over():
    """The pictures of the folder are those that the page shows."""
    shown = re.findall(r"!\[[^\]]*\]\(gallery/([^)]+)\)", make_gallery.PAGE.read_text())
    kept = make_gallery.PICTURES
    assert {str(path.relative_to(kept)) for path in kept.rglob("*.*")} == set(shown)


def test_pictures_are_small():
    """The pictures stay small, as every clone downloads them."""
    sizes = [path.stat().st_size for path in make_gallery.PICTURES.rglob("*.*")]
    assert sum(sizes) < 1_500_000


@pytest.mark.parametrize("name", ["gaussian", "scharr-y"])
def test_pictures_of_images_are_what_the_command_writes(tmp_path, convtool, name):
    """A picture is the same part of what `convtool image` writes, pixel by pixel."""
    out = tmp_path / "out.png"
    assert convtool("image", SAMPLES / "chart.jpg", out, "--merge", "-k", name).code == 0
    kept = pixels(make_gallery.PICTURES / f"{name}.webp")
    assert np.array_equal(kept, pixels(Image.open(out).crop(make_gallery.PART)))


@pytest.mark.parametrize("name", ["identity", "emboss"])
def test_pictures_of_images_are_made_again(name):
    """Made again, the picture of an image is the same, pixel by pixel."""
    kept = pixels(make_gallery.PICTURES / f"{name}.webp")
    assert np.array_equal(kept, pixels(make_gallery.filtered(name)))


@pytest.mark.parametrize("name", ["temporal-difference"])
def test_pictures_of_videos_are_made_again(name):
    """Made again, the frames and slices of a video are the same to a level."""
    made = pixels(make_gallery.before_and_after(name)).astype(int)
    kept = pixels(make_gallery.PICTURES / f"{name}.webp").astype(int)
    assert np.abs(made - kept).max() <= 1


def test_plots_are_made_again():
    """Made again, a plot of audio looks the same, whatever the version of matplotlib."""
    made = pixels(make_gallery.heard("moving-average")).astype(int)
    kept = pixels(make_gallery.PICTURES / "moving-average.webp").astype(int)
    assert np.abs(made - kept).mean() < 5


@pytest.mark.parametrize(("name", "dims"), [("sobel-x", 2), ("mid-side", 1), ("laplacian-3d", 3)])
def test_pictures_of_weights_are_made_again(name, dims):
    """Made again, the weights look the same, whatever the version of the font."""
    made = pixels(make_gallery.weights(name, dims)).astype(int)
    kept = pixels(make_gallery.PICTURES / "kernels" / f"{name}.png").astype(int)
    assert np.abs(made - kept).mean() < 3
