"""Images that are not held in memory, as whole processes, against vips: times and peak memory.

A gigapixel TIFF in tiles, made on the fly, and a JPEG of 108 megapixels. Their folder needs 10 GB.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import simplejpeg
import tifffile
from images import synthetic_image
from processes import START, TORCH, peak, peers
from timing import Row, medians

SIDE, TILE = 2**15, 256
PHOTO = (9000, 12000)
KERNELS = ("sobel-x", "gaussian:sigma=10")
GOALS = {"TIFF": (1.2, 300), "JPEG": (1.0, 150)}  # times vips, and MB above `import torch`


def rows() -> Iterator[Row]:
    """Yield the table of times, and print the peak memory of each row."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        image = synthetic_image()
        bare = peak(TORCH)
        print("\n| work | MB above `import torch` | vips, MB | goal |\n|---|---|---|---|")
        for source in (_tiff(folder / "in.tif", image), _jpeg(folder / "in.jpg", image)):
            for kernel in KERNELS:
                yield from _rows(source, kernel, bare)


def _rows(source: Path, kernel: str, bare: float) -> Iterator[Row]:
    kind = "TIFF" if source.suffix == ".tif" else "JPEG"
    time, memory = GOALS[kind]
    out = source.with_name(f"out{source.suffix}")
    command = [sys.executable, "-m", "convtool", "image", str(source), str(out), "-k", kernel]
    command += ["--normalize", "clamp", "--overwrite", "--quiet"]
    vips = _vips(source, kernel)
    more = peak(command) - bare
    mark = "" if more <= memory else " ✗"
    print(f"| {kind}, {kernel} | {more:.0f}{mark} | {peak(vips):.0f} | ≤ {memory} |", flush=True)
    commands = {"convtool": command, "torch": START, "vips": vips}
    ways = {
        key: (lambda command=command: subprocess.run(command, check=True))
        for key, command in commands.items()
    }
    took = medians(ways, runs=1)
    alone = took["convtool"] - took["torch"]
    yield Row(f"{kind}, {kernel}, less its start", "rows", alone, "vips", took["vips"], time)


def _vips(source: Path, kernel: str) -> list[str]:
    """Return the peer's command for the same work, stored alike."""
    tiled = f"[compression=deflate,tile,tile-width={TILE},tile-height={TILE},bigtiff]"
    out = f"{source.parent}/vips{source.suffix}{'[Q=90]' if source.suffix == '.jpg' else tiled}"
    if kernel == "sobel-x":
        _, command, input, _, mask, *precision = peers(str(source), source.parent)["vips"]
        return ["vips", command, input, out, mask, *precision]
    return ["vips", "gaussblur", str(source), out, "10"]  # in whole numbers, its fast way


def _tiff(path: Path, image: np.ndarray) -> Path:
    """Write a gigapixel of copies of an image, tile by tile."""
    rows, columns = (range(0, size - TILE, TILE) for size in image.shape[:2])
    places = [(row, column) for row in rows for column in columns]
    count = (SIDE // TILE) ** 2
    tiles = (
        image[row : row + TILE, column : column + TILE]
        for row, column in (places[index % len(places)] for index in range(count))
    )
    shape = (SIDE, SIDE, 3)
    tifffile.imwrite(path, tiles, shape=shape, dtype="u1", tile=(TILE, TILE), photometric="rgb")
    return path


def _jpeg(path: Path, image: np.ndarray) -> Path:
    photo = np.tile(image, (PHOTO[0] // len(image), PHOTO[1] // image.shape[1], 1))
    path.write_bytes(simplejpeg.encode_jpeg(photo, quality=92, colorsubsampling="420"))
    return path
