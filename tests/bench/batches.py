"""Forty 12-megapixel JPEGs to JPEGs by sobel-x, steady, against libvips; and the command line's way to run one file."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from pictures import picture
from timing import THREADS, Row, medians

from convtool.batch import run_all
from convtool.filter import Filter
from convtool.jobs import Naming, plan
from convtool.media.image import SUFFIXES, ImageRoom
from convtool.pipeline import Run, run
from convtool.settings import OutputSettings, Settings

COUNT, QUALITY = 40, 90
SOBEL = [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]


def photos(folder: Path) -> list[Path]:
    """Write the pictures, of 2 to 3 MB each as a camera's, and return their paths."""
    image = cv2.GaussianBlur(picture(), (0, 0), 0.8)
    paths = []
    for index in range(COUNT):
        path = folder / f"{index:02}.jpg"
        cv2.imwrite(str(path), np.roll(image, (70 * index, 97 * index), (0, 1)), [cv2.IMWRITE_JPEG_QUALITY, 92])
        paths.append(path)
    return paths


def convtool(paths: list[Path], out: Path) -> None:
    """Filter all pictures as the command line does."""
    room, settings = ImageRoom(), Settings(kernel=("sobel-x",), normalize="clamp")

    def make() -> Run:
        return Run(Filter(settings, room.medium), room, OutputSettings(overwrite=True, quality=QUALITY))

    naming = Naming(SUFFIXES, SUFFIXES, split=False)
    for outcome in run_all(plan([str(path) for path in paths], str(out), naming), run, make, THREADS):
        assert outcome.status == "done", outcome.error


def pyvips(paths: list[Path], out: Path, pool: ThreadPoolExecutor) -> None:
    """Filter all pictures by libvips in this process, each in one thread: with two for each it takes a fifth longer."""
    import pyvips as vips  # noqa: PLC0415  # a peer that need not be there

    vips.concurrency_set(1)
    mask = vips.Image.new_from_array(SOBEL)

    def work(path: Path) -> None:
        filtered = vips.Image.new_from_file(str(path), access="sequential").conv(mask, precision="integer")
        filtered.cast("uchar").write_to_file(str(out / path.name), Q=QUALITY)

    list(pool.map(work, paths))


def vips_conv(paths: list[Path], out: Path, mask: Path) -> None:
    """Filter all pictures by one process each, two at a time."""
    mask.write_text("3 3 1 0\n" + "\n".join(" ".join(map(str, row)) for row in SOBEL))
    command = f'vips conv "$1" "$2/$(basename "$1")[Q={QUALITY}]" "$3" --precision integer'
    names = "".join(f"{path}\0" for path in paths)
    xargs = ["xargs", "-0", f"-P{THREADS}", "-I{}", "sh", "-c", command, "sh", "{}", str(out), str(mask)]
    subprocess.run(xargs, input=names, text=True, check=True)


def rows() -> Iterator[Row]:
    """Yield the table; its times are for one picture of a batch."""
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(THREADS) as pool:
        folder = Path(name)
        (folder / "in").mkdir()
        paths = photos(folder / "in")
        outs = {peer: folder / peer for peer in ("convtool", "pyvips", "vips")}
        for out in outs.values():
            out.mkdir()
        ways = {"convtool": lambda: convtool(paths, outs["convtool"])}
        goals = {}
        try:
            pyvips(paths[:1], outs["pyvips"], pool)
        except ImportError:
            print("pyvips is not there: uv sync --group bench")
        else:
            ways["pyvips"] = lambda: pyvips(paths, outs["pyvips"], pool)
            goals["pyvips"] = 1.1
        if shutil.which("vips"):
            ways["vips conv, xargs -P2"] = lambda: vips_conv(paths, outs["vips"], folder / "mask.mat")
            goals["vips conv, xargs -P2"] = 0.55
        took = {way: seconds / COUNT for way, seconds in medians(ways, runs=3).items()}
        for peer, goal in goals.items():
            work = f"{COUNT} JPEGs, two workers, a picture"
            yield Row(work, "separable", took["convtool"], peer, took[peer], goal)
