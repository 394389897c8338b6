"""Small inputs for pages of reports, and the samples of what was written."""

import numpy as np
import soundfile
from PIL import Image


def picture(tmp_path, rng, size=(14, 17), name="in.png"):
    """Return a picture of random colours."""
    path = tmp_path / name
    Image.fromarray(rng.integers(0, 256, (*size, 3), dtype=np.uint8)).save(path)
    return path


def sound(tmp_path, rng, length=90):
    """Return random audio of two channels."""
    path = tmp_path / "in.wav"
    samples = rng.integers(-20000, 20000, (length, 2)).astype(np.int16)
    soundfile.write(path, samples, 8000, subtype="PCM_16")
    return path


def samples_of(path):
    """Return the stored samples of a file or a folder of frames. Shape: (C, *S)"""
    if path.is_dir():
        frames = [np.asarray(Image.open(each)) for each in sorted(path.iterdir())]
        return np.moveaxis(np.stack(frames), -1, 0)
    if path.suffix == ".wav":
        return soundfile.read(path, dtype="int16", always_2d=True)[0].T
    return np.moveaxis(np.asarray(Image.open(path)), -1, 0)
