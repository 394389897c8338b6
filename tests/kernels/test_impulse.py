"""Impulse responses shaped by parameters, and pairs of files for left and right."""

import numpy as np
import pytest
import soundfile

from convtool.errors import KernelError
from convtool.kernels.resolve import files, resolve

RATE = 8000
RESPONSE = np.concatenate([np.zeros(80), 0.5 * np.exp(-np.arange(1600) / 100)])  # 10 ms too late
HEARD = 80 + 691  # from where on it is 60 dB down: exp(-690 / 100) is 0.00101


@pytest.fixture
def hall(tmp_path):
    """Return an impulse response that begins after silence, and fades beyond hearing."""
    path = tmp_path / "hall.wav"
    soundfile.write(path, RESPONSE, RATE, subtype="DOUBLE")
    return path


def loaded(text, in_channels=1, rate=RATE):
    """Return the kernel of a text, and its taps in the order of time."""
    (kernel,) = resolve(str(text), 1, rate=rate, in_channels=in_channels).kernels
    return kernel, kernel.weights[..., ::-1]


def test_nothing_is_changed_unasked(hall):
    """The whole file is the response; a note says where its sound begins."""
    kernel, taps = loaded(hall)
    assert np.array_equal(taps, RESPONSE)
    assert kernel.notes == (
        f"{hall}: its sound begins 10.0 ms after its start; trim=start leaves out what is before",
    )


@pytest.mark.parametrize(
    ("trim", "first", "last", "said"),
    [
        ("start", 80, None, ["begins 10.0 ms after its start; what is before is left out"]),
        ("end", 0, HEARD, ["begins 10.0 ms", "60 dB down 0.096 s after its start; the rest"]),
        ("both", 80, HEARD, ["what is before is left out", "the rest is left out"]),
    ],
)
def test_silence_is_trimmed_with_a_note(hall, trim, first, last, said):
    """The onset is found 20 dB below the peak, the end 60 dB below."""
    kernel, taps = loaded(f"{hall}:trim={trim}")
    assert np.array_equal(taps, RESPONSE[first:last])
    assert len(kernel.notes) == len(said)
    assert all(word in note for word, note in zip(said, kernel.notes, strict=True))


def test_it_fades_and_waits(hall):
    """`fade` takes the end down to nothing; `pre-delay` puts silence before."""
    _, taps = loaded(f"{hall}:trim=start,fade=50ms,pre-delay=20ms")
    assert not taps[:160].any()
    assert np.array_equal(taps[160:-400], RESPONSE[80:-400])
    shape = (taps / np.concatenate([np.ones(160), RESPONSE[80:]]))[-400:]
    assert (np.diff(shape) < 0).all()
    assert shape[0] > 0.99
    assert shape[-1] < 0.01


@pytest.mark.parametrize(
    ("gain", "measure"),
    [("peak", lambda taps: np.abs(taps).max()), ("energy", lambda taps: (taps**2).sum())],
)
@pytest.mark.parametrize("rate", [RATE, 16000])
def test_it_is_as_loud_as_asked(hall, gain, measure, rate):
    """Its largest sample, or the sum of its squares, is 1, also where it is resampled."""
    _, taps = loaded(f"{hall}:gain={gain}", rate=rate)
    assert measure(taps) == pytest.approx(1)


def test_channels_keep_their_levels_and_times(tmp_path):
    """All channels are trimmed and made louder alike."""
    both = np.stack([RESPONSE, np.roll(RESPONSE, 8) / 4], 1)
    soundfile.write(tmp_path / "two.wav", both, RATE, subtype="DOUBLE")
    _, taps = loaded(f"{tmp_path / 'two.wav'}:trim=start,gain=peak", in_channels=2)
    np.testing.assert_allclose(taps[:, 0], both[80:].T * 2, rtol=1e-12)


def test_a_file_of_the_left_takes_that_of_the_right(tmp_path):
    """Two files make a response of two channels, or with two channels each a matrix of four."""
    left, right = tmp_path / "hall_L.wav", tmp_path / "hall_R.wav"
    soundfile.write(left, RESPONSE[80:], RATE, subtype="DOUBLE")
    soundfile.write(right, RESPONSE[80:500] / 2, RATE, subtype="DOUBLE")
    kernel, taps = loaded(left, in_channels=2)
    assert kernel.label == "hall"
    assert kernel.notes == (f"{left} and hall_R.wav are taken as a pair; pair=none takes it alone",)
    assert taps.shape == (2, 1, 1600)
    assert np.array_equal(taps[0, 0], RESPONSE[80:])
    assert np.array_equal(taps[1, 0, :420], RESPONSE[80:500] / 2)
    assert not taps[1, 0, 420:].any()
    assert files(str(left)) == [left, right]
    alone, taps = loaded(f"{left}:pair=none", in_channels=2)
    assert (alone.label, alone.notes, taps.shape) == ("hall_L", (), (1600,))
    assert files(f"{left}:pair=none") == [left]
    for path, factor in ((left, 1), (right, 10)):
        stereo = np.stack([np.full(9, factor), np.full(9, factor * 2)], 1) / 100
        soundfile.write(path, stereo, RATE, subtype="DOUBLE")
    _, taps = loaded(left, in_channels=2)  # of each output, the taps for left and right
    np.testing.assert_allclose(taps[..., 0] * 100, [[1, 10], [2, 20]])
    soundfile.write(right, RESPONSE, RATE * 2, subtype="DOUBLE")
    with pytest.raises(KernelError, match=r"8000 samples per second, and hall_R\.wav beside it 16"):
        loaded(left)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ("size=3", "impulse response 'hall.wav' has no parameter 'size'"),
        ("trim=all", "trim takes none, start, end, both, not 'all'"),
        ("fade=3px", "fade is in s, not in 'px'"),
        ("gain=2", "gain takes none, peak, energy, not '2'"),
        ("fade=1s,fade=2s", "parameter 'fade' is given twice"),
    ],
)
def test_parameters_without_sense_are_refused_in_words(hall, parameters, message):
    """They are written as those of presets."""
    with pytest.raises(KernelError, match=message):
        loaded(f"{hall}:{parameters}")


def test_silence_has_no_level(tmp_path):
    """A silent response cannot be trimmed or made louder."""
    path = tmp_path / "none.wav"
    soundfile.write(path, np.zeros(9), RATE)
    loaded(path)
    for parameters in ("trim=start", "gain=peak"):
        with pytest.raises(KernelError, match=r"none\.wav is silent"):
            loaded(f"{path}:{parameters}")


def test_several_responses_in_a_chain(convtool, tmp_path, hall):
    """One response after the other is their convolution."""
    other = np.array([0.5, 0, 0.25])
    soundfile.write(tmp_path / "echo.wav", other, RATE, subtype="DOUBLE")
    impulse = np.zeros(2000)
    impulse[0] = 0.5
    soundfile.write(tmp_path / "in.wav", impulse, RATE, subtype="FLOAT")
    words = f"{hall}:trim=start -> {tmp_path / 'echo.wav'}"
    assert convtool("audio", tmp_path / "in.wav", tmp_path / "out.wav", "-k", words).code == 0
    found, _ = soundfile.read(tmp_path / "out.wav")
    np.testing.assert_allclose(found[:1602], np.convolve(RESPONSE[80:], other) / 2, atol=1e-6)
