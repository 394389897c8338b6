"""Memory: estimated before a run, kept within limits, shared by jobs; bombs are refused."""

import functools
import json
import struct
import sys
import threading
import time
import zlib

import cv2
import numpy as np
import pytest
import simplejpeg
import soundfile
import tifffile
from conftest import SAMPLES, peak
from PIL import Image

import convtool as package
from convtool.errors import LimitError
from convtool.limits import MEBI, Budget, refuse_larger
from convtool.media.image.part import ImagePart

BARE = [sys.executable, "-c", "import torch, convtool.cli.running, convtool.media.image, cv2"]
SLACK = 60  # MB of libraries that are loaded on demand


def chunk(kind, data):
    """Return a chunk of a PNG file."""
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def bomb(path, width, height, bits, colour, behind=b"", interlaced=0):
    """Write a PNG that would decode from a few bytes to the large size its header declares."""
    head = struct.pack("!IIBBBBB", width, height, bits, colour, 0, 0, interlaced)
    pixels = chunk(b"IDAT", zlib.compress(bytes(100_000)))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + behind + chunk(b"IEND", b"")
    )
    return path


def blank(path, width, height):
    """Write a black image and return its path."""
    Image.new("RGB", (width, height)).save(path)
    return path


@pytest.fixture(scope="module")
def bare():
    """Return the peak memory, in MB, of a process that only imports."""
    return peak(BARE)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return a function that maps a file name to the path of a 12-megapixel image."""
    folder = tmp_path_factory.mktemp("large")

    @functools.cache
    def path_of(name):
        noise = np.random.default_rng(20240607).integers(0, 256, (3000, 4000, 3), dtype=np.uint8)
        pixels, path = cv2.GaussianBlur(noise, (0, 0), 1), folder / name
        fast = [cv2.IMWRITE_PNG_COMPRESSION, 1]
        if name == "deep.png":
            cv2.imwrite(str(path), pixels.astype(np.uint16) * 257, fast)
        elif name == "clear.png":
            cv2.imwrite(str(path), np.dstack([pixels, pixels[..., 0]]), fast)
        elif name == "float.tif":
            tifffile.imwrite(path, pixels.astype(np.float32) / 255, photometric="rgb")
        else:
            cv2.imwrite(str(path), pixels)
        return path

    return path_of


def planned(convtool, medium, source, out, *options):
    """Return the memory, in bytes, that a dry run estimates for a job."""
    result = convtool(medium, source, out, *options, "--dry-run", "--json", "--quiet")
    assert result.code == 0, result.err
    return int(json.loads(result.out)["plan"]["memory"].split()[1]) * MEBI


@pytest.mark.parametrize(
    ("source", "out", "options"),
    [
        ("in.jpg", "out.jpg", ["-k", "sobel-x"]),
        ("deep.png", "out.tif", ["-k", "disk:radius=30"]),
        ("float.tif", "out.tif", ["-k", "blur"]),
        pytest.param("in.jpg", "out.webp", ["-k", "gaussian:sigma=20"], marks=pytest.mark.long),
        pytest.param("in.jpg", "out.jpg", ["--seed", "1"], marks=pytest.mark.long),
        pytest.param("in.jpg", "out.png", ["-k", "kirsch", "--sheet"], marks=pytest.mark.long),
        pytest.param("clear.png", "out.gif", ["-k", "sharpen"], marks=pytest.mark.long),
    ],
)
def test_the_memory_of_an_image_is_estimated(convtool, tmp_path, large, bare, source, out, options):
    """Filtering an image takes no more memory than estimated, and not far less."""
    path = large(source)
    estimated = planned(convtool, "image", path, tmp_path / out, *options) / 1e6
    command = [sys.executable, "-m", "convtool", "image", path, tmp_path / out, *options]
    took = peak(command) - bare
    assert took <= estimated + SLACK
    assert estimated <= 4 * max(took, SLACK)


def test_the_memory_of_audio_is_estimated(convtool, tmp_path, rng, bare):
    """Filtering audio takes no more memory than estimated, whatever its length."""
    noise = rng.integers(-16000, 16000, (20 * 44100, 2), dtype=np.int16)
    for name, times in (("short", 1), ("long", 30)):
        with soundfile.SoundFile(tmp_path / f"{name}.wav", "w", 44100, 2) as file:
            for _ in range(times):
                file.write(noise)
    options = ["-k", "lowpass:cutoff=1000,taps=20001"]
    short, long = (
        planned(convtool, "audio", tmp_path / f"{name}.wav", tmp_path / "o.wav", *options)
        for name in ("short", "long")
    )
    assert long == short
    command = [
        sys.executable,
        "-m",
        "convtool",
        "audio",
        tmp_path / "long.wav",
        tmp_path / "o.wav",
        *options,
    ]
    assert peak(command) - bare <= long / 1e6 + SLACK


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Return photos of 100 megapixels, which are only planned for."""
    folder, size = tmp_path_factory.mktemp("photos"), (11_600, 8_700)
    return {
        "JPEG": blank(folder / "in.jpg", *size),
        "16 bits": bomb(folder / "deep.png", *size, 16, 2),
        "transparent": bomb(folder / "clear.png", *size, 8, 6),
    }


