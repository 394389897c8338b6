"""Compare how presets look by default with what other programs show: tables and contact sheets.

`python tests/bench/looks.py FILE…` prints the standard deviations of results, in levels of 255, by
the rules of `--normalize` and by ImageMagick, libvips and GIMP's formula. `--sheet OUT.png` writes
the results of the first file side by side: a row per kernel, a column per program. FILE is an
image, a video, or `noise:SIGMA`, an even grey with noise of SIGMA levels.
"""

import argparse
import functools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import convtool
from convtool.kernels.resolve import resolve

KERNELS = (
    "sobel-x",
    "scharr-x",
    "prewitt-x",
    "difference-x",
    "roberts-x",
    "cross-difference",
    "laplacian-4",
    "laplacian-8",
    "log",
    "dog",
    "gabor",
    "kirsch-e",
    "outline",
    "sobel",
    "kirsch",
    "emboss",
    "sharpen",
)
BANKS = ("sobel", "kirsch")  # that other programs combine in other ways
VIDEOS = (".mp4", ".mkv", ".mov", ".webm", ".avi")
FRAMES = 121
NOISE = 400  # pixels along each side
CELL, LABEL = 240, 16
IMAGEMAGICK = next(filter(shutil.which, ("magick", "convert-im6", "convert")), "convert")
Levels = NDArray[np.uint8]  # (H, W, C), or (frames, H, W, C)


class Cell(NamedTuple):
    """What is kept of a result: its standard deviation, all of it reduced, a part of it."""

    deviation: float
    reduced: Image.Image
    part: Image.Image


Cells = dict[tuple[str, str], Cell | None]


def shown(source: str, kernel: str, rule: str) -> Levels:
    """Return what convtool writes by a rule."""
    if Path(source).suffix in VIDEOS:
        result = convtool.apply(source, kernel, normalize=rule, frames=FRAMES)[0]
        return (result.movedim(0, -1).clamp(0, 1) * 255).round().byte().numpy()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "convtool", "image", source, f"{folder}/out.ppm"]
        subprocess.run([*command, "-q", "-k", kernel, "--normalize", rule], check=True)
        return np.array(Image.open(f"{folder}/out.ppm"))


def other(program: str, source: str, kernel: str) -> Levels | None:
    """Return what another program shows of an image, or None where it has no such kernel."""
    if kernel in BANKS or Path(source).suffix in VIDEOS:
        return None
    weights = resolve(kernel, 2).kernels[0].weights
    height, width = weights.shape
    if (
        program == "GIMP"
    ):  # its convolution matrix, normalized: an offset of one half where sums are 0
        offset = 0.5 if abs(weights.sum()) < 1e-9 else 0
        raw = convtool.apply(source, kernel)[0].movedim(0, -1) + offset
        return (raw.clamp(0, 1) * 255).round().byte().numpy()
    with tempfile.TemporaryDirectory() as folder:
        out, mask = f"{folder}/out.ppm", Path(folder, "k.mat")
        if program == "ImageMagick":
            rows = " ".join(",".join(map(str, row)) for row in weights[::-1, ::-1].tolist())
            place = f"{(width - 1) // 2}+{(height - 1) // 2}"
            grid = f"{width}x{height}+{place}:{rows}"
            command = [IMAGEMAGICK, source, "-morphology", "Convolve", grid, "-depth", "8", out]
        else:
            rows = "\n".join(" ".join(map(str, row)) for row in weights.tolist())
            mask.write_text(f"{width} {height} 1 0\n{rows}\n")
            command = ["vips", "conv", source, f"{folder}/out.v", str(mask)]
            subprocess.run(command, check=True)
            command = ["vips", "cast", f"{folder}/out.v", out, "uchar"]
        subprocess.run(command, check=True)
        return np.array(Image.open(out).convert("RGB"))


