"""GIF, and animations from one format to another: pixels, durations, and how often they play.

The GIF files are made by the tests' own encoder; ImageMagick, whose rules are those of browsers,
decodes them too.
"""

import io
import shutil
import subprocess
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import gifs
import numpy as np
import pngs
import pytest
import tifffile
from PIL import Image

from convtool.errors import ReadError
from convtool.media.image import BACKEND
from convtool.media.image.formats.gif.palette import indexed
from convtool.media.image.samples import Frame
from convtool.options.reading import ImageReading

CASES = Path(__file__).parent / "image"
IMAGEMAGICK = next(filter(shutil.which, ("magick", "convert-im6")), None)  # of versions 7 and 6
GREYS = bytes(level for level in range(0, 256, 16) for _ in range(3))
FULL = np.zeros((4, 6), int)


def source_of(data, **reading):
    """Open a file of bytes."""
    return BACKEND.open(io.BytesIO(data), "in", ImageReading(**reading))


def shown(data, **reading):
    """Return the pages of a file."""
    return [part.pixels for part in source_of(data, **reading).parts()]


def identity(convtool, source, out):
    """Filter with `identity`; fail unless it succeeds."""
    result = convtool("image", source, out, "-k", "identity")
    assert result.code == 0, result.err
    return result


def frames_of(path):
    """Return the pixels and the durations of a file's frames, as Pillow has them, and its words."""
    pixels, durations = [], []
    with Image.open(path) as image:
        for index in range(image.n_frames):
            image.seek(index)
            pixels.append(np.array(image.convert("RGBA")))
            durations.append(image.info.get("duration"))
        return pixels, durations, image.info


def dots(*levels):
    """Return GIF images of one level each, a tenth of a second long."""
    return [gifs.control(10) + gifs.image(FULL + level) for level in levels]


# Durations.


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_09a_durations_stay_where_one_is_missing(convtool, tmp_path, suffix):
    """A first frame without a duration takes none away from the others."""
    source = CASES / "09a-gif-first-frame-untimed" / "in.gif"
    identity(convtool, source, tmp_path / f"out.{suffix}")
    durations = frames_of(tmp_path / f"out.{suffix}")[1]
    assert not durations[0]
    assert durations[1:] == [200, 300, 400]


def test_an_avif_shows_untimed_frames_for_a_while(convtool, tmp_path):
    """AVIF cannot leave a duration open; it says what it takes."""
    source = CASES / "09a-gif-first-frame-untimed" / "in.gif"
    result = identity(convtool, source, tmp_path / "out.avif")
    assert frames_of(tmp_path / "out.avif")[1] == [100, 200, 300, 400]
    assert "frames without a duration are shown for 100 milliseconds" in result.err


@pytest.mark.parametrize(
    ("suffix", "expected", "unit"),
    [
        ("gif", [30, 40, 30, 10], "hundredths of a second"),
        ("webp", [33, 34, 33, 4], "milliseconds"),
        ("avif", [33, 34, 33, 4], "milliseconds"),
    ],
)
def test_fractions_of_seconds_are_rounded_with_a_note(convtool, tmp_path, suffix, expected, unit):
    """Durations are rounded so that errors do not add up, and never to nothing."""
    samples = [np.full((8, 8, 3), level) for level in (10, 90, 170, 250)]
    parts = [
        pngs.SIGNATURE,
        pngs.header(8, 8, 8, 2),
        pngs.chunk("acTL", bytes([0, 0, 0, 4] + [0] * 4)),
    ]
    for index, (each, time) in enumerate(zip(samples, [(1, 30)] * 3 + [(1, 250)], strict=True)):
        number = max(0, 2 * index - 1)
        parts.append(pngs.control(number, (0, 0, 8, 8), time))
        data = pngs.pixels(each, 8)
        kind = "fdAT" if index else "IDAT"
        parts.append(pngs.chunk(kind, (number + 1).to_bytes(4) * bool(index) + data))
    (tmp_path / "in.png").write_bytes(b"".join([*parts, pngs.chunk("IEND")]))
    result = identity(convtool, tmp_path / "in.png", tmp_path / f"out.{suffix}")
    assert frames_of(tmp_path / f"out.{suffix}")[1] == expected
    assert f"durations of frames rounded to {unit}" in result.err


# How often it plays.


