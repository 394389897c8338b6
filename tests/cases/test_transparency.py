"""Transparency: colours keep their own, means weight them by opacity, edges are not darkened."""

from pathlib import Path

import numpy as np
import pytest
import scipy.ndimage
from PIL import Image

import convtool

CASES = Path(__file__).parent / "image"
COLOURS = [[255, 0, 0, 128], [0, 0, 255, 128], [0, 255, 0, 0], [9, 9, 9, 255], [7, 200, 3, 1]]


@pytest.fixture(params=[np.uint8, np.uint16])
def depth(request):
    """The type of samples."""
    return request.param


def saved(path, pixels):
    """Write an RGBA image of 8 or 16 bits."""
    if pixels.dtype == np.uint8:
        Image.fromarray(pixels).save(path)
    else:
        import cv2  # noqa: PLC0415  # takes 0.2 s

        cv2.imwrite(str(path), pixels[..., [2, 1, 0, 3]])


def loaded(path):
    """Return the samples of an image, red first."""
    import cv2  # noqa: PLC0415  # takes 0.2 s

    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]]


def colours(depth):
    """Return pixels of all opacities beside each other."""
    scale = np.iinfo(depth).max // 255
    return (np.array([COLOURS, COLOURS[::-1]]) * scale).astype(depth)


def premultiplied_mean(pixels, weights):
    """Return the mean of colours weighted by opacity, and of the opacity, as CSS blurs."""
    high = np.iinfo(pixels.dtype).max
    floats = pixels.astype(np.float64) / high
    alpha = floats[..., 3]
    mean = scipy.ndimage.correlate(alpha, weights, mode="nearest")
    result = np.zeros_like(floats)
    for channel in range(3):
        weighted = scipy.ndimage.correlate(floats[..., channel] * alpha, weights, mode="nearest")
        result[..., channel] = np.divide(weighted, mean, where=mean > 0, out=weighted * 0)
    result[..., 3] = mean
    return result * high


def test_half_transparent_pixels_keep_their_colours(convtool, tmp_path):
    """Identity changed red beside blue to violet where both were half transparent."""
    source = CASES / "01-half-transparent" / "in.png"
    result = convtool("image", source, tmp_path / "out.png", "-k", "identity")
    assert (result.code, result.err) == (0, f"wrote {tmp_path / 'out.png'}\n")
    assert np.array_equal(loaded(tmp_path / "out.png"), loaded(source))
    assert loaded(source)[0, :2].tolist() == [[255, 0, 0, 128], [0, 0, 255, 128]]


def test_a_blurred_cut_out_has_a_soft_edge(convtool, tmp_path):
    """Alpha is filtered with the colours where the kernel is a mean."""
    source = CASES / "02-blur-of-a-cut-out" / "in.png"
    convtool("image", source, tmp_path / "out.png", "-k", "gaussian:sigma=4")
    assert loaded(source)[19, 32, 3] in (0, 255)
    assert 1 <= loaded(tmp_path / "out.png")[19, 32, 3] <= 254


def test_identity_is_the_identity(convtool, tmp_path, depth):
    """Colours of every opacity stay, hidden ones too."""
    saved(tmp_path / "in.png", colours(depth))
    convtool("image", tmp_path / "in.png", tmp_path / "out.png", "-k", "identity")
    assert np.array_equal(loaded(tmp_path / "out.png"), colours(depth))


@pytest.mark.parametrize("kernel", ["box:size=3", "1/4 1/2 1/4", "0 0 1", "gaussian:sigma=1"])
def test_means_are_premultiplied(convtool, tmp_path, depth, kernel):
    """A mean of colours is weighted by opacity, as ImageMagick, GIMP and CSS do."""
    rng = np.random.default_rng(1)
    high = np.iinfo(depth).max
    pixels = rng.integers(0, high, (12, 15, 4), depth, endpoint=True)
    pixels[3:6, 3:9, 3] = 0
    saved(tmp_path / "in.png", pixels)
    result = convtool("image", tmp_path / "in.png", tmp_path / "out.png", "-k", kernel)
    assert result.code == 0, result.err
    impulse = np.zeros((13, 13))
    impulse[6, 6] = 1
    response = convtool_response(impulse, kernel)
    expected = premultiplied_mean(pixels, response)
    found = loaded(tmp_path / "out.png").astype(np.float64)
    assert np.abs(found[..., 3] - expected[..., 3]).max() <= 0.51 + high * 2e-6
    seen = expected[..., 3] > high / 100
    assert np.abs(found - expected)[seen].max() <= 0.51 + high * 2e-4


