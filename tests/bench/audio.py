"""Ten minutes of stereo at 44.1 kHz against peers, in time and in memory.

The convolution alone, floats to floats, against scipy; whole processes, 16-bit WAV to 16-bit WAV,
against ffmpeg and sox; peak memory of six hours. The import of torch is taken from the command
line's time, as in processes.py.
"""

import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
import torch
from numpy.typing import NDArray
from processes import START, TORCH, peak
from scipy import signal
from steps import Step
from timing import Row, medians

RATE = 44_100
LENGTH = 600 * RATE
TAPS = (3, 31, 255, 65_535)
LONG = (255, 65_535)  # taps for whole processes
HOURS = {"10 minutes": 1 / 6, "6 hours": 6}
MEMORY, SPREAD = 150, 20  # MB above the bare import, and between both lengths


def rows() -> Iterator[Row]:
    """Yield the tables of times, and print the table of memory."""
    noise = np.random.default_rng(0)
    audio = noise.normal(0, 0.1, (2, LENGTH)).astype(np.float32)
    yield from _steps(audio, noise)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        soundfile.write(folder / "in.wav", audio.T, RATE, subtype="PCM_16")
        del audio
        write_kernels(folder, noise)
        for taps in LONG:
            yield from _processes(folder, taps)
        _memory(folder)


def write_kernels(folder: Path, noise: np.random.Generator) -> None:
    """Write the kernels of whole processes, as convtool and ffmpeg read them, and as sox does."""
    for taps in LONG:
        kernel = noise.normal(size=taps) / taps**0.5 / 2
        soundfile.write(folder / f"{taps}.wav", kernel, RATE, subtype="FLOAT")
        np.savetxt(folder / f"{taps}.txt", kernel)


def _steps(audio: NDArray[np.float32], noise: np.random.Generator) -> Iterator[Row]:
    stored = torch.from_numpy(audio)[None]
    for taps in TAPS:
        kernel = (noise.normal(size=taps) / taps).astype(np.float32)
        step = Step(stored, torch.from_numpy(kernel).expand(2, 1, -1))
        line = kernel[None, ::-1]
        peer = "scipy.signal.oaconvolve"
        took = medians(
            {
                "convtool": step,
                peer: lambda line=line: signal.oaconvolve(audio, line, "same", axes=1),
            }
        )
        yield Row(
            f"{taps} taps",
            step.run.plan.algorithm,
            took["convtool"],
            peer,
            took[peer],
            0.6,
            step.error(),
        )


def commands(folder: Path, taps: int) -> dict[str, list[str]]:
    """Return the commands that filter `in.wav` by so many taps, of convtool and of its peers."""
    source, kernel = str(folder / "in.wav"), str(folder / f"{taps}.wav")
    convtool = [sys.executable, "-m", "convtool", "audio", source, str(folder / "out.wav")]
    ffmpeg = ["ffmpeg", "-v", "error", "-i", source, "-i", kernel, "-lavfi", "afir"]
    sox = ["sox", "-D", "-V1", source, str(folder / "sox.wav"), "fir", str(folder / f"{taps}.txt")]
    peers = {"ffmpeg": [*ffmpeg, str(folder / "ff.wav")], "sox": sox}
    there = {name: command for name, command in peers.items() if shutil.which(name)}
    return {"convtool": [*convtool, "--quiet", "-k", kernel]} | there


def run_anew(folder: Path, command: Sequence[str]) -> None:
    """Run one of the commands, without the outputs of earlier runs."""
    for made in ("out.wav", "ff.wav", "sox.wav"):
        (folder / made).unlink(missing_ok=True)
    subprocess.run(command, check=True)


def _processes(folder: Path, taps: int) -> Iterator[Row]:
    found = commands(folder, taps)
    ways = found | {"torch": START}
    took = medians({name: (lambda way=way: run_anew(folder, way)) for name, way in ways.items()})
    alone = took["convtool"] - took["torch"]
    for peer in list(found)[1:]:
        goal = 0.8 if peer == "ffmpeg" else None
        yield Row(f"{taps} taps, a process, less its start", "fft", alone, peer, took[peer], goal)


def _memory(folder: Path) -> None:
    """Print the peak memory of silent audio in sparse files."""
    bare = peak(TORCH)
    peaks = {}
    for name, hours in HOURS.items():
        size = int(hours * 3600) * RATE * 4
        source = folder / "long.wav"
        with wave.open(str(source), "wb") as file:
            file.setparams((2, 2, RATE, 0, "NONE", "none"))
        with source.open("r+b") as raw:
            for place, number in ((4, 36 + size), (40, size)):
                raw.seek(place)
                raw.write(number.to_bytes(4, "little"))
            raw.truncate(44 + size)
        made = folder / "long.flac"
        command = [
            sys.executable,
            "-m",
            "convtool",
            "audio",
            str(source),
            str(made),
            "--quiet",
            "-k",
            "lowpass",
        ]
        peaks[name] = peak(command) - bare
        made.unlink()
    spread = peaks["6 hours"] - peaks["10 minutes"]
    title = "peak memory of 16-bit stereo to FLAC, lowpass"
    print(f"\n### {title}, above {bare:.0f} MB of `import torch`\n")
    print("| length | MB | goal |")
    print("|---|---|---|")
    for name, more in peaks.items():
        print(f"| {name} | {more:.0f}{'' if more <= MEMORY else ' ✗'} | ≤ {MEMORY} |")
    print(
        f"| difference | {spread:.0f}{'' if abs(spread) <= SPREAD else ' ✗'} | ≤ {SPREAD} |",
        flush=True,
    )