@pytest.mark.parametrize(
    ("loops", "plays"), [([], 1), ([gifs.loop(0)], 0), ([gifs.loop(1)], 2), ([gifs.loop(7)], 8)]
)
def test_how_often_an_animation_plays(convtool, tmp_path, loops, plays):
    """What GIF counts is how often it plays again; PNG and WebP count how often it plays."""
    data = gifs.gif(6, 4, *loops, *dots(1, 2), palette=GREYS)
    (tmp_path / "in.gif").write_bytes(data)
    for suffix in ("gif", "png", "webp"):
        result = identity(convtool, tmp_path / "in.gif", tmp_path / f"out.{suffix}")
        assert "plays" not in result.err
    assert frames_of(tmp_path / "out.png")[2]["loop"] == plays
    assert frames_of(tmp_path / "out.webp")[2]["loop"] == plays
    assert frames_of(tmp_path / "out.gif")[2].get("loop") == {1: None, 0: 0}.get(plays, plays - 1)
    for suffix in ("png", "webp"):
        identity(convtool, tmp_path / f"out.{suffix}", tmp_path / f"{suffix}.gif")
        assert (tmp_path / f"{suffix}.gif").read_bytes().count(b"NETSCAPE") == (plays != 1)
    result = identity(convtool, tmp_path / "in.gif", tmp_path / "out.avif")
    assert ("plays" in result.err) == (plays != 0)


@pytest.mark.parametrize("suffix", ["tif", "npy"])
def test_pages_have_no_time(convtool, tmp_path, suffix):
    """Formats of pages say that times and repetitions are lost."""
    (tmp_path / "in.gif").write_bytes(gifs.gif(6, 4, *dots(1, 2), palette=GREYS))
    result = identity(convtool, tmp_path / "in.gif", tmp_path / f"out.{suffix}")
    assert "durations of frames dropped" in result.err
    assert "it plays once, which" in result.err


# Pixels.


def test_frames_equal_to_the_one_before_stay(convtool, tmp_path):
    """Frames that show the same keep their number and their durations in GIF and PNG."""
    (tmp_path / "in.gif").write_bytes(gifs.gif(6, 4, *dots(1, 1, 1, 2), palette=GREYS))
    for suffix in ("gif", "png"):
        identity(convtool, tmp_path / "in.gif", tmp_path / f"out.{suffix}")
        assert frames_of(tmp_path / f"out.{suffix}")[1] == [100] * 4


@pytest.mark.parametrize(
    ("case", "suffix"),
    [
        *(("07a-pages-8-then-16", suffix) for suffix in ("png", "gif")),
        *(("07c-pages-grey-and-colour", suffix) for suffix in ("png", "gif")),
    ],
)
def test_07_pages_become_alike_where_they_must(convtool, tmp_path, case, suffix):
    """Pages of different depth and colours become frames of the richest, with a note of losses."""
    source, out = CASES / case / "in.tif", tmp_path / f"out.{suffix}"
    result = identity(convtool, source, out)
    frames = [page.samples for page in shown(out.read_bytes())]
    with tifffile.TiffFile(source) as tiff:
        pages = [np.atleast_3d(page.asarray()) for page in tiff.pages]
    noted = "16-bit samples stored as 8-bit in GIF" in result.err
    assert noted == (suffix == "gif" and pages[1].dtype == np.uint16)
    for frame, page in zip(frames, pages, strict=True):
        scale = np.iinfo(frame.dtype).max / np.iinfo(page.dtype).max
        expected = np.rint(page * scale).astype(frame.dtype)
        assert np.array_equal(frame, np.broadcast_to(expected, frame.shape))


def noisy(seed):
    """Return a GIF of five frames with all kinds of regions, palettes and disposals."""
    rng = np.random.default_rng(seed)
    blocks = []
    for index in range(5):
        left, top = (rng.integers(0, 6), rng.integers(0, 5)) if index else (0, 0)
        width, height = (
            (rng.integers(1, 12 - left), rng.integers(1, 10 - top)) if index else (11, 9)
        )
        colours = 8 if rng.random() < 0.5 else 16
        palette = rng.integers(0, 256, (8, 3), np.uint8).tobytes() if colours == 8 else b""
        clear = int(rng.integers(0, colours)) if index == 0 or rng.random() < 0.6 else None
        indices = rng.integers(0, colours, (height, width))
        blocks.append(gifs.control(10, int(rng.integers(0, 4)), clear))
        blocks.append(gifs.image(indices, left, top, palette, interlaced=rng.random() < 0.5))
    return gifs.gif(11, 9, *blocks, palette=rng.integers(0, 256, (16, 3), np.uint8).tobytes())


@pytest.mark.skipif(IMAGEMAGICK is None, reason="ImageMagick is not installed")
@pytest.mark.parametrize("seed", range(6))
def test_imagemagick_sees_the_same_frames(tmp_path, seed):
    """Regions, palettes, transparency and disposal give the frames that ImageMagick shows."""
    data = noisy(seed)
    (tmp_path / "in.gif").write_bytes(data)
    command = [IMAGEMAGICK, tmp_path / "in.gif", "-coalesce", "-depth", "8", "RGBA:-"]
    result = subprocess.run(command, capture_output=True, check=True)
    expected = np.frombuffer(result.stdout, np.uint8).reshape(-1, 9, 11, 4)
    pages = shown(data)
    assert len(pages) == len(expected) == 5
    for page, pixels in zip(pages, expected, strict=True):
        assert np.array_equal(page.alpha, pixels[..., 3])
        visible = page.alpha > 0
        assert np.array_equal(page.samples[visible], pixels[..., :3][visible])


