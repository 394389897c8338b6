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
