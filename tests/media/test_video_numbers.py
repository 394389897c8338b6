"""Video as numbers: arrays of NumPy."""

import numpy as np
import pytest
import videos


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [0, 1, 3])
def test_arrays_are_video(tmp_path, convtool, dtype, channels):
    """Arrays of shape (D, H, W) and (D, H, W, C) keep their samples; floats become 16 bits."""
    shape = (5, 12, 16, channels) if channels else (5, 12, 16)
    rng = np.random.default_rng(1)
    if dtype == "float32":
        array = rng.random(shape, np.float32)
        expected = np.rint(array.astype(float) * 65535)
    else:
        array = expected = rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    np.save(tmp_path / "in.npy", array)
    words = ["-k", "identity", "--codec", "ffv1"]
    done = convtool("video", tmp_path / "in.npy", tmp_path / "out.mkv", *words)
    assert done.code == 0, done.err
    form = "rgb24" if dtype == "uint8" else "rgb48le"
    read = videos.read(tmp_path / "out.mkv", form)
    colours = expected.reshape(5, 12, 16, -1)
    assert np.array_equal(read, np.broadcast_to(colours, (5, 12, 16, 3)))
    assert videos.facts(tmp_path / "out.mkv")["rate"] == 25
    assert "no rate is stated: read at 25 frames per second" in done.err
    assert ("float32 samples read as 16-bit" in done.err) == (dtype == "float32")


@pytest.mark.parametrize(
    ("array", "error"),
    [
        (np.zeros((4, 4)), "an array of shape (4, 4), and (D, H, W) or (D, H, W, C) is expected"),
        (np.zeros((2, 3, 8, 8)), "an array of shape (2, 3, 8, 8)"),
        (np.zeros((2, 8, 8), np.int16), "samples of type int16 are not supported"),
        (np.full((2, 8, 8), 2.0), "floats from 0 to 1 are expected, found 2 to 2"),
        (np.full((2, 8, 8), np.nan), "64 samples are NaN or infinite"),
        (np.array([{}]), "samples of type object are not supported"),
    ],
    ids=["axes", "channels", "type", "range", "nan", "pickle"],
)
def test_other_arrays_are_refused(tmp_path, convtool, array, error):
    """Arrays that are no video, and pickles, end in one message."""
    np.save(tmp_path / "in.npy", array, allow_pickle=True)
    done = convtool("video", tmp_path / "in.npy", tmp_path / "out.mp4", "-k", "blur")
    assert done.code == 1
    assert error in done.err
    assert not (tmp_path / "out.mp4").exists()


def test_a_truncated_array_is_refused(tmp_path, convtool):
    """An array that ends early is refused."""
    np.save(tmp_path / "in.npy", np.zeros((3, 8, 8), np.uint8))
    data = (tmp_path / "in.npy").read_bytes()
    (tmp_path / "in.npy").write_bytes(data[:-1])
    done = convtool("video", tmp_path / "in.npy", tmp_path / "out.mp4", "-k", "blur")
    assert "truncated: the array ends early" in done.err
