"""The samples are those that their script draws."""

import sys

import av
import cv2
import numpy as np
import pytest
import soundfile
from conftest import ROOT, SAMPLES
from PIL import Image

sys.path.insert(0, str(SAMPLES))
import make_samples  # in the folder of the samples


@pytest.mark.parametrize("name", ["half-plane", "checker", "cross"])
def test_the_lessons_images(name):
    """The images of the lessons are drawn bit for bit."""
    drawn = getattr(make_samples, name.replace("-", "_"))()
    assert np.array_equal(np.array(Image.open(SAMPLES / f"{name}.png")), drawn)


def test_the_chart():
    """The 8-bit chart is as close as JPEG allows, the 16-bit one within a level."""
    chart = make_samples.chart()
    eight = np.array(Image.open(SAMPLES / "chart.jpg")) / 255
    assert np.abs(eight - chart).mean() < 0.02
    sixteen = cv2.imread(str(SAMPLES / "chart16.png"), cv2.IMREAD_UNCHANGED)[..., ::-1].astype(
        float
    )
    assert np.abs(sixteen - chart[:96, 192:320] * 65535).max() <= 1


def test_the_melody():
    """The melody is within a level of the drawn one, and not too loud."""
    melody = make_samples.melody()
    stored, rate = soundfile.read(SAMPLES / "melody.wav")
    assert rate == make_samples.RATE
    assert np.abs(stored - melody).max() <= 1 / 32768
    assert 0.3 < np.abs(melody).max() < 1


def test_the_video():
    """The video is as close to the drawn frames as H.264 allows, and has audio."""
    drawn = make_samples.video()
    with av.open(str(SAMPLES / "clip.mp4")) as clip:
        frames = [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]
        assert [stream.type for stream in clip.streams] == ["video", "audio"]
    assert np.abs(np.stack(frames).astype(float) - drawn).mean() < 4


def test_samples_are_small():
    """The samples stay small, as every clone downloads them."""
    assert (
        sum(path.stat().st_size for path in (ROOT / "samples").iterdir() if path.is_file())
        < 600_000
    )
