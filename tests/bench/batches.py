"""Folders of JPEGs filtered by sobel-x, against libvips.

Large images in one process and by command lines, and many small ones by command lines.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from images import synthetic_image
from processes import START
from timing import THREADS, Row, medians

from convtool.media.registry import MEDIA
from convtool.outputs.atomic import Publisher
from convtool.outputs.jobs import plan_jobs
from convtool.outputs.naming import Naming
from convtool.run.batch import run_all
from convtool.run.filter import Filter
from convtool.run.pipeline import run
from convtool.run.state import Run

COUNT, MANY, QUALITY = 40, 2000, 90
# As ours: with colours at half the resolution, which vips does only below 90 by itself.
STORED = f"Q={QUALITY},subsample-mode=on"
GOAL = 0.5  # of what libvips takes
# As users call it; `python -m` takes some milliseconds more.
PROGRAM = [Path(sys.executable).with_name("convtool")]
CONVTOOL = [
    *PROGRAM,
    "image",
    "-k",
    "sobel-x",
    "--normalize",
    "clamp",
    "--merge",
    "--overwrite",
    "--quiet",
]
SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


def photos(folder: Path) -> list[Path]:
    """Write large images, of 2 to 3 MB each like a camera's, and return their paths."""
    image = cv2.GaussianBlur(synthetic_image(), (0, 0), 0.8)
    paths = []
    for index in range(COUNT):
        path = folder / f"{index:02}.jpg"
        cv2.imwrite(
            str(path),
            np.roll(image, (70 * index, 97 * index), (0, 1)),
            [cv2.IMWRITE_JPEG_QUALITY, 92],
        )
        paths.append(path)
    return paths


def thumbnails(folder: Path) -> list[Path]:
    """Write many small images, and return their paths."""
    image = cv2.resize(
        cv2.GaussianBlur(synthetic_image(), (0, 0), 0.8), (400, 300), interpolation=cv2.INTER_AREA
    )
    paths = []
    for index in range(MANY):
        paths.append(folder / f"{index:04}.jpg")
        cv2.imwrite(
            str(paths[-1]),
            np.roll(image, (7 * index, 9 * index), (0, 1)),
            [cv2.IMWRITE_JPEG_QUALITY, 92],
        )
    return paths


def convtool(paths: list[Path], out: Path) -> None:
    """Filter all images as the command line does."""
    medium = MEDIA["image"]
    options = {"kernel": ("sobel-x",), "normalize": "clamp", "overwrite": True, "quality": QUALITY}

    def make() -> Run:
        return Run(Filter(medium.options(options), medium))

    backend = medium.backend
    naming = Naming(readable=backend.readable, writable=backend.writable, split=False)
    jobs = plan_jobs([str(path) for path in paths], str(out), naming).known
    for _, outcome in run_all(jobs, run, make, THREADS, publisher=Publisher()):
        assert outcome.status == "done", outcome.error


def pyvips(paths: list[Path], out: Path, pool: ThreadPoolExecutor) -> None:
    """Filter all images by libvips in this process, each in one thread.

    With two threads per image it takes a fifth longer.
    """
    import pyvips as vips  # noqa: PLC0415  # an optional peer

    vips.concurrency_set(1)
    mask = vips.Image.new_from_array(SOBEL)

    def work(path: Path) -> None:
        filtered = vips.Image.new_from_file(str(path), access="sequential").conv(
            mask, precision="integer"
        )
        filtered.cast("uchar").write_to_file(str(out / path.name), Q=QUALITY, subsample_mode="on")

    list(pool.map(work, paths))


def run_command(command: Sequence[object], *places: Path) -> None:
    """Run a program, with `places` inserted after its name and subcommand."""
    words = [*command[:2], *places, *command[2:]] if places else command
    subprocess.run(list(map(str, words)), check=True, stderr=subprocess.DEVNULL)


def vips_command(source: Path, target: Path, mask: Path, stored: str = STORED) -> list[str]:
    """Return the command that filters an image by vips, and write its kernel."""
    mask.write_text("3 3 1 0\n" + "\n".join(" ".join(map(str, row)) for row in SOBEL))
    return [
        "vips",
        "conv",
        str(source),
        f"{target}[{stored}]",
        str(mask),
        "--precision",
        "integer",
    ]


def vips_conv(paths: list[Path], out: Path, mask: Path) -> None:
    """Filter all images by one process each, two at a time."""
    vips_command(paths[0], out, mask)
    command = f'vips conv "$1" "$2/$(basename "$1")[{STORED}]" "$3" --precision integer'
    names = "".join(f"{path}\0" for path in paths)
    xargs = [
        "xargs",
        "-0",
        f"-P{THREADS}",
        "-I{}",
        "sh",
        "-c",
        command,
        "sh",
        "{}",
        str(out),
        str(mask),
    ]
    subprocess.run(xargs, input=names, text=True, check=True)


def rows() -> Iterator[Row]:
    """Yield the table, with times per image."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("large", "small", "out"):
            (folder / part).mkdir()
        large, small = photos(folder / "large"), thumbnails(folder / "small")
        yield from _commands(f"{COUNT} of 12 megapixels", large, folder, runs=3)
        yield from _commands(f"{MANY} of 400×300", small, folder, runs=1)
        # Last, because pyvips changes the environment, and with it the behaviour of vips.
        yield from _inside(large, folder / "out")


def _inside(paths: list[Path], out: Path) -> Iterator[Row]:
    """Yield a batch within a process."""
    try:
        import pyvips as _  # noqa: PLC0415, F401  # an optional peer
    except ImportError:
        print("pyvips is not installed: uv sync --group bench")
        return
    with ThreadPoolExecutor(THREADS) as pool:
        took = medians(
            {"convtool": lambda: convtool(paths, out), "pyvips": lambda: pyvips(paths, out, pool)},
            runs=3,
        )
    ours, theirs = (seconds / COUNT for seconds in took.values())
    yield Row(
        f"{COUNT} of 12 megapixels, inside a process", "separable", ours, "pyvips", theirs, 1.1
    )


def _commands(work: str, paths: list[Path], folder: Path, runs: int) -> Iterator[Row]:
    """Yield a batch by a command line, less the start-up of the program."""
    out = folder / "out"
    ways = {
        "convtool": lambda: run_command(CONVTOOL, paths[0].parent, out),
        "start": lambda: run_command(START),
    }
    if shutil.which("vips"):
        ways["vips conv, xargs -P2"] = lambda: vips_conv(paths, out, folder / "mask.mat")
    took = medians(ways, runs=runs)
    alone = (took["convtool"] - took["start"]) / len(paths)
    for peer in list(ways)[2:]:
        yield Row(
            f"{work}, a process, less its start",
            "separable",
            alone,
            peer,
            took[peer] / len(paths),
            GOAL,
        )