@pytest.mark.parametrize("suffix", ["gif", "png"])
def test_a_gif_keeps_its_pixels(convtool, tmp_path, suffix):
    """What a GIF shows is what a GIF or a PNG of it shows: each frame has few colours."""
    data = noisy(1)
    (tmp_path / "in.gif").write_bytes(data)
    result = identity(convtool, tmp_path / "in.gif", tmp_path / f"out.{suffix}")
    assert "colours" not in result.err
    for page, pixels in zip(shown(data), frames_of(tmp_path / f"out.{suffix}")[0], strict=True):
        assert np.array_equal(page.alpha, pixels[..., 3])
        visible = page.alpha > 0
        assert np.array_equal(page.samples[visible], pixels[..., :3][visible])


def test_disposal_by_hand():
    """Method 1 keeps, 2 clears, and 3 restores what was there before a frame."""
    dot = np.zeros((1, 1), int)
    blocks = [
        gifs.control(1, 1) + gifs.image(FULL + 3),
        gifs.control(1, 3) + gifs.image(dot + 9, 2, 2),
        gifs.control(1, 2) + gifs.image(dot + 9, 0, 0),
        gifs.control(1, 0) + gifs.image(dot + 9, 5, 3),
    ]
    pages = shown(gifs.gif(6, 4, *blocks, palette=GREYS))
    assert [page.samples[2, 2, 0] for page in pages] == [48, 144, 48, 48]
    assert [page.alpha[0, 0] for page in pages] == [255, 255, 255, 0]
    assert [page.samples[3, 5, 0] for page in pages] == [48, 48, 48, 144]


