"""Tones, what the ffmpeg program synthesizes, and what it makes of files."""

import json
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 48000


def need(*programs):
    """Skip the test where a program is missing."""
    for program in programs:
        if not shutil.which(program):
            pytest.skip(f"no {program} program")


def tones(frequencies, seconds=0.25, rate=RATE):
    """Return a channel for each frequency in Hz. Shape: (L, C)"""
    times = np.arange(round(seconds * rate)) / rate
    return np.stack([0.3 * np.sin(2 * np.pi * hertz * times) for hertz in frequencies], 1)


def pitches(samples, rate=RATE):
    """Return the loudest frequency of each channel, to the next 10 Hz; 0 for silence."""
    window = np.hanning(len(samples))
    found = []
    for channel in samples.T:
        spectrum = np.abs(np.fft.rfft(channel * window, 8 * len(samples)))
        hertz = spectrum.argmax() * rate / (8 * len(samples))
        found.append(int(round(hertz, -1)) if spectrum.max() > len(samples) / 500 else 0)
    return found


def ffmpeg(*arguments):
    """Run the ffmpeg program."""
    need("ffmpeg")
    command = ["ffmpeg", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def synthesize(path: Path, *arguments):
    """Make a file of what the ffmpeg program synthesizes; it does so once for the same words."""
    path.write_bytes(_synthesized(path.suffix, *map(str, arguments)))


@cache
def _synthesized(suffix, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"out{suffix}")
        ffmpeg("-f", "lavfi", "-i", *arguments, path)
        return path.read_bytes()


def decoded(path: Path):
    """Return the samples that the ffmpeg program decodes. Shape: (L, C)"""
    out = path.with_name(f"{path.name}.decoded.wav")
    ffmpeg("-i", path, "-c:a", "pcm_f32le", out)
    return soundfile.read(out, always_2d=True)[0]


def probe(path):
    """Return what the ffprobe program says of a file: format, streams and chapters."""
    need("ffprobe")
    show = ["-show_format", "-show_streams", "-show_chapters"]
    command = ["ffprobe", "-v", "error", *show, "-of", "json", str(path)]
    result = subprocess.run(command, check=True, capture_output=True)
    return json.loads(result.stdout)


def samples(path):
    """Return the samples of a file by libsndfile. Shape: (L, C)"""
    return soundfile.read(path, always_2d=True)[0]
