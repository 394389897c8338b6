"""Audio as numbers: arrays of NumPy and tables of CSV."""

import numpy as np
import pytest
import soundfile

SAMPLES = np.random.default_rng(1).uniform(-1, 1, (300, 2))


def filtered(convtool, source, target, *words):
    """Filter audio by the identity, and return what is written and what is said."""
    done = convtool("audio", source, target, "-k", "identity", *words)
    assert done.code == 0, done.err
    samples, rate = soundfile.read(target, dtype="float64", always_2d=True)
    return samples, rate, done.err


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("channels", [1, 2])
def test_arrays_are_audio(tmp_path, convtool, dtype, channels):
    """Arrays of shape (L,) and (L, C) keep their samples and their type."""
    scale = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    samples = (SAMPLES[:, :channels] * scale).astype(dtype)
    np.save(tmp_path / "in.npy", samples[:, 0] if channels == 1 else samples)
    done = convtool("audio", tmp_path / "in.npy", tmp_path / "out.wav", "-k", "identity")
    assert done.code == 0, done.err
    read, rate = soundfile.read(tmp_path / "out.wav", dtype=dtype, always_2d=True)
    assert np.array_equal(read, samples)
    assert rate == 44100
    assert "no rate is stated: read at 44100 Hz" in done.err


def test_a_table_is_audio(tmp_path, convtool):
    """CSV has a line per sample, and a number per channel; --rate is its rate."""
    np.savetxt(tmp_path / "in.csv", SAMPLES, "%.17g", ",")
    samples, rate, err = filtered(
        convtool, tmp_path / "in.csv", tmp_path / "out.wav", "--rate", "8k"
    )
    assert np.array_equal(samples, SAMPLES)
    assert rate == 8000
    assert "rate" not in err
    (tmp_path / "row.csv").write_text("0 0.5 -1\n")
    samples, *_ = filtered(convtool, tmp_path / "row.csv", tmp_path / "row.wav")
    assert samples.tolist() == [[0], [0.5], [-1]]


@pytest.mark.parametrize(
    ("array", "error"),
    [
        (np.zeros((2, 300)), "an array of shape (2, 300), and (L,) or (L, C) is expected"),
        (np.zeros((9, 2, 2)), "an array of shape (9, 2, 2)"),
        (np.zeros(9, np.uint8), "samples of type uint8 are not supported"),
        (np.array([{}]), "samples of type object are not supported"),
        (np.zeros(0), "no samples"),
        (np.array([0, np.nan]), "1 sample is NaN or infinite"),
    ],
    ids=["axes", "planes", "bytes", "pickle", "empty", "nan"],
)
def test_other_arrays_are_refused(tmp_path, convtool, array, error):
    """Arrays that are no audio, and pickles, end in one message."""
    np.save(tmp_path / "in.npy", array, allow_pickle=True)
    done = convtool("audio", tmp_path / "in.npy", tmp_path / "out.wav", "-k", "identity")
    assert done.code == 1
    assert error in done.err
    assert not (tmp_path / "out.wav").exists()


def test_a_truncated_array_is_refused(tmp_path, convtool):
    """An array that ends early is refused."""
    np.save(tmp_path / "in.npy", SAMPLES)
    data = (tmp_path / "in.npy").read_bytes()
    (tmp_path / "in.npy").write_bytes(data[:-1])
    done = convtool("audio", tmp_path / "in.npy", tmp_path / "out.wav", "-k", "identity")
    assert "truncated: the array ends early" in done.err
