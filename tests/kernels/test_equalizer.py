"""Equalizers from files of points, and filters of minimum phase."""

import numpy as np
import pytest
import soundfile
from scipy.signal import freqz

from convtool.errors import KernelError
from convtool.kernels.resolve import files, resolve

RATE = 44100
TEXTS = {
    "plain.txt": "# room\n20 6\n100\t6\n1000 0\n10000, -12\n",
    "auto.csv": "frequency,raw,equalization\n20,1,6\n100,1,6\n1000,1,0\n10000,1,-12\n",
    "rew.txt": "* Freq(Hz) SPL(dB) Phase\n10000 63.0 2\n20.0 81.0 1\n100 81 5\n1000 75 7\n",
    "graphic.txt": "GraphicEQ: 20 6; 100 6; 1000 0; 10000 -12\n",
    "other.csv": "\ufeffFrequency (Hz);Gain (dB)\r\n20;6\r\n100;6\r\n1000;0\r\n10000;-12\r\n",
}
WANTED = {20: 6, 50: 6, 100: 6, 1000: 0, 10000: -12, 20000: -12}


def gains(kernel, frequencies):
    """Return the gains in dB of a kernel at frequencies, by SciPy."""
    _, response = freqz(kernel.weights[::-1], worN=list(frequencies), fs=RATE)
    return 20 * np.log10(np.abs(response))


@pytest.mark.parametrize(
    ("name", "phase"), [("plain.txt", "minimum"), *((name, "linear") for name in TEXTS)]
)
def test_the_response_goes_through_the_points(tmp_path, name, phase):
    """Every format that programs write gives the same filter; beyond its ends the gain is held."""
    path = tmp_path / name
    path.write_text(TEXTS[name], encoding="utf-8", newline="")
    level = ",level=75" if name == "rew.txt" else ""
    (kernel,) = resolve(f"eq:{path},phase={phase}{level}", 1, rate=RATE).kernels
    np.testing.assert_allclose(gains(kernel, WANTED), list(WANTED.values()), atol=0.25)
    half = gains(kernel, [np.sqrt(1000 * 10000)])  # in dB over the logarithm of the frequency
    np.testing.assert_allclose(half, [-6], atol=0.25)
    assert kernel.notes == ()
    if phase == "linear":
        assert kernel.align == "centre"
        np.testing.assert_allclose(kernel.weights, kernel.weights[::-1], atol=1e-12)
    else:
        assert kernel.align == "causal"
        energy = np.cumsum(kernel.weights[::-1] ** 2)
        assert energy[RATE // 100] > 0.99 * energy[-1]


def test_what_a_filter_cannot_do_is_said(tmp_path):
    """Points above half of the rate are left out, and points that are missed are named."""
    path = tmp_path / "in.txt"
    path.write_text("20 0\n30 24\n40 0\n1000 0\n30000 0\n")
    (kernel,) = resolve(f"eq:{path},taps=301", 1, rate=RATE).kernels
    above, missed = kernel.notes
    assert above.endswith("1 of 5 points are above 22050 Hz, left out")
    assert "301 taps miss the gain at 30 Hz by" in missed
    assert files(f"eq:{path},taps=301") == [path]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no points"),
        ("20 75", r"gain of 75 dB at 20 Hz, expected -200 to 60 dB"),
        ("20 1\n20 2", "20 Hz has two gains"),
        ("20 1\n30", "line 2 has no frequency and gain, found '30'"),
        ("20 1\n30 nan", "line 2 has no frequency and gain"),
        ("-20 1", "line 1 has a frequency of -20 Hz"),
        ("a b\n20 1", "line 1 has the columns a, b"),
        ("Filter 1: ON PK Fc 105 Hz Gain -3 dB Q 0.7", "line 1 is a parametric filter"),
        ("\x00\xff", "line 1 has the columns"),
    ],
)
def test_files_without_sense_are_refused_in_words(tmp_path, text, message):
    """With the file, the line, what was found and what was expected."""
    path = tmp_path / "in.txt"
    path.write_text(text)
    with pytest.raises(KernelError, match=message):
        resolve(f"eq:{path}", 1, rate=RATE)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("eq:", "takes a file of frequencies and gains"),
        ("eq:none.txt", "none.txt: No such file"),
        ("eq:none.txt,q=1", "eq has no parameter 'q'"),
        ("eq:none.txt,phase=zero", "phase takes linear, minimum, not 'zero'"),
        ("eq:none.txt,taps=1.5", "taps takes a whole number"),
    ],
)
def test_texts_without_sense_are_refused_in_words(words, message):
    """Parameters are written as those of presets."""
    with pytest.raises(KernelError, match=message):
        resolve(words, 1, rate=RATE)


def test_other_media_and_no_rate_are_refused():
    """Frequencies need time."""
    with pytest.raises(KernelError, match="is an equalizer, which is for"):
        resolve("eq:none.txt", 2)
    with pytest.raises(KernelError, match="need a sample rate"):
        resolve("eq:none.txt", 1)


@pytest.mark.parametrize(
    "text",
    [
        "lowpass:cutoff=1000",
        "highpass:cutoff=40,width=60",
        "bandpass:low=300,high=3400",
        "bandstop:low=300,high=3400,window=kaiser",
    ],
)
def test_minimum_phase_has_the_same_gains_and_less_delay(text):
    """All designs take phase=minimum: the gains of the linear one, with its energy at the start."""
    (linear,) = resolve(text, 1, rate=RATE).kernels
    (minimum,) = resolve(f"{text},phase=minimum", 1, rate=RATE).kernels
    assert (linear.align, minimum.align) == ("centre", "causal")
    one, other = (np.abs(np.fft.rfft(each.weights, 2**16)) for each in (linear, minimum))
    np.testing.assert_allclose(other, one, atol=2e-5)
    assert np.abs(minimum.weights[::-1]).argmax() < len(linear.weights) // 4


def test_audio_is_equalized(convtool, tmp_path):
    """A tone of 50 Hz comes out twice as loud, and one of 10 kHz a quarter as loud."""
    (tmp_path / "room.txt").write_text(TEXTS["plain.txt"])
    time = np.arange(RATE) / RATE
    tones = [0.25 * np.sin(2 * np.pi * hertz * time) for hertz in (50, 10000)]
    soundfile.write(tmp_path / "in.wav", np.stack(tones, 1), RATE, subtype="FLOAT")
    words = ("-k", f"eq:{tmp_path / 'room.txt'},phase=minimum")
    assert convtool("audio", tmp_path / "in.wav", tmp_path / "out.wav", *words).code == 0
    found, _ = soundfile.read(tmp_path / "out.wav")
    peaks = np.abs(found[RATE // 4 : -RATE // 4]).max(0)
    np.testing.assert_allclose(peaks, [0.25 * 10**0.3, 0.25 * 10**-0.6], rtol=0.03)
