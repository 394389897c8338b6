"""`convtool.apply`: options count for tensors as for files, and notes become warnings."""

import warnings

import numpy as np
import pytest
import torch
from conftest import SAMPLES
from PIL import Image

import convtool


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_the_arithmetic_counts_for_tensors(dtype):
    """`dtype` rounds as in PyTorch, and the result has the dtype of the tensor."""
    tensor = torch.rand(1, 1, 9, 9)
    exact = convtool.apply(tensor, "box:size=3")
    rounded = convtool.apply(tensor, "box:size=3", dtype=dtype)
    assert rounded.dtype == exact.dtype == torch.float32
    short = getattr(torch, dtype)
    assert not torch.equal(rounded, exact)
    assert torch.equal(rounded.to(short).float(), rounded)
    torch.testing.assert_close(rounded, exact, rtol=0.02, atol=0.02)


def test_notes_of_a_file_are_warnings(tmp_path):
    """A note about the losses of a conversion is a warning in Python."""
    Image.new("CMYK", (8, 6), (10, 20, 30, 40)).save(tmp_path / "in.jpg")
    with pytest.warns(UserWarning, match=r"in\.jpg: CMYK converted to RGB"):
        convtool.apply(tmp_path / "in.jpg", "blur")


def test_a_file_without_notes_is_silent():
    """A file that loses nothing causes no warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        convtool.apply(SAMPLES / "chart.jpg", "blur")


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((1, 1, 9), {"quality": 5}, "quality"),
        ((1, 1, 9, 9), {"length": "full"}, "length"),
        ((1, 1, 9, 9), {"rate": 8000}, "rate"),
        ((9, 9), {}, "NCL, NCHW or NCDHW"),
        ((1, 0, 9), {}, "holds no samples"),
        ((1, 1, 9), {"medium": "image"}, "4 axes"),
        ((1, 1, 9), {"medium": "smell"}, "no medium 'smell'"),
    ],
)
def test_options_that_do_not_fit_are_refused(shape, options, message):
    """Options that do not fit the input are refused, never ignored."""
    with pytest.raises(convtool.UsageError, match=message):
        convtool.apply(torch.zeros(shape), "1", **options)


def test_kernel_path_takes_one_or_several_folders(tmp_path):
    """`kernel_path` takes one folder or several, as text or as paths."""
    (tmp_path / "own.yaml").write_text("name: own\nweights:\n  1: [1, 2]\n")
    tensor = torch.ones(1, 1, 4)
    wanted = convtool.apply(tensor, str(tmp_path / "own.yaml"))
    for folder in (tmp_path, str(tmp_path), [tmp_path], (str(tmp_path),)):
        assert torch.equal(convtool.apply(tensor, "own", kernel_path=folder), wanted)


def test_a_file_is_read_as_the_medium_named(tmp_path):
    """A GIF is an image unless `medium` is video."""
    frames = [Image.fromarray(np.full((6, 8, 3), 90 * n, np.uint8)) for n in range(3)]
    frames[0].save(tmp_path / "in.gif", save_all=True, append_images=frames[1:], duration=100)
    assert convtool.apply(tmp_path / "in.gif", "identity").shape == (3, 3, 6, 8)
    assert convtool.apply(tmp_path / "in.gif", "identity", medium="video").shape == (1, 3, 3, 6, 8)


def test_arrays_are_taken_like_tensors():
    """An array gives what its tensor gives, whatever its strides."""
    array = np.random.default_rng(0).random((1, 1, 9, 8))[:, :, ::-1]
    expected = convtool.apply(torch.from_numpy(array.copy()), "sobel-x")
    assert torch.equal(convtool.apply(array, "sobel-x"), expected)


@pytest.mark.parametrize("source", [None, [[1.0, 2.0]], 3, np.array(["a"]), b"in.png"])
def test_other_sources_are_refused(source):
    """What is neither a tensor, an array nor a path is refused in words."""
    with pytest.raises(convtool.UsageError, match=r"is filtered, not|holds numbers, not"):
        convtool.apply(source, "identity")


def test_a_device_may_be_torchs_own():
    """`torch.device` is taken for its name."""
    tensor = torch.rand(1, 1, 9)
    here = convtool.apply(tensor, "1 2 1", device=torch.device("cpu"))
    assert torch.equal(here, convtool.apply(tensor, "1 2 1", device="cpu"))


def test_no_gradient_is_recorded():
    """A tensor that requires grad is filtered like any other."""
    tensor = torch.rand(1, 1, 9, requires_grad=True)
    result = convtool.apply(tensor, "1 2 1")
    assert not result.requires_grad
    assert torch.equal(result, convtool.apply(tensor.detach(), "1 2 1"))


@pytest.mark.parametrize("shape", [(3, 224, 200), (1, 28, 28), (3, 8, 8), (4, 33, 500)])
def test_an_image_without_a_batch_is_not_taken_for_audio(shape):
    """A tensor that torchvision would call an image is refused, unless the medium is said."""
    with pytest.raises(convtool.UsageError, match="may be an image") as refused:
        convtool.apply(torch.zeros(shape), "identity")
    assert "tensor[None]" in refused.value.hint
    assert convtool.apply(torch.zeros(shape), "identity", medium="audio").shape == shape
    assert convtool.apply(torch.zeros(shape)[None], "identity").shape == (1, *shape)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 44100), (1, 8, 9)])
def test_audio_is_taken_for_audio(shape):
    """Few channels of more samples are audio."""
    assert convtool.apply(torch.zeros(shape), "identity").shape == shape


def test_float64_tensors_are_filtered_with_float64_weights():
    """A third is a third in float64, not its nearest float32."""
    tensor = torch.rand(1, 1, 12, 12, dtype=torch.float64)
    weight = torch.full((1, 1, 3, 3), 1 / 9, dtype=torch.float64)
    expected = torch.nn.functional.conv2d(tensor, weight)
    result = convtool.apply(tensor, "box:size=3", padding=0)
    torch.testing.assert_close(result, expected, rtol=1e-15, atol=0)


@pytest.mark.parametrize("algorithm", ["auto", "direct", "taps", "separable", "fft"])
def test_nan_in_a_tensor_is_refused_or_replaced_whatever_the_algorithm(algorithm):
    """Algorithms spread NaN differently, so that it never reaches them."""
    tensor = torch.rand(1, 1, 40, 40)
    tensor[0, 0, 20, 20] = torch.nan
    tensor[0, 0, 3, 3] = torch.inf
    with pytest.raises(convtool.UsageError, match="the tensor: 2 samples are NaN or infinite"):
        convtool.apply(tensor, "box:size=9", algorithm=algorithm)
    replaced = torch.where(torch.isfinite(tensor), tensor, 0.5)
    result = convtool.apply(tensor, "box:size=9", algorithm=algorithm, nan=0.5)
    torch.testing.assert_close(result, convtool.apply(replaced, "box:size=9"))


WEIGHTS = [[0.1, -1.5, 1e-3], [2, 3, 1 / 3]]


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_kernels_may_be_arrays(kind):
    """Weights are taken as arrays, tensors and nested lists, exactly."""
    tensor = torch.rand(1, 1, 9, 8, dtype=torch.float64)
    weight = torch.tensor(WEIGHTS, dtype=torch.float64)
    given = weight if kind is torch.tensor else kind(WEIGHTS)
    expected = torch.nn.functional.conv2d(tensor, weight[None, None])
    torch.testing.assert_close(convtool.apply(tensor, given, padding=0), expected)
    both = convtool.apply(tensor, [given, "sobel-x"], padding="same")
    assert both.shape == (1, 2, 9, 8)


def test_large_and_deep_arrays_are_kernels():
    """An array of 31 × 31, or of three axes, is no different."""
    weight = torch.rand(31, 31, dtype=torch.float64)
    tensor = torch.rand(1, 1, 40, 40, dtype=torch.float64)
    expected = torch.nn.functional.conv2d(tensor, weight[None, None])
    torch.testing.assert_close(convtool.apply(tensor, weight, padding=0), expected)
    video = torch.rand(1, 1, 4, 5, 6, dtype=torch.float64)
    cube = torch.rand(2, 3, 2, dtype=torch.float64)
    expected = torch.nn.functional.conv3d(video, cube[None, None])
    torch.testing.assert_close(convtool.apply(video, cube, padding=0), expected)


@pytest.mark.parametrize("kernel", [[[1, 2], [3]], [["a"]], [None], np.array(["x"])])
def test_other_kernels_are_refused(kernel):
    """Weights that are no numbers, or ragged, are refused in words."""
    with pytest.raises(convtool.UsageError, match="numbers"):
        convtool.apply(torch.rand(1, 1, 9, 8), kernel)