def convtool_response(impulse, kernel):
    """Return a kernel's weights as correlation takes them."""
    response = convtool.apply(impulse[None, None], kernel, padding_mode="zeros")
    return response[0, 0].numpy()[::-1, ::-1]


def test_other_kernels_leave_alpha_alone(convtool, tmp_path, depth):
    """Edges keep the opacity, and see the colours around fully transparent pixels."""
    pixels = np.zeros((16, 16, 4), depth)
    high = np.iinfo(depth).max
    pixels[4:12, 4:12] = [high, high // 2, 0, high]
    saved(tmp_path / "in.png", pixels)
    options = ["-k", "sobel", "--normalize", "clamp"]
    convtool("image", tmp_path / "in.png", tmp_path / "out.png", *options)
    found = loaded(tmp_path / "out.png")
    assert np.array_equal(found[..., 3], pixels[..., 3])
    assert found[4:12, 4:12, :3].max() == 0  # no edge where the cut-out ends


def test_opacity_is_stretched_by_no_normalization(convtool, tmp_path):
    """`minmax` measures and maps the colours; alpha is the mean of the opacity."""
    rng = np.random.default_rng(2)
    pixels = rng.integers(60, 90, (12, 15, 4), np.uint8)
    saved(tmp_path / "in.png", pixels)
    options = ["-k", "box:size=3", "--normalize", "minmax"]
    convtool("image", tmp_path / "in.png", tmp_path / "out.png", *options)
    expected = premultiplied_mean(pixels, np.full((3, 3), 1 / 9))
    colours, low = expected[..., :3], expected[..., :3].min()
    stretched = (colours - low) / (colours.max() - low) * 255
    found = loaded(tmp_path / "out.png")
    assert np.abs(found[..., :3] - stretched).max() <= 0.6
    assert np.abs(found[..., 3] - expected[..., 3]).max() <= 0.51


def test_apply_sees_what_the_command_sees(tmp_path):
    """`apply` gives the same colours, without the opacity."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(1, 255, (12, 15, 4), np.uint8)
    saved(tmp_path / "in.png", pixels)
    same = convtool.apply(tmp_path / "in.png", "identity")
    assert np.allclose(same[0].permute(1, 2, 0) * 255, pixels[..., :3])
    mean = convtool.apply(tmp_path / "in.png", "box:size=3")
    expected = premultiplied_mean(pixels, np.full((3, 3), 1 / 9))[..., :3]
    assert np.abs(mean[0].permute(1, 2, 0).numpy() * 255 - expected).max() < 0.01


@pytest.mark.parametrize("options", [["--stride", "2"], ["--padding", "0"], ["--padding", "3"]])
def test_sizes_of_colours_and_opacity_agree(convtool, tmp_path, options):
    """Stride and padding change the opacity as they change the colours."""
    saved(tmp_path / "in.png", np.full((20, 21, 4), 90, np.uint8))
    options = [*options, "--padding-mode", "replicate"]
    convtool("image", tmp_path / "in.png", tmp_path / "out.png", "-k", "box:size=3", *options)
    found = loaded(tmp_path / "out.png")
    assert (found == 90).all()


def test_zeros_outside_are_transparent(convtool, tmp_path):
    """Padding with zeros fades the opacity out, not the colours to black."""
    saved(tmp_path / "in.png", np.full((8, 8, 4), [200, 100, 50, 240], np.uint8))
    options = ["-k", "box:size=3", "--padding-mode", "zeros"]
    convtool("image", tmp_path / "in.png", tmp_path / "out.png", *options)
    found = loaded(tmp_path / "out.png")
    assert (found[..., :3] == [200, 100, 50]).all()
    assert found[0, 0, 3] == round(240 * 4 / 9)


def test_one_file_per_channel_has_the_opacity(convtool, tmp_path):
    """Split outputs are grey with the filtered alpha."""
    saved(tmp_path / "in.png", np.full((8, 8, 4), [200, 100, 50, 240], np.uint8))
    convtool("image", tmp_path / "in.png", f"{tmp_path}/out/", "-k", "box:size=3")
    with Image.open(tmp_path / "out" / "in_box-size=3_g.png") as image:
        assert image.mode == "LA"
        assert (np.array(image) == [100, 240]).all()
