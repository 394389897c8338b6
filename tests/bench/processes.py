"""Whole processes on one 12-megapixel JPEG by sobel-x, against the peers on the PATH.

The import of torch, which `convtool image` pays once for many files, is taken from the command
line's time. It is measured as convtool runs it, without garbage collection and an orderly exit,
which are most of a second of `python -c "import torch"`. Peak memory is printed too.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from images import synthetic_image
from timing import Row, medians

# A process inherits the peak of the process that forked it, so a small one forks it.
PEAK = (
    "import resource, subprocess, sys; "
    "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)
TORCH = [sys.executable, "-c", "import torch"]
START = [sys.executable, "-c", "import gc; gc.disable(); import torch, os; os._exit(0)"]
MEMORY_RUNS = 3
MEGABYTE = 1e6
# Each algorithm, both passes, a fold.
KERNELS = {
    "sobel-x": ["-k", "sobel-x"],
    "sharpen": ["-k", "sharpen"],
    "kirsch, 8 kernels": ["-k", "kirsch"],
    "gaussian σ = 3": ["-k", "gaussian:sigma=3"],
    "gaussian σ = 40": ["-k", "gaussian:sigma=40"],
    "disk, 101×101": ["-k", "disk:radius=50"],
    "random 3→3": ["--seed", "1", "--out-channels", "3"],
}


def peak(command: Sequence[str]) -> float:
    """Return the peak memory of a process in MB."""
    measured = subprocess.run(
        [sys.executable, "-c", PEAK, *command], check=True, stdout=subprocess.PIPE
    )
    return int(measured.stdout) * 1024 / MEGABYTE


def peers(source: str, folder: Path) -> dict[str, list[str]]:
    """Return the peers' commands for the same work."""
    mask = folder / "mask.mat"
    mask.write_text("3 3 1 0\n-1 0 1\n-2 0 2\n-1 0 1\n")
    sobel = "-1 0 1 -2 0 2 -1 0 1"
    planes = ":".join(f"{index}m={sobel}" for index in range(3))
    commands = {
        "vips": [
            "vips",
            "conv",
            source,
            f"{folder}/vips.jpg[Q=90]",
            str(mask),
            "--precision",
            "integer",
        ],
        "convert": [
            "convert",
            source,
            "-morphology",
            "Convolve",
            "3x3: -1,0,1 -2,0,2 -1,0,1",
            f"{folder}/im.jpg",
        ],
        "ffmpeg": [
            "ffmpeg",
            "-v",
            "error",
            "-y",
            "-i",
            source,
            "-vf",
            f"format=gbrp,convolution={planes}",
            "-q:v",
            "2",
            f"{folder}/ff.jpg",
        ],
        "gmic": [
            "gmic",
            source,
            "convolve",
            "(1,0,-1;2,0,-2;1,0,-1)",
            "cut",
            "0,255",
            "output",
            f"{folder}/gmic.jpg,90",
        ],
    }
    return {name: command for name, command in commands.items() if shutil.which(name)}


def rows() -> Iterator[Row]:
    """Yield the table of times, and print the table of memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = str(folder / "in.jpg")
        image = cv2.GaussianBlur(synthetic_image(), (0, 0), 0.8)
        cv2.imwrite(source, image, [cv2.IMWRITE_JPEG_QUALITY, 92])
        filter_ = [
            sys.executable,
            "-m",
            "convtool",
            "image",
            source,
            f"{folder}/out.jpg",
            "--overwrite",
            "--quiet",
        ]
        _memory(filter_, image.nbytes / MEGABYTE)
        commands = {"convtool": [*filter_, "-k", "sobel-x", "--normalize", "clamp"], "torch": START}
        commands |= peers(source, folder)
        ways = {
            key: (lambda command=command: subprocess.run(command, check=True))
            for key, command in commands.items()
        }
        took = medians(ways, runs=3)
        alone = took["convtool"] - took["torch"]
        for peer in list(commands)[2:]:
            yield Row("one JPEG, a process, less its start", "separable", alone, peer, took[peer])


def _memory(filter_: Sequence[str], decoded: float) -> None:
    bare = float(np.median([peak(TORCH) for _ in range(MEMORY_RUNS)]))
    goal = 3 * decoded + 150
    title = f"peak memory, an image of {decoded:.0f} MB, above {bare:.0f} MB of `import torch`"
    print(f"\n### {title}\n")
    print("| kernel | MB | goal |")
    print("|---|---|---|")
    for name, options in KERNELS.items():
        more = float(np.median([peak([*filter_, *options]) for _ in range(MEMORY_RUNS)])) - bare
        print(f"| {name} | {more:.0f}{'' if more <= goal else ' ✗'} | ≤ {goal:.0f} |", flush=True)
