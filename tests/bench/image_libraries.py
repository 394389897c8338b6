"""Whether libvips could read and write all still images: `python tests/bench/image_libraries.py`.

Prints what pyvips makes of the cases that were once read wrong, and of generated files of every
format, then times and sizes of pyvips and of the libraries in use. An argument names a JPEG.
"""

import argparse
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import pillow_heif
import pyvips
import simplejpeg
import tifffile
from PIL import Image

CASES = Path(__file__).parent.parent / "cases" / "image"
RUNS = 5
LIBRARIES = {
    "pyvips-binary and pyvips": ("pyvips", ["pyvips-binary", "pyvips"]),
    "Pillow": ("PIL.Image", ["pillow"]),
    "simplejpeg": ("simplejpeg", ["simplejpeg"]),
    "OpenCV": ("cv2", ["opencv-python-headless"]),
    "tifffile": ("tifffile", ["tifffile"]),
    "imagecodecs": ("imagecodecs", ["imagecodecs"]),
    "pillow-heif": ("pillow_heif", ["pillow-heif"]),
}


def load(path: Path, **options: object) -> pyvips.Image:
    """Return an image that is decoded at once, as damage is found by decoding."""
    return pyvips.Image.new_from_file(str(path), fail_on="warning", **options).copy_memory()


def rgb(path: Path) -> list[float]:
    """Return the first pixel in sRGB of 8 bits."""
    return load(path).colourspace("srgb").getpoint(0, 0)


def chroma(path: Path) -> bool:
    """Return whether a JPEG of quality 100 differs by at most 4 levels."""
    image = load(path)
    again = pyvips.Image.new_from_buffer(image.jpegsave_buffer(Q=100), "")
    return (image - again).abs().max() <= 4


def near(found: list[float], *expected: float) -> bool:
    """Return whether samples are what they should be, within 2 levels."""
    return bool(np.abs(np.array(found[: len(expected)]) - expected).max() <= 2)


def pages(path: Path) -> list[pyvips.Image]:
    """Return the pages of a file, each by itself."""
    count = int(load(path).get("n-pages"))
    return [load(path, page=page) for page in range(count)]


Check = Callable[[Path], bool]
CHECKS: dict[str, Check] = {
    "01-half-transparent": lambda path: load(path).getpoint(0, 0) == [255, 0, 0, 128],
    "03-five-bands": lambda path: load(path).bands == 5,
    "04a-lab16": lambda path: np.ptp(rgb(path)) <= 2,
    "04c-cmyk-alpha": lambda path: near(rgb(path), 0, 255, 255, 255),
    "04d-cmyk-float": lambda path: near(rgb(path), 0, 255, 255),
    "05-cmyk16-planar": lambda path: near(rgb(path), 13, 66, 32),
    "06-colormap-of-bytes": lambda path: load(path).max() == 255,
    "07a-pages-8-then-16": lambda path: pages(path)[1].format == "ushort",
    "07c-pages-grey-and-colour": lambda path: [one.bands for one in pages(path)] == [3, 1],
    "07d-pages-grow": lambda path: len({one.width for one in pages(path)}) > 1,
    "08a-imagej-one-ifd": lambda path: load(path).get("n-pages") == 6,
    "09a-gif-first-frame-untimed": lambda path: 200 in load(path, n=-1).get("delay"),
    "09c-apng-default-image": lambda path: load(path, n=-1).get("n-pages") == 3,
    "11b-png-hdr-cicp": lambda path: b"cICP" in load(path).pngsave_buffer(),
    "12a-big-tiff-float": lambda path: load(path).format == "float",
    "12c-12-bit-grey": lambda path: load(path).format == "ushort",
    "14-geotiff": lambda path: b"\x87\xaf" in load(path).tiffsave_buffer(),
    "15a-jpeg-xmp": lambda path: b"Rating" in load(path).jpegsave_buffer(),
    "15c-second-picture-of-jpeg": lambda path: "n-pages" in load(path).get_fields(),
    "15d-chroma": chroma,
}


def refusal(path: Path) -> bool:
    """Return whether a file is refused."""
    try:
        load(path)
    except pyvips.Error:
        return True
    return False


CHECKS["13-dng-thumbnail"] = refusal


def formats(folder: Path) -> dict[str, Path]:
    """Write a small file of every format that convtool reads."""
    y, x = np.mgrid[:32, :48]
    image = np.stack([x * 5, y * 7, x + y], -1).astype(np.uint8)
    made = {}
    for name in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "PPM"):
        made[name] = folder / f"in.{name.lower()}"
        Image.fromarray(image).save(made[name], name)
    made["HEIC"] = folder / "in.heic"
    pillow_heif.from_pillow(Image.fromarray(image)).save(made["HEIC"])
    made["AVIF, 10 bits"] = folder / "deep.avif"
    deep = imagecodecs.avif_encode(image.astype(np.uint16) << 2, level=90, bitspersample=10)
    made["AVIF, 10 bits"].write_bytes(deep)
    made["JPEG, cut"] = folder / "cut.jpeg"
    made["JPEG, cut"].write_bytes(made["JPEG"].read_bytes()[:-40])
    return made


