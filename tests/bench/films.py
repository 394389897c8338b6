"""1080p film: the step alone, 8 bits to 8 bits, against the stock forward in channels_last_3d; whole processes, H.264
to H.264 with sound, against ffmpeg; peak memory.

From the command line's time the import of torch is taken, as in processes.py.
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
ENCODE = ["--preset", "veryfast", "--crf", "23", "--normalize", "clamp"]
SMALL = (10, 600)  # seconds of small films
MEMORY, SPREAD = 600, 30  # MB above the bare import at 1080p, and between small films


def rows() -> Iterator[Row]:
    """Yield the tables of times, and print that of memory."""
    yield from _steps()
    if shutil.which("ffmpeg"):
        with tempfile.TemporaryDirectory() as name:
            yield from _processes(Path(name))
            _memory(Path(name))


def _steps() -> Iterator[Row]:
    noise = torch.Generator().manual_seed(0)
    film = torch.randint(
        0, 256, (1, FRAMES, HEIGHT, WIDTH, 3), dtype=torch.uint8, generator=noise
    ).movedim(-1, 1)
    work = [
        (
            "3×3×3 depthwise",
            torch.randn(1, 1, 3, 3, 3, generator=noise).expand(3, -1, -1, -1, -1),
            0.6,
        ),
        ("3×3×3 dense, 3→4", torch.randn(4, 3, 3, 3, 3, generator=noise), 0.9),
    ]
    for name, weight, goal in work:
        step = Step(film, weight / 5, padding_mode="zeros")
        took = medians({"convtool": step, "nn.Conv3d": step.stock}, runs=3)
        way = step.run.plan.algorithm
        yield Row(
            f"{name}, {FRAMES} frames",
            way,
            took["convtool"],
            "nn.Conv3d",
            took["nn.Conv3d"],
            goal,
            step.error(),
        )


def _clip(path: Path, size: str, seconds: int, rate: int) -> str:
    """Make a film with sound and return its name."""
    picture = f"testsrc2=size={size}:rate={rate}:duration={seconds},noise=alls=6"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i"]
    encode = [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-crf",
        "20",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
    ]
    subprocess.run([*command, f"sine=440:duration={seconds}", *encode, path], check=True)
    return str(path)


def _filter(source: str, made: Path, *options: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "convtool",
        "video",
        source,
        str(made),
        "--overwrite",
        "--quiet",
        *ENCODE,
        *options,
    ]


def _processes(folder: Path) -> Iterator[Row]:
    source = _clip(folder / "in.mp4", f"{WIDTH}x{HEIGHT}", SECONDS, RATE)
    sobel = "-1 0 1 -2 0 2 -1 0 1"
    graph = (
        "format=gbrp,convolution=" + ":".join(f"'{sobel}'" for _ in range(3)) + ",format=yuv420p"
    )
    encode = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-c:a", "copy"]
    peer = [
        "ffmpeg",
        "-v",
        "error",
        "-y",
        "-i",
        source,
        "-vf",
        graph,
        *encode,
        str(folder / "ff.mp4"),
    ]
    commands: dict[str, Sequence[str]] = {
        "sobel-x": _filter(source, folder / "out.mp4", "-k", "sobel-x"),
        "gaussian-3d, 3×3×3": _filter(source, folder / "out.mp4", "-k", "gaussian-3d:sigma=0.3"),
        "torch": START,
        "ffmpeg": peer,
    }
    ways = {
        name: (lambda way=way: subprocess.run(way, check=True)) for name, way in commands.items()
    }
    took = medians(ways, runs=3)
    for name, goal in (("sobel-x", 1.0), ("gaussian-3d, 3×3×3", 1.5)):
        work = f"{name}, {SECONDS} s with sound, a process, less its start"
        yield Row(work, "", took[name] - took["torch"], "ffmpeg convolution", took["ffmpeg"], goal)


def _memory(folder: Path) -> None:
    bare = peak(TORCH)
    peaks = {
        f"1080p, {SECONDS} s": peak(
            _filter(str(folder / "in.mp4"), folder / "out.mp4", "-k", "sobel-x")
        )
        - bare
    }
    for seconds in SMALL:
        source = _clip(folder / "small.mp4", "160x120", seconds, RATE)
        peaks[f"160×120, {seconds} s"] = (
            peak(_filter(source, folder / "out.mp4", "-k", "gaussian-3d")) - bare
        )
    first, *small = peaks.values()
    spread = small[1] - small[0]
    print(f"\n### peak memory of films above {bare:.0f} MB of `import torch`\n")
    print("| film | MB | goal |")
    print("|---|---|---|")
    for name, more in peaks.items():
        goal = f"≤ {MEMORY}" if more is first else ""
        print(f"| {name} | {more:.0f}{' ✗' if more is first and more > MEMORY else ''} | {goal} |")
    print(
        f"| difference of the small ones | {spread:.0f}{'' if abs(spread) <= SPREAD else ' ✗'} | ≤ {SPREAD} |",
        flush=True,
    )
