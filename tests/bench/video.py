"""1080p video against its peers, in time and in memory.

The convolution alone, 8 bits to 8 bits, against the stock forward in channels_last_3d; whole
processes, H.264 to H.264 with audio, against ffmpeg; peak memory. The import of torch is taken from
the command line's time, as in processes.py.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from processes import START, TORCH, peak
from steps import Step
from timing import Row, medians

FRAMES, HEIGHT, WIDTH = 24, 1080, 1920
SECONDS, RATE = 10, 25
KEY_FRAMES = 50  # frames from one to the next: where videos can be divided
PRESET, CRF = "veryfast", "23"
SEGMENTS = "sobel-x, 2 segments"
SMALL = (10, 600)  # seconds of small videos
MEMORY, SPREAD = 600, 30  # MB above the bare import at 1080p, and between small videos


def rows() -> Iterator[Row]:
    """Yield the tables of times, and print that of memory."""
    yield from _steps()
    if shutil.which("ffmpeg"):
        with tempfile.TemporaryDirectory() as name:
            yield from _processes(Path(name))
            _memory(Path(name))


def _steps() -> Iterator[Row]:
    noise = torch.Generator().manual_seed(0)
    shape = (1, FRAMES, HEIGHT, WIDTH, 3)
    frames = torch.randint(0, 256, shape, dtype=torch.uint8, generator=noise).movedim(-1, 1)
    depthwise = torch.randn(1, 1, 3, 3, 3, generator=noise).expand(3, -1, -1, -1, -1)
    dense = torch.randn(4, 3, 3, 3, 3, generator=noise)
    for name, weight, goal in (
        ("3×3×3 depthwise", depthwise, 0.6),
        ("3×3×3 dense, 3→4", dense, 0.9),
    ):
        step = Step(frames, weight / 5, padding_mode="zeros")
        took = medians({"convtool": step, "nn.Conv3d": step.stock}, runs=3)
        yield Row(
            f"{name}, {FRAMES} frames",
            step.run.plan.algorithm,
            took["convtool"],
            "nn.Conv3d",
            took["nn.Conv3d"],
            goal,
            step.error(),
        )


def _ffmpeg(*arguments: str) -> list[str]:
    return ["ffmpeg", "-v", "error", "-y", *arguments]


def _clip(path: Path, size: str, seconds: int, rate: int) -> str:
    """Make a video with audio and return its name."""
    image = f"testsrc2=size={size}:rate={rate}:duration={seconds},noise=alls=6"
    tone = f"sine=440:duration={seconds}"
    inputs = ["-f", "lavfi", "-i", image, "-f", "lavfi", "-i", tone]
    video = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p"]
    video += ["-g", str(KEY_FRAMES)]
    subprocess.run(_ffmpeg(*inputs, *video, "-c:a", "aac", str(path)), check=True)
    return str(path)


def _filter(source: str, output: Path, *options: str) -> list[str]:
    """Return the command that filters a video."""
    command = [sys.executable, "-m", "convtool", "video", source, str(output)]
    encode = ["--speed", PRESET, "--crf", CRF, "--normalize", "clamp"]
    return [*command, "--overwrite", "--quiet", *encode, *options]


def _peer(source: str, output: Path) -> list[str]:
    """Return ffmpeg's command for the same filter."""
    sobel = "'-1 0 1 -2 0 2 -1 0 1'"
    graph = f"format=gbrp,convolution={sobel}:{sobel}:{sobel},format=yuv420p"
    encode = ["-c:v", "libx264", "-preset", PRESET, "-crf", CRF, "-c:a", "copy"]
    return _ffmpeg("-i", source, "-vf", graph, *encode, str(output))


def _processes(folder: Path) -> Iterator[Row]:
    source = _clip(folder / "in.mp4", f"{WIDTH}x{HEIGHT}", SECONDS, RATE)
    commands: dict[str, Sequence[str]] = {
        "sobel-x": _filter(source, folder / "out.mp4", "-k", "sobel-x"),
        "gaussian-3d, 3×3×3": _filter(source, folder / "out.mp4", "-k", "gaussian-3d:sigma=0.3"),
        SEGMENTS: _filter(source, folder / "out.mp4", "-k", "sobel-x", "--segments", "2"),
        "torch": START,
        "ffmpeg": _peer(source, folder / "ff.mp4"),
    }
    calls = {
        name: (lambda command=command: subprocess.run(command, check=True))
        for name, command in commands.items()
    }
    took = medians(calls, runs=3)
    for name, goal in (("sobel-x", 1.0), ("gaussian-3d, 3×3×3", 1.5)):
        # rows of earlier runs are found by these words
        work = f"{name}, {SECONDS} s with sound, a process, less its start"
        yield Row(work, "", took[name] - took["torch"], "ffmpeg convolution", took["ffmpeg"], goal)
    work, divided = f"{SEGMENTS}, {SECONDS} s with sound", took[SEGMENTS] - took["torch"]
    yield Row(work, "", divided, "ffmpeg convolution", took["ffmpeg"])
    yield Row(work, "", divided, "convtool, whole", took["sobel-x"] - took["torch"])


def _memory(folder: Path) -> None:
    """Print the peak memory of a large video, and of small ones of different lengths."""
    bare = peak(TORCH)
    large = _filter(str(folder / "in.mp4"), folder / "out.mp4", "-k", "sobel-x")
    first = peak(large) - bare
    print(f"\n### peak memory of videos above {bare:.0f} MB of `import torch`\n")
    print("| video | MB | goal |")
    print("|---|---|---|")
    _print_memory(f"1080p, {SECONDS} s", first, f"≤ {MEMORY}", missed=first > MEMORY)

    peaks = []
    for seconds in SMALL:
        source = _clip(folder / "small.mp4", "160x120", seconds, RATE)
        peaks.append(peak(_filter(source, folder / "out.mp4", "-k", "gaussian-3d")) - bare)
        _print_memory(f"160×120, {seconds} s", peaks[-1], "", missed=False)
    spread = peaks[1] - peaks[0]
    missed = abs(spread) > SPREAD
    _print_memory("difference of the small ones", spread, f"≤ {SPREAD}", missed=missed)


def _print_memory(name: str, megabytes: float, goal: str, *, missed: bool) -> None:
    print(f"| {name} | {megabytes:.0f}{' ✗' if missed else ''} | {goal} |", flush=True)
