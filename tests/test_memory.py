"""The memory of a run: said before work, kept to, shared by jobs; bombs refused by their headers."""

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
import soundfile
import tifffile
from conftest import SAMPLES, peak
from PIL import Image

import convtool as package
from convtool.errors import LimitError
from convtool.limits import MEBI, Budget, refuse_larger
from convtool.media.image.part import ImagePart

BARE = [sys.executable, "-c", "import torch, convtool.cli.running, convtool.media.image, cv2"]
SLACK = 60  # MB of libraries that are loaded when they are needed


def chunk(kind, data):
    """Return a PNG's chunk."""
    return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))


def bomb(path, width, height, bits, colour, behind=b""):
    """Write a PNG that is all header: what it promises would be decoded from a few bytes."""
    head = struct.pack("!IIBBBBB", width, height, bits, colour, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(100_000)))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + pixels + behind + chunk(b"IEND", b"")
    )
    return path


@pytest.fixture(scope="module")
def bare():
    """Return the peak memory of a process that only imports, in MB."""
    return peak(BARE)


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return a function that gives the path of an image of 12 megapixels, by its name."""
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
    """Return what a dry run says that a job takes, in bytes."""
    result = convtool(medium, source, out, *options, "--dry-run", "--json", "--quiet")
    assert result.code == 0, result.err
    return int(json.loads(result.out)["plan"]["memory"].split()[1]) * MEBI


@pytest.mark.parametrize(("source", "out", "options"), [
    ("in.jpg", "out.jpg", ["-k", "sobel-x"]),
    ("in.jpg", "out.webp", ["-k", "gaussian:sigma=20"]),
    ("in.jpg", "out.jpg", ["--seed", "1"]),
    ("in.jpg", "out.png", ["-k", "kirsch", "--sheet"]),
    ("deep.png", "out.png", ["-k", "disk:radius=30"]),
    ("clear.png", "out.gif", ["-k", "sharpen"]),
    ("float.tif", "out.npy", ["-k", "sobel-x"]),
])  # fmt: skip
def test_a_picture_takes_what_was_said(convtool, tmp_path, large, bare, source, out, options):
    """Not more, and not a fraction of it, so that limits hold and jobs do not wait for nothing."""
    path = large(source)
    said = planned(convtool, "image", path, tmp_path / out, *options) / 1e6
    command = [sys.executable, "-m", "convtool", "image", path, tmp_path / out, *options]
    took = peak(command) - bare
    assert took <= said + SLACK
    assert said <= 4 * max(took, SLACK)


def test_a_sound_takes_what_was_said(convtool, tmp_path, rng, bare):
    """However long it is."""
    for name, seconds in (("short", 20), ("long", 600)):
        soundfile.write(
            tmp_path / f"{name}.wav", rng.uniform(-0.5, 0.5, (seconds * 44100, 2)), 44100
        )
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


@pytest.mark.parametrize("make", [
    lambda path: Image.new("RGB", (11_600, 8_700)).save(path.with_suffix(".jpg")) or path.with_suffix(".jpg"),
    lambda path: bomb(path.with_suffix(".png"), 11_600, 8_700, 16, 2),
    lambda path: bomb(path.with_suffix(".png"), 11_600, 8_700, 8, 6),
], ids=["JPEG", "16 bits", "transparent"])  # fmt: skip
@pytest.mark.parametrize("kernel", ["sobel-x", "kirsch", "gaussian:sigma=40", "disk:radius=50"])
def test_a_photo_of_100_megapixels_is_within_the_defaults(convtool, tmp_path, make, kernel):
    """By its header, whatever filters it."""
    assert (
        planned(convtool, "image", make(tmp_path / "in"), tmp_path / "out.png", "-k", kernel)
        < 8192 * MEBI
    )


@pytest.mark.parametrize(("size", "bits", "colour", "flag"), [
    ((16_384, 16_384), 16, 6, "--max-memory"),
    ((60_000, 60_000), 8, 0, "--max-pixels"),
])  # fmt: skip
def test_bombs_are_refused_before_they_are_decoded(
    convtool, tmp_path, monkeypatch, size, bits, colour, flag
):
    """And the message names the flag that would let them through."""
    monkeypatch.setattr(ImagePart, "pixels", property(lambda _: pytest.fail("it was decoded")))
    result = convtool(
        "image", bomb(tmp_path / "in.png", *size, bits, colour), tmp_path / "out.png", "-k", "blur"
    )
    assert result.code == 1
    assert flag in result.err
    assert not (tmp_path / "out.png").exists()


def test_a_bomb_with_words_behind_it_is_not_decoded_for_them(convtool, tmp_path, monkeypatch):
    """They may say how it is turned, and are behind its pixels."""
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("it was decoded"))
    path = bomb(tmp_path / "in.png", 8_000, 8_000, 8, 6, chunk(b"tEXt", b"Comment\0words"))
    result = convtool("image", path, tmp_path / "out.png", "-k", "blur", "--max-memory", "100")
    assert result.code == 1
    assert "--max-memory" in result.err


def test_films_sounds_and_python_keep_to_it(convtool, tmp_path):
    """One limit for all media."""
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


def test_a_page_larger_than_the_first_keeps_to_it(convtool, tmp_path):
    """Each is looked at before it is decoded."""
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
    """Whose memory goes with inputs times outputs."""
    soundfile.write(tmp_path / "in.wav", np.zeros((100_000, 200)), 44100)
    options = ["--kernel-size", "1001", "--seed", "1", "--algorithm", "fft"]
    result = convtool("audio", tmp_path / "in.wav", tmp_path / "out.wav", *options)
    assert result.code == 1
    assert "--max-memory" in result.err


def test_jobs_wait_for_memory():
    """As many at once as fit, and no more."""
    budget, at_once, most = Budget(3), 0, 0
    counting, three = threading.Lock(), threading.Barrier(3)

    def job():
        nonlocal at_once, most
        with budget.taken(MEBI):
            with counting:
                at_once += 1
                most = max(most, at_once)
            three.wait(10)
            time.sleep(0.02)  # for a fourth, which must not come
            with counting:
                at_once -= 1

    threads = [threading.Thread(target=job) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (most, at_once) == (3, 0)


def test_a_failed_job_gives_its_memory_back():
    """And the whole budget is one job's, no more."""
    budget = Budget(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="once"), budget.taken(MEBI):
            raise ValueError("once")
    refuse_larger("it", MEBI, 1)
    with pytest.raises(LimitError, match="it takes about 2 MiB"):
        refuse_larger("it", MEBI + 1, 1)


def test_a_batch_within_a_small_budget(convtool, tmp_path):
    """Its pictures go through one after the other, all of them."""
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
