"""The samples are what their script draws."""

import sys

import av
import cv2
import numpy as np
import pytest
import soundfile
from conftest import ROOT, SAMPLES
from PIL import Image

sys.path.insert(0, str(SAMPLES))
import make_samples  # beside the pictures


@pytest.mark.parametrize("name", ["half-plane", "checker", "cross"])
def test_the_lessons_pictures(name):
    """Bit for bit."""
    drawn = getattr(make_samples, name.replace("-", "_"))()
    assert np.array_equal(np.array(Image.open(SAMPLES / f"{name}.png")), drawn)


def test_the_chart():
    """In 8 bits as near as JPEG gets, in 16 within a level of any machine's cosine."""
    chart = make_samples.chart()
    eight = np.array(Image.open(SAMPLES / "chart.jpg")) / 255
    assert np.abs(eight - chart).mean() < 0.02
    sixteen = cv2.imread(str(SAMPLES / "chart16.png"), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(
        float
    )
    assert np.abs(sixteen - chart[:96, 192:320] * 65535).max() <= 1


def test_the_melody():
    """Within a level of any machine's sine, and not too loud."""
    melody = make_samples.melody()
    stored, rate = soundfile.read(SAMPLES / "melody.wav")
    assert rate == make_samples.RATE
    assert np.abs(stored - melody).max() <= 1 / 32768
    assert 0.3 < np.abs(melody).max() < 1


def test_the_film():
    """As it was drawn, as near as H.264 gets, with sound."""
    drawn = make_samples.film()
    with av.open(str(SAMPLES / "clip.mp4")) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
        assert [stream.type for stream in clip.streams] == ["video", "audio"]
    assert np.abs(np.stack(frames).astype(float) - drawn).mean() < 4


def test_samples_are_small():
    """They travel with every clone."""
    assert (
        sum(path.stat().st_size for path in (ROOT / "samples").iterdir() if path.is_file())
        < 600_000
    )