def test_more_than_256_colours_are_noted(convtool, tmp_path, rng):
    """Colours that a palette has no room for are chosen anew, with a note; 256 are kept."""
    many = rng.integers(0, 256, (40, 40, 3), np.uint8)
    few = many[:16, :16]
    for name, pixels, noted in (("many", many, True), ("few", few, False)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        result = identity(convtool, tmp_path / f"{name}.png", tmp_path / f"{name}.gif")
        assert ("colours reduced to 256" in result.err) == noted
    assert np.array_equal(frames_of(tmp_path / "few.gif")[0][0][..., :3], few)


def test_half_transparency_is_noted(convtool, tmp_path):
    """GIF has full transparency or none; what lies between is noted."""
    pixels = np.full((6, 6, 4), 200, np.uint8)
    pixels[0, 0] = 0
    Image.fromarray(pixels).save(tmp_path / "in.png")
    result = identity(convtool, tmp_path / "in.png", tmp_path / "out.gif")
    assert "partial transparency made full or none" in result.err
    alpha = frames_of(tmp_path / "out.gif")[0][0][..., 3]
    assert alpha[0, 0] == 0
    assert alpha.sum() == 35 * 255


def test_an_image_of_nothing_has_a_palette():
    """An image without a visible pixel is all transparent."""
    made = indexed(Frame(np.zeros((3, 3, 4), np.uint8), transparent=True))
    assert (made.indices == made.clear).all()


# What lies beside the pixels.


def test_comments_xmp_and_profiles_of_a_gif(convtool, tmp_path):
    """Comments, XMP and the profile of a GIF go to GIF and PNG; unknown extensions are named."""
    trailer = bytes([1, *range(255, -1, -1), 0])
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>words</x:xmpmeta>"
    blocks = [
        gifs.comment("first ümlaut".encode()),
        gifs.comment(b"second"),
        gifs.application(b"XMP DataXMP", xmp + trailer),
        gifs.application(b"ICCRGBG1012", gifs.sub_blocks(bytes(16) + b"RGB " + bytes(300))),
        gifs.application(b"UNKNOWN 1.0", gifs.sub_blocks(b"data")),
        gifs.image(FULL),
    ]
    data = gifs.gif(6, 4, *blocks, palette=GREYS)
    (tmp_path / "in.gif").write_bytes(data)
    metadata = source_of(data).metadata
    assert metadata.text == (("Comment", "first ümlaut"), ("Comment", "second"))
    assert metadata.xmp == xmp
    for suffix in ("gif", "png"):
        result = identity(convtool, tmp_path / "in.gif", tmp_path / f"out.{suffix}")
        assert "extension 'UNKNOWN 1.0' of the GIF dropped" in result.err
        kept = source_of((tmp_path / f"out.{suffix}").read_bytes()).metadata
        assert (kept.text, kept.xmp, kept.icc) == (metadata.text, metadata.xmp, metadata.icc)


# Damage.


def damaged():
    """Return files with one fault each, and what is said of it."""
    images = dots(1, 2)
    whole = gifs.gif(6, 4, *images, palette=GREYS)
    codes = gifs.sub_blocks(gifs.codes(FULL.ravel()))
    head = b"," + bytes([0, 0, 0, 0, 6, 0, 4, 0, 0])
    return {
        "cut": (whole[:-12], "the image data ends early"),
        "no-trailer": (whole[:-1], "the image data ends early"),
        "few-pixels": (
            gifs.gif(6, 4, head + b"\x08" + gifs.sub_blocks(b"\0\3"), palette=GREYS),
            "the image data ends early",
        ),
        "codes": (
            gifs.gif(6, 4, head + b"\x08" + gifs.sub_blocks(b"\0\xff\xff\xff\xff"), palette=GREYS),
            "the compressed pixels are damaged",
        ),
        "behind": (whole + b"junk", "4 bytes after the end of the GIF"),
        "no-block": (whole[:-1] + b"x;", "no block begins at byte"),
        "index": (gifs.gif(6, 4, gifs.image(FULL + 99), palette=GREYS), "index 99 in a palette"),
        "outside": (
            gifs.gif(6, 4, dots(1)[0], gifs.image(FULL + 2, 3, 2), palette=GREYS),
            r"an image of 6×4 pixels at \(3, 2\) lies outside the screen of 6×4",
        ),
        "larger": (
            gifs.gif(5, 3, gifs.image(FULL + 2), palette=GREYS),
            "lies outside the screen of 5×3",
        ),
        "far-larger": (
            whole[:-1] + b"," + bytes([0, 0, 0, 0, 255, 255, 255, 255, 0, 8, 0]) + b";",
            "an image of 65535×65535 pixels",
        ),
        "empty-image": (
            gifs.gif(6, 4, dots(1)[0], gifs.image(np.zeros((0, 6), int)), palette=GREYS),
            "image 2 has 6×0 pixels",
        ),
        "bits": (gifs.gif(6, 4, head + b"\x0d" + codes, palette=GREYS), "13 bits of an index"),
        "no-palette": (gifs.gif(6, 4, gifs.image(FULL)), "image 1 has no palette"),
        "no-image": (gifs.gif(6, 4, palette=GREYS), "there is no image in the file"),
    }


@pytest.mark.parametrize("fault", damaged())
def test_damage_is_refused_or_noted(fault):
    """A damaged GIF is refused in words; what can be read of it is, with a note, if allowed."""
    data, words = damaged()[fault]
    with pytest.raises(ReadError, match=words):
        shown(data)
    if fault in ("bits", "no-palette", "no-image", "far-larger"):
        with pytest.raises(ReadError, match=words):
            shown(data, allow_truncated=True)
        return
    source = source_of(data, allow_truncated=True)
    assert [part.pixels.samples.shape[2] for part in source.parts()]
    assert source.notes


@pytest.mark.parametrize("places", [(0, 60), (60, 120)])
def test_a_spoiled_byte_never_passes_unseen_or_crashes(places):
    """Whichever byte is spoiled, a GIF is read as some images, or refused in words."""
    data = noisy(3)
    for place, value in (
        (place, value) for place in range(13, 130)[slice(*places)] for value in (0, 255)
    ):
        spoiled = data[:place] + bytes([value]) + data[place + 1 :]
        for allow in (False, True):
            with suppress(ReadError):
                assert shown(spoiled, allow_truncated=allow)


def test_regions_shrink_to_what_changes(tmp_path, convtool):
    """A GIF or PNG of a still scene stores only what moves."""
    frames = [np.zeros((64, 64, 3), np.uint8) for _ in range(3)]
    for index, frame in enumerate(frames):
        frame[...] = np.random.default_rng(1).integers(0, 4, (64, 64, 1)) * 60
        frame[5 * index, 5 * index] = 255
    first, *others = map(Image.fromarray, frames)
    first.save(tmp_path / "in.png", save_all=True, append_images=others, duration=50)
    for suffix in ("gif", "png"):
        out = tmp_path / f"out.{suffix}"
        identity(convtool, tmp_path / "in.png", out)
        first.save(tmp_path / f"one.{suffix}")
        one = (tmp_path / f"one.{suffix}").stat().st_size
        assert out.stat().st_size < 3 * one + 2000
        for pixels, frame in zip(frames_of(out)[0], frames, strict=True):
            assert np.array_equal(pixels[..., :3], frame)
    assert all(not np.array_equal(a, b) for a, b in pairwise(frames))