@pytest.mark.parametrize("kind", ["JPEG", "16 bits", "transparent"])
@pytest.mark.parametrize("kernel", ["sobel-x", "kirsch", "gaussian:sigma=40", "disk:radius=50"])
def test_a_photo_of_100_megapixels_is_within_the_defaults(convtool, tmp_path, photos, kind, kernel):
    """A 100-megapixel photo stays within the default limit for any filter."""
    out = tmp_path / "out.png"
    assert planned(convtool, "image", photos[kind], out, "-k", kernel) < 8192 * MEBI


@pytest.mark.parametrize(
    ("size", "bits", "colour", "flag"),
    [
        ((16_384, 16_384), 16, 6, "--max-memory"),
        ((60_000, 60_000), 8, 0, "--max-pixels"),
    ],
)
def test_bombs_are_refused_before_they_are_decoded(
    convtool, tmp_path, monkeypatch, size, bits, colour, flag
):
    """An image over the limit is refused undecoded, naming the flag that would allow it."""
    monkeypatch.setattr(ImagePart, "pixels", property(lambda _: pytest.fail("it was decoded")))
    path = bomb(tmp_path / "in.png", *size, bits, colour)
    result = convtool("image", path, tmp_path / "out.png", "-k", "sobel-x")
    assert result.code == 1
    assert flag in result.err
    assert not (tmp_path / "out.png").exists()


def test_more_pixels_are_read_row_by_row_than_held(convtool, tmp_path):
    """By default, 400 megapixels are refused where all of them would be held, and only there."""
    size = 20_000, 20_000, 8, 0
    for interlaced, code in ((0, 0), (1, 1)):
        path = bomb(tmp_path / f"{interlaced}.png", *size, interlaced=interlaced)
        result = convtool("image", path, tmp_path / "out.png", "-k", "blur", "--dry-run")
        assert result.code == code
        assert ("20000×20000 pixels exceed the limit of 268435456" in result.err) == bool(code)


def test_a_bomb_with_text_after_its_pixels_is_not_decoded(convtool, tmp_path, monkeypatch):
    """A large PNG is not decoded to read the text chunks after its pixels."""
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("it was decoded"))
    path = bomb(tmp_path / "in.png", 8_000, 8_000, 8, 6, chunk(b"tEXt", b"Comment\0words"))
    result = convtool("image", path, tmp_path / "out.png", "-k", "sobel-x", "--max-memory", "100")
    assert result.code == 1
    assert "--max-memory" in result.err


def test_the_limit_applies_to_all_media_and_to_python(convtool, tmp_path):
    """The memory limit applies to video, to audio and to `apply`."""
    for medium, source in (("video", "clip.mp4"), ("audio", "melody.wav"), ("image", "chart.jpg")):
        output = tmp_path / f"out{source[-4:]}"
        result = convtool(
            medium, SAMPLES / source, output, "-k", "gaussian:sigma=30", "--max-memory", "1"
        )
        assert result.code == 1, source
        assert "--max-memory" in result.err
        assert not output.exists()
        with pytest.raises(LimitError, match="of memory"):
            package.apply(SAMPLES / source, "gaussian:sigma=30", max_memory=1)


def test_the_limit_applies_to_every_page(convtool, tmp_path):
    """Each page of an image is checked against the limits before it is decoded."""
    with tifffile.TiffWriter(tmp_path / "in.tif") as pages:
        for size in (8, 2000):
            pages.write(np.zeros((size, size, 3), np.uint16), photometric="rgb")
    result = convtool(
        "image", tmp_path / "in.tif", tmp_path / "out.tif", "-k", "blur", "--max-memory", "30"
    )
    assert result.code == 1
    assert "--max-memory" in result.err
    assert not (tmp_path / "out.tif").exists()