def verdict(check: Callable[[], bool]) -> str:
    """Return what became of a check, in a word or two."""
    try:
        return "right" if check() else "wrong"
    except pyvips.Error as error:
        return f"refused: {str(error).strip().splitlines()[-1][:60]}"


def milliseconds(work: Callable[[], object]) -> float:
    """Return the shortest time of some work, which other programs disturb least."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) * 1e3


def times(photo: Path, folder: Path) -> list[tuple[str, str, float]]:
    """Return work, library and milliseconds."""
    data = photo.read_bytes()
    samples = simplejpeg.decode_jpeg(data, "RGB")
    image = pyvips.Image.new_from_array(samples)
    tall, deep, tiff = folder / "photo.png", folder / "deep.png", folder / "photo.tif"
    cv2.imwrite(str(tall), samples[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])
    cv2.imwrite(str(deep), samples[..., ::-1].astype(np.uint16) * 257)
    tifffile.imwrite(tiff, samples, compression="zlib")

    def vips(path: Path) -> Callable[[], object]:
        return lambda: pyvips.Image.new_from_file(str(path)).numpy()

    return [
        ("decode JPEG", "pyvips", milliseconds(vips(photo))),
        ("decode JPEG", "simplejpeg", milliseconds(lambda: simplejpeg.decode_jpeg(data, "RGB"))),
        ("encode JPEG, quality 90", "pyvips", milliseconds(lambda: image.jpegsave_buffer(Q=90))),
        (
            "encode JPEG, quality 90",
            "Pillow",
            milliseconds(
                lambda: Image.fromarray(samples).save(
                    io.BytesIO(), "JPEG", quality=90, subsampling="4:4:4"
                )
            ),
        ),
        ("decode PNG", "pyvips", milliseconds(vips(tall))),
        ("decode PNG", "Pillow", milliseconds(lambda: np.asarray(Image.open(tall)))),
        (
            "encode PNG, level 1",
            "pyvips",
            milliseconds(lambda: image.pngsave_buffer(compression=1)),
        ),
        (
            "encode PNG, level 1",
            "Pillow",
            milliseconds(
                lambda: Image.fromarray(samples).save(io.BytesIO(), "PNG", compress_level=1)
            ),
        ),
        ("decode PNG, 16 bits", "pyvips", milliseconds(vips(deep))),
        ("decode PNG, 16 bits", "OpenCV", milliseconds(lambda: cv2.imread(str(deep), -1))),
        ("decode TIFF, deflate", "pyvips", milliseconds(vips(tiff))),
        ("decode TIFF, deflate", "tifffile", milliseconds(lambda: tifffile.imread(tiff))),
    ]


def import_time(module: str) -> float:
    """Return the milliseconds that an import takes in a new process, beyond NumPy."""
    code = (
        "import numpy, time; started = time.perf_counter(); "
        f"import {module}; print(time.perf_counter() - started)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        for _ in range(3)
    ]
    return min(float(run.stdout) for run in runs) * 1e3


def megabytes(distributions: list[str]) -> float:
    """Return the installed size of distributions."""
    files = [file for name in distributions for file in metadata.files(name) or ()]
    sizes = (Path(file.locate()).stat().st_size for file in files if Path(file.locate()).exists())
    return sum(sizes) / 1e6


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", nargs="?", type=Path, help="a JPEG, for times")
    photo = parser.parse_args().photo
    pyvips.cache_set_max(0)  # or a file that was read before is not read again
    print("| case | pyvips |\n|---|---|")
    for name, check in sorted(CHECKS.items()):
        path = next((CASES / name).glob("in.*"))
        print(f"| {name} | {verdict(lambda check=check, path=path: check(path))} |")
    with tempfile.TemporaryDirectory() as folder:
        print("\n| format | pyvips |\n|---|---|")
        for name, path in formats(Path(folder)).items():
            print(f"| {name} | {verdict(lambda path=path: load(path).width == 48)} |")
        if photo:
            print("\n| work | library | ms |\n|---|---|---|")
            for work, library, took in times(photo, Path(folder)):
                print(f"| {work} | {library} | {took:.0f} |")
    print("\n| library | import, ms | installed, MB |\n|---|---|---|")
    for name, (module, distributions) in LIBRARIES.items():
        print(f"| {name} | {import_time(module):.0f} | {megabytes(distributions):.1f} |")


if __name__ == "__main__":
    main()