COLUMNS: dict[str, Callable[..., Levels | None]] = {
    "minmax": functools.partial(shown, rule="minmax"),
    "bounds": functools.partial(shown, rule="bounds"),
    "convtool": functools.partial(shown, rule="auto"),
    "ImageMagick": functools.partial(other, "ImageMagick"),
    "libvips": functools.partial(other, "libvips"),
    "GIMP": functools.partial(other, "GIMP"),
}


def columns(source: str, asked: list[str]) -> list[str]:
    """Return the columns that are asked for, and can be made of a file here."""
    if Path(source).suffix in VIDEOS:
        return [name for name in ("bounds", "convtool") if name in asked]
    programs = {"ImageMagick": IMAGEMAGICK, "libvips": "vips"}
    return [name for name in asked if shutil.which(programs.get(name, "sh"))]


def noise(sigma: float, folder: str) -> str:
    """Write an even grey with noise, and return its name."""
    rng = np.random.default_rng(1)
    samples = rng.normal(128, sigma, (NOISE, NOISE, 3)).round().clip(0, 255).astype(np.uint8)
    path = f"{folder}/noise-{sigma:g}.png"
    Image.fromarray(samples).save(path)
    return path


def table(source: str, names: list[str], kernels: list[str], cells: Cells) -> str:
    """Return the standard deviations as a table in Markdown, a row per kernel."""
    lines = [f"| {Path(source).name} | {' | '.join(names)} |", f"|---|{'---|' * len(names)}"]
    for kernel in kernels:
        found = [cells[kernel, name] for name in names]
        numbers = ("" if cell is None else f"{cell.deviation:.1f}" for cell in found)
        lines.append(f"| `{kernel}` | {' | '.join(numbers)} |")
    return "\n".join(lines)


def sheet(names: list[str], kernels: list[str], cells: Cells, *, crop: bool) -> Image.Image:
    """Return all results side by side, reduced or cut out of the middle."""
    page = Image.new("RGB", (CELL * len(names), (CELL + LABEL) * len(kernels)), "white")
    draw = ImageDraw.Draw(page)
    for row, kernel in enumerate(kernels):
        for column, name in enumerate(names):
            left, top = column * CELL, row * (CELL + LABEL)
            cell = cells[kernel, name]
            label = f"{kernel}, {name}"
            if cell is not None:
                label += f": {cell.deviation:.1f}"
                page.paste(cell.part if crop else cell.reduced, (left, top + LABEL))
            draw.text((left + 2, top + 2), label, fill="black")
    return page


def kept(levels: Levels | None) -> Cell | None:
    """Return what is kept of a result: of a video, its middle frame."""
    if levels is None:
        return None
    image = levels[len(levels) // 2] if levels.ndim == 4 else levels
    if image.shape[-1] == 1:
        image = image[..., 0]
    top, left = (max(0, (size - CELL) // 2) for size in image.shape[:2])
    part = Image.fromarray(image[top : top + CELL - 2, left : left + CELL - 2])
    reduced = Image.fromarray(image)
    reduced.thumbnail((CELL - 2, CELL - 2))
    return Cell(float(levels.std()), reduced, part)


def main() -> None:
    """Print a table for each file, and write the sheet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="FILE")
    parser.add_argument("--kernels", nargs="+", default=list(KERNELS), metavar="NAME")
    parser.add_argument("--columns", nargs="+", default=list(COLUMNS), metavar="NAME")
    parser.add_argument("--sheet", type=Path, metavar="OUT", help="of the first file")
    parser.add_argument("--crop", action="store_true", help="show the middle, not the whole")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for number, file in enumerate(arguments.files):
            is_noise = file.startswith("noise:")
            source = noise(float(file.removeprefix("noise:")), folder) if is_noise else file
            names = columns(source, arguments.columns)
            cells = {
                (kernel, name): kept(COLUMNS[name](source=source, kernel=kernel))
                for kernel in arguments.kernels
                for name in names
            }
            print(f"{table(source, names, arguments.kernels, cells)}\n", flush=True)
            if arguments.sheet and not number:
                sheet(names, arguments.kernels, cells, crop=arguments.crop).save(arguments.sheet)


if __name__ == "__main__":
    main()