def test_random_layers_of_many_channels_are_refused_before_their_spectra_are_made(
    convtool, tmp_path
):
    """A layer whose spectra would exceed the limit is refused before they are computed."""
    soundfile.write(tmp_path / "in.wav", np.zeros((100_000, 200)), 44100)
    options = ["--kernel-size", "1001", "--seed", "1", "--algorithm", "fft"]
    result = convtool("audio", tmp_path / "in.wav", tmp_path / "out.wav", *options)
    assert result.code == 1
    assert "--max-memory" in result.err


def test_jobs_wait_for_memory():
    """As many jobs run at once as fit into the memory budget, and no more."""
    budget, at_once, most = Budget(3), 0, 0
    counting, three = threading.Lock(), threading.Barrier(3)

    def job():
        nonlocal at_once, most
        with budget.taken(MEBI):
            with counting:
                at_once += 1
                most = max(most, at_once)
            three.wait(10)
            time.sleep(0.02)  # time for a fourth job, which must not start
            with counting:
                at_once -= 1

    threads = [threading.Thread(target=job) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (most, at_once) == (3, 0)


def test_a_failed_job_gives_its_memory_back():
    """A failed job releases its memory, and a single job may use the whole budget."""
    budget = Budget(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="once"), budget.taken(MEBI):
            raise ValueError("once")
    refuse_larger("it", MEBI, 1)
    with pytest.raises(LimitError, match="it takes about 2 MiB"):
        refuse_larger("it", MEBI + 1, 1)


def test_a_batch_within_a_small_budget(convtool, tmp_path):
    """With a small budget, all images of a batch are filtered one after the other."""
    (tmp_path / "in").mkdir()
    for number in range(8):
        Image.new("RGB", (700, 500), (number, 0, 0)).save(tmp_path / "in" / f"{number}.png")
    source = tmp_path / "in" / "0.png"
    needed = -(
        -planned(convtool, "image", source, f"{tmp_path}/out/", "-k", "blur", "--merge") // MEBI
    )
    options = ["-k", "blur", "--merge", "--jobs", "4", "--max-memory", needed + 1]
    result = convtool("image", tmp_path / "in", f"{tmp_path}/out/", *options)
    assert result.code == 0, result.err
    assert len(list((tmp_path / "out").glob("*.png"))) == 8


def large_image(path):
    """Write a grey image of 100 megapixels, little by little, and return its path."""
    side, row = 10_240, np.arange(10_240, dtype=np.uint16).astype(np.uint8)
    if path.suffix == ".tif":
        tiles = (np.resize(row, (256, 256)) for _ in range((side // 256) ** 2))
        tifffile.imwrite(path, tiles, shape=(side, side), dtype="u1", tile=(256, 256))
    elif path.suffix == ".jpg":
        path.write_bytes(
            simplejpeg.encode_jpeg(np.tile(row, (side, 1))[..., None], colorspace="GRAY")
        )
    elif path.suffix == ".png":
        rows = zlib.compress((b"\0" + row.tobytes()) * side, 1)
        head = chunk(b"IHDR", struct.pack("!IIBBBBB", side, side, 8, 0, 0, 0, 0))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b""))
    else:
        path.write_bytes(f"P5 {side} {side} 255\n".encode() + row.tobytes() * side)
    return path


@pytest.mark.parametrize(
    ("source", "out", "options"),
    [
        ("in.tif", "out.tif", ["-k", "sobel-x", "--normalize", "minmax"]),
        ("in.tif", "out.tif", ["-k", "blur", "--pyramid"]),
        ("in.jpg", "out.jpg", ["-k", "gaussian:sigma=3"]),
        ("in.png", "out.png", ["-k", "emboss", "--padding-mode", "circular"]),
        ("in.pgm", "out.npy", ["-k", "blur", "--stride", "2", "--normalize", "none"]),
    ],
)
def test_a_large_image_is_not_held(convtool, tmp_path, bare, source, out, options):
    """An image of 100 megapixels is filtered row by row, in 100 MB, and less is estimated."""
    path = large_image(tmp_path / source)
    assert planned(convtool, "image", path, tmp_path / out, *options) < 100 * MEBI
    command = [sys.executable, "-m", "convtool", "image", path, tmp_path / out, *options]
    assert peak(command) - bare < 100
