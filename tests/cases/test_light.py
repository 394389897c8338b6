"""--linear and --channels: which numbers of a colour are filtered."""

import numpy as np
import pytest
import torch
from PIL import Image

from convtool.look.report.pytorch import pytorch_code
from convtool.media.registry import MEDIA
from convtool.run.filter import Filter

MEAN = "box:size=3"


def light(stored):
    """Return the light of stored samples, by the formula of sRGB."""
    return np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)


def stored(light):
    """Return what sRGB stores of light."""
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def mean(image):
    """Return the mean of 3×3 pixels, edges repeated. Shape: (H, W, C)"""
    ends = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    height, width, _ = image.shape
    parts = [ends[row : row + height, at : at + width] for row in range(3) for at in range(3)]
    return sum(parts) / 9


def floats(path):
    """Return the result in a .npy file. Shape: (H, W, C)"""
    return np.load(path)[0].transpose(1, 2, 0)


@pytest.fixture
def colours(tmp_path, rng):
    """Write an image of random colours; return its path and its samples in 0…1."""
    samples = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(samples).save(tmp_path / "in.png")
    return tmp_path / "in.png", samples / 255


def test_light_is_mixed_and_not_what_is_stored(convtool, tmp_path, colours):
    """The result is what sRGB stores of the mean of light; names are those of the kernel."""
    path, samples = colours
    out = tmp_path / "out.npy"
    call = ["-k", MEAN, "--linear", "--normalize", "none"]
    assert convtool("image", path, out, *call).code == 0
    wanted = stored(mean(light(samples)))
    np.testing.assert_allclose(floats(out), wanted, atol=5e-6)
    assert convtool("image", path, f"{tmp_path}/split/", "-k", MEAN, "--linear").code == 0
    assert (tmp_path / "split/in_box-size=3_r.png").exists()
    options = MEDIA["image"].options({"kernel": (MEAN,), "linear": True})
    made = {}
    layer = Filter(options, MEDIA["image"]).layer(3)
    exec(pytorch_code(layer, options, None), made)  # noqa: S102  # as a reader of the page would
    result = made["chain"](torch.from_numpy(samples.transpose(2, 0, 1)[None]).float())
    np.testing.assert_allclose(result[0].detach().numpy().transpose(1, 2, 0), wanted, atol=5e-6)


def test_without_a_change_nothing_changes(convtool, tmp_path, colours):
    """Every level of 8 bits survives the way to light and back."""
    path, _ = colours
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(levels).save(tmp_path / "levels.png")
    out = tmp_path / "out.png"
    for source in (tmp_path / "levels.png", path):
        result = convtool("image", source, out, "-k", "identity", "--linear", "--overwrite")
        assert result.code == 0, result.err
        np.testing.assert_array_equal(np.asarray(Image.open(out)), np.asarray(Image.open(source)))


def test_brightness_alone_is_filtered(convtool, tmp_path, colours):
    """Each colour keeps its difference from the brightness; grey is brightness as it is."""
    path, samples = colours
    out = tmp_path / "out.npy"
    call = ["-k", MEAN, "--channels", "luma", "--normalize", "none"]
    assert convtool("image", path, out, *call).code == 0
    brightness = samples @ np.array([0.2126, 0.7152, 0.0722])[:, None]
    wanted = samples + mean(brightness) - brightness
    np.testing.assert_allclose(floats(out), wanted, atol=2e-6)
    Image.open(path).convert("L").save(tmp_path / "grey.png")
    grey = np.asarray(Image.open(tmp_path / "grey.png"))[..., None] / 255
    assert convtool("image", tmp_path / "grey.png", out, *call, "--overwrite").code == 0
    np.testing.assert_allclose(floats(out), mean(grey), atol=2e-6)


def test_rgb_leaves_transparency_alone(convtool, tmp_path, rng):
    """A blur filters alpha with the colours, unless it is told not to."""
    pixels = rng.integers(0, 256, (20, 30, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    out = tmp_path / "out.png"
    for options, same in (([], False), (["--channels", "rgb"], True)):
        call = ["-k", MEAN, *options, "--overwrite"]
        assert convtool("image", tmp_path / "in.png", out, *call).code == 0
        assert (np.asarray(Image.open(out))[..., 3] == pixels[..., 3]).all() == same


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--channels luma needs a --kernel"),
        (["-k", "sobel"], "--channels luma changes colours by a result"),
        (["-k", "[[[[1]]]]"], "has channels of its own"),
    ],
)
def test_what_has_no_brightness_is_told(convtool, tmp_path, colours, options, message):
    """Random weights, combined banks and kernels that mix channels are refused."""
    result = convtool("image", colours[0], tmp_path / "o.png", *options, "--channels", "luma")
    assert result.code != 0
    assert message in result.err
