"""Images are decoded as libvips decodes them, a program of its own."""

import io
import os
import shutil
import subprocess

import numpy as np
import pillow_heif
import pytest
from conftest import SAMPLES
from PIL import Image

# What libvips and we decode by different versions of libjpeg, libwebp and libheif.
MOST = 2


def by_vips(path, out):
    """Return the upright samples of an image as libvips has them; what it says where it warns."""
    if shutil.which("vips") is None:
        pytest.skip("vips is not installed")
    # Inside a process, libvips sets VIPSHOME for all that it starts: theirs would miss its modules.
    environment = dict(os.environ)
    done = subprocess.run(
        ["vips", "autorot", path, out], capture_output=True, text=True, check=False, env=environment
    )
    faults = [line for line in done.stderr.splitlines() if "WARNING" in line and "nclx" not in line]
    if done.returncode or faults:
        return done.stderr or f"exit code {done.returncode}"
    return np.asarray(Image.open(out)).astype(np.int32)


def check(convtool, path, tmp_path, options=()):
    """Compare an image that is written with that of libvips; return whether it is written."""
    ours, theirs = tmp_path / "ours.ppm", tmp_path / "theirs.ppm"
    result = convtool("image", path, ours, "-k", "identity", "--overwrite", *options)
    if result.code:
        assert "error: " in result.err
        return False
    expected = by_vips(path, theirs)
    if isinstance(expected, str):
        assert "note: " in result.err, f"{path.name}: libvips finds a fault, we do not: {expected}"
        return True
    found = np.asarray(Image.open(ours)).astype(np.int32)
    if found.ndim < expected.ndim:
        expected = expected[..., 0]
    assert np.abs(found - expected).max() <= MOST, path.name
    return True


def test_samples_and_the_photo_are_decoded_alike(convtool, corpus, tmp_path):
    """A sample and a photo of a camera equal what libvips makes of them."""
    for path in (SAMPLES / "chart.jpg", *sorted((corpus / "bench").glob("*.jpg"))):
        assert check(convtool, path, tmp_path), path.name


def test_damaged_jpegs_of_the_corpus_are_refused_or_alike(convtool, corpus, tmp_path):
    """Every damaged JPEG is refused, or equals what libvips decodes without a warning."""
    for path in sorted((corpus / "bad" / "image").glob("*.jpg")):
        check(convtool, path, tmp_path)


KINDS = {
    "420": ("JPEG", {"subsampling": "4:2:0"}),
    "422": ("JPEG", {"subsampling": "4:2:2"}),
    "444": ("JPEG", {"subsampling": "4:4:4"}),
    "progressive": ("JPEG", {"progressive": True}),
    "restarts": ("JPEG", {"restart_marker_blocks": 3}),
    "rgb": ("JPEG", {"keep_rgb": True}),
    "lossy": ("WEBP", {}),
    "lossless": ("WEBP", {"lossless": True}),
    "av1": ("AVIF", {"subsampling": "4:4:4"}),
    "hevc": ("HEIC", {"subsampling": "4:4:4"}),
}


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_decoded_alike(convtool, tmp_path, kind, mode):
    """Each kind of coding, in colour and grey, on sizes that no block divides."""
    format, options = KINDS[kind]
    if mode == "L":
        options = {name: value for name, value in options.items() if name != "subsampling"}
    y, x = np.mgrid[:43, :61]
    image = np.stack([x * 4, y * 5, (x + y) * 2], -1).clip(0, 255).astype(np.uint8)
    memory, given = io.BytesIO(), Image.fromarray(image).convert(mode)
    if format == "HEIC":
        pillow_heif.from_pillow(given).save(memory, quality=85, **options)
    else:
        given.save(memory, format, quality=85, **options)
    path = tmp_path / f"in.{format.lower()}"
    path.write_bytes(memory.getvalue())
    assert check(convtool, path, tmp_path)
