"""PNG: every layout and depth, animations, what lies beside the pixels, and damage.

The files are made by the tests' own encoder; what is written is taken apart by it, or read by
Pillow, OpenCV, FFmpeg and libvips.
"""

import io
import struct
import subprocess
import zlib
from pathlib import Path

import cv2
import numpy as np
import pngs
import pytest
from PIL import Image

from convtool.errors import ReadError
from convtool.media.image import BACKEND
from convtool.options.reading import ImageReading

CASES = Path(__file__).parent / "image"
LAYOUTS = [(colour, bits) for colour, many in pngs.BITS.items() for bits in many]


def source_of(data, **reading):
    """Open a file of bytes."""
    return BACKEND.open(io.BytesIO(data), "in", ImageReading(**reading))


def decoded(data, **reading):
    """Return the only image of a file."""
    (part,) = source_of(data, **reading).parts()
    return part.pixels


def identity(convtool, source, out):
    """Filter with `identity`; fail unless it succeeds."""
    result = convtool("image", source, out, "-k", "identity")
    assert result.code == 0, result.err
    return result


def frames_of(path):
    """Return the durations of the frames of a file, and what Pillow says of the animation."""
    durations = []
    with Image.open(path) as image:
        for index in range(image.n_frames):
            image.seek(index)
            image.load()
            durations.append(image.info.get("duration"))
        return durations, image.info


# The cases.


def test_09c_a_default_image_stays_one(convtool, tmp_path):
    """A default image, then three frames of 100, 200 and 300 ms."""
    source = CASES / "09c-apng-default-image" / "in.png"
    identity(convtool, source, tmp_path / "out.png")
    durations, info = frames_of(tmp_path / "out.png")
    assert durations[1:] == [100, 200, 300]
    assert info["default_image"] is True
    with Image.open(source) as given, Image.open(tmp_path / "out.png") as out:
        for index in range(4):
            given.seek(index)
            out.seek(index)
            assert np.array_equal(np.array(given.convert("RGBA")), np.array(out.convert("RGBA")))


@pytest.mark.parametrize("suffix", ["gif", "webp", "avif", "tif", "npy"])
def test_a_default_image_is_dropped_with_a_note(convtool, tmp_path, suffix):
    """Formats without default images hold the animation only, and say so."""
    source, out = CASES / "09c-apng-default-image" / "in.png", tmp_path / f"out.{suffix}"
    result = identity(convtool, source, out)
    assert "default image dropped" in result.err
    count = len(np.load(out)) if suffix == "npy" else len(frames_of(out)[0])
    assert count == 3
    if suffix in ("gif", "webp", "avif"):
        assert frames_of(out)[0] == [100, 200, 300]


def test_11b_colours_and_resolution_are_kept(convtool, tmp_path):
    """BT.2020 PQ and 300 dpi are kept, in 16 bits."""
    source = CASES / "11b-png-hdr-cicp" / "in.png"
    result = identity(convtool, source, tmp_path / "out.png")
    given, kept = (dict(pngs.chunks(path.read_bytes())) for path in (source, tmp_path / "out.png"))
    assert kept["cICP"] == given["cICP"] == bytes([9, 16, 0, 1])
    assert kept["pHYs"] == given["pHYs"]
    assert "dropped" not in result.err
    assert np.array_equal(cv2.imread(str(source), -1), cv2.imread(str(tmp_path / "out.png"), -1))


@pytest.mark.parametrize("suffix", ["jpg", "webp", "bmp", "gif", "ppm"])
def test_a_lost_colour_description_is_noted(convtool, tmp_path, suffix):
    """PQ samples in a file that cannot say so are noted."""
    source = CASES / "11b-png-hdr-cicp" / "in.png"
    result = convtool("image", source, tmp_path / f"out.{suffix}", "-k", "identity")
    assert "colour description" in result.err


@pytest.mark.parametrize("suffix", ["png", "gif", "webp"])
def test_07d_pages_of_different_sizes_are_refused(convtool, tmp_path, suffix):
    """Pages of different sizes are refused with a hint, and never cropped."""
    source, out = CASES / "07d-pages-grow" / "in.tif", tmp_path / f"out.{suffix}"
    result = convtool("image", source, out, "-k", "identity")
    assert result.code == 1
    assert "pages of different sizes, 12×10 and 30×20" in result.err
    assert "--format tif" in result.err
    assert not out.exists()


# Layouts.


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(("colour", "bits"), LAYOUTS)
def test_every_layout_and_depth(rng, colour, bits, interlaced):
    """Samples come in the full range of 8 or 16 bits, palettes looked up, odd sizes too."""
    white, kind = (65535, np.uint16) if bits == 16 else (255, np.uint8)
    for height, width in ((1, 1), (5, 7), (16, 9)):
        samples = rng.integers(0, 2**bits, (height, width, pngs.SAMPLES[colour]))
        palette = rng.integers(0, 256, (2**bits, 3), dtype=np.uint8) if colour == 3 else None
        before = pngs.chunk("PLTE", palette.tobytes()) if colour == 3 else b""
        data = pngs.png(samples, bits, colour, before=before, interlaced=interlaced)
        found = decoded(data)
        expected = (samples * (white // (2**bits - 1))).astype(kind)
        if colour == 3:
            expected = palette[samples[..., 0]]
        if colour in (4, 6):
            assert np.array_equal(found.alpha, expected[..., -1])
            expected = expected[..., :-1]
        assert found.samples.dtype == expected.dtype
        assert np.array_equal(found.samples, expected)


@pytest.mark.parametrize(("colour", "bits"), [each for each in LAYOUTS if each[0] in (0, 2, 3)])
def test_transparent_levels_colours_and_indices(rng, colour, bits):
    """A tRNS chunk makes one level or colour transparent, or gives alpha to indices."""
    samples = rng.integers(0, 2**bits, (6, 7, pngs.SAMPLES[colour]))
    white = 65535 if bits == 16 else 255
    if colour == 3:
        palette = rng.integers(0, 256, (2**bits, 3), dtype=np.uint8)
        alphas = rng.integers(0, 256, max(1, 2**bits // 2), dtype=np.uint8)
        before = pngs.chunk("PLTE", palette.tobytes()) + pngs.chunk("tRNS", alphas.tobytes())
        expected = np.append(alphas, np.full(256, 255))[samples[..., 0]]
    else:
        before = pngs.chunk("tRNS", samples[2, 3].astype(">u2").tobytes())
        expected = np.where((samples == samples[2, 3]).all(2), 0, white)
    assert np.array_equal(decoded(pngs.png(samples, bits, colour, before=before)).alpha, expected)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_what_is_written_is_what_was_read(convtool, tmp_path, rng, channels, kind):
    """Grey and RGB, with alpha and without, of 8 and 16 bits, are written as they were."""
    samples = rng.integers(0, np.iinfo(kind).max, (9, 8, channels), kind)
    if channels in (2, 4):
        samples[..., -1] = np.iinfo(kind).max
        samples[0, 0, -1] -= 1
    colour = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    (tmp_path / "in.png").write_bytes(pngs.png(samples, kind().itemsize * 8, colour))
    identity(convtool, tmp_path / "in.png", tmp_path / "out.png")
    found = decoded((tmp_path / "out.png").read_bytes())
    written = cv2.imread(str(tmp_path / "out.png"), cv2.IMREAD_UNCHANGED)
    assert written.dtype == kind
    if channels in (1, 3):
        assert np.array_equal(written.reshape(9, 8, -1)[..., ::-1], samples)
    else:
        assert np.array_equal(found.alpha, samples[..., -1])
        assert np.array_equal(found.samples[1:], samples[1:, :, :-1])


# Animations.


def animation(frames, size, bits, colour, *, plays=0, still=None, first=b""):
    """Return an animated PNG.

    Args:
        frames: pixels, region, time, disposal and blend of each.
        size: height and width.
        bits: of a sample.
        colour: the colour type.
        plays: how many times.
        still: pixels of a default image that is no frame.
        first: chunks before all pixels.
    """
    height, width = size
    parts = [pngs.SIGNATURE, pngs.header(width, height, bits, colour), first]
    parts.append(pngs.chunk("acTL", struct.pack(">II", len(frames), plays)))
    if still is not None:
        parts.append(pngs.chunk("IDAT", pngs.pixels(still, bits)))
    number = 0
    for index, (samples, region, time, disposal, blend) in enumerate(frames):
        parts.append(pngs.control(number, region, time, disposal, blend))
        number += 1
        data = pngs.pixels(samples, bits)
        if index == 0 and still is None:
            parts.append(pngs.chunk("IDAT", data))
        else:
            parts.append(pngs.chunk("fdAT", number.to_bytes(4) + data))
            number += 1
    return b"".join([*parts, pngs.chunk("IEND")])


def flat(colour, height, width):
    """Return an image of one colour."""
    return np.tile(np.array(colour), (height, width, 1))


def shown(data):
    """Return the colours and the alpha of every page."""
    return [part.pixels for part in source_of(data).parts()]


def test_a_narrow_image_of_noise_is_written(convtool, tmp_path, rng):
    """An image of a pixel per row and no pattern is larger as a file than as pixels."""
    noise = rng.integers(0, 256, (5000, 1, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "in.png")
    identity(convtool, tmp_path / "in.png", tmp_path / "out.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out.png")), noise)


def test_frames_are_drawn_in_their_regions_and_disposed_of():
    """Disposal keeps, clears or restores the region of a frame."""
    red, green, blue = flat([255, 0, 0, 255], 4, 6), [0, 255, 0, 255], [0, 0, 255, 255]
    part = (1, 1, 2, 2)
    frames = [
        (red, (0, 0, 6, 4), (1, 10), 0, 0),
        (flat(green, 2, 2), part, (1, 10), 2, 0),
        (flat(blue, 1, 1), (5, 3, 1, 1), (1, 10), 0, 0),
        (flat(green, 2, 2), part, (1, 10), 1, 0),
        (flat(blue, 1, 1), (0, 0, 1, 1), (1, 10), 0, 0),
    ]
    pages = shown(animation(frames, (4, 6), 8, 6))
    assert pages[1].samples[1, 1].tolist() == [0, 255, 0]
    assert pages[2].samples[1, 1].tolist() == [255, 0, 0]
    assert pages[2].samples[3, 5].tolist() == [0, 0, 255]
    assert pages[3].samples[2, 2].tolist() == [0, 255, 0]
    assert pages[4].alpha[1:3, 1:3].tolist() == [[0, 0], [0, 0]]
    assert pages[4].alpha.sum() == (24 - 4) * 255


@pytest.mark.parametrize("bits", [8, 16])
def test_frames_are_blended_over_each_other(bits):
    """Half-transparent red over opaque blue is half of each, and opaque."""
    white = 2**bits - 1
    half = (white + 1) // 2
    frames = [
        (flat([0, 0, white, white], 2, 2), (0, 0, 2, 2), (1, 10), 0, 0),
        (flat([white, 0, 0, half], 1, 2), (0, 0, 2, 1), (1, 10), 0, 1),
        (flat([white, 0, 0, half], 1, 1), (1, 1, 1, 1), (1, 10), 0, 0),
    ]
    pages = shown(animation(frames, (2, 2), bits, 6))
    assert np.abs(pages[1].samples[0, 0] - np.array([half, 0, white - half])).max() <= 1
    assert pages[1].alpha.min() == white
    assert pages[2].samples[1, 1].tolist() == [white, 0, 0]
    assert pages[2].alpha[1].tolist() == [white, half]


@pytest.mark.parametrize("bits", [8, 16])
def test_a_deep_animation_is_kept(convtool, tmp_path, rng, bits):
    """An animation of 8 or 16 bits keeps its samples, its times and how often it plays."""
    pages = [rng.integers(0, 2**bits, (6, 5, 3)) for _ in range(3)]
    times = [(1, 30), (1001, 30000), (7, 2)]
    frames = [(page, (0, 0, 5, 6), time, 0, 0) for page, time in zip(pages, times, strict=True)]
    (tmp_path / "in.png").write_bytes(animation(frames, (6, 5), bits, 2, plays=5))
    result = identity(convtool, tmp_path / "in.png", tmp_path / "out.png")
    assert "note" not in result.err
    data = (tmp_path / "out.png").read_bytes()
    written = [(kind, body) for kind, body in pngs.chunks(data) if kind in ("acTL", "fcTL")]
    assert written[0] == ("acTL", struct.pack(">II", 3, 5))
    assert [struct.unpack(">HH", body[20:24]) for _, body in written[1:]] == times
    for found, page in zip(shown(data), pages, strict=True):
        assert found.samples.dtype.itemsize * 8 == bits
        assert np.array_equal(found.samples, page)


def test_ffmpeg_sees_the_same_animation(convtool, tmp_path, rng):
    """FFmpeg decodes the same frames from a deep animation and from what is written of it."""
    frames = [(flat([9, 999, 59999, 65535], 6, 5), (0, 0, 5, 6), (1, 10), 0, 0)]
    for disposal, blend in ((0, 0), (1, 0), (2, 0)):
        part = rng.integers(0, 65536, (3, 2, 4))
        part[..., 3] = rng.choice([0, 65535], (3, 2))
        frames.append((part, (1, 2, 2, 3), (1, 10), disposal, blend))
    (tmp_path / "in.png").write_bytes(animation(frames, (6, 5), 16, 6))
    identity(convtool, tmp_path / "in.png", tmp_path / "out.png")
    given, out = (by_ffmpeg(tmp_path / name, "rgba64le") for name in ("in.png", "out.png"))
    assert len(given) == len(out) == 4 * 6 * 5 * 4
    alpha = given.reshape(-1, 4)[:, 3]
    assert np.array_equal(out.reshape(-1, 4)[:, 3], alpha)
    assert np.array_equal(out.reshape(-1, 4)[alpha == 65535], given.reshape(-1, 4)[alpha == 65535])


def by_ffmpeg(path, pixels):
    """Return the samples of all frames as FFmpeg decodes them."""
    command = ["ffmpeg", "-v", "error", "-i", path, "-fps_mode", "passthrough"]
    try:
        result = subprocess.run(
            [*command, "-f", "rawvideo", "-pix_fmt", pixels, "-"], capture_output=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("ffmpeg is not installed")
    return np.frombuffer(result.stdout, "<u2" if pixels.endswith("le") else "u1")


def test_a_frame_can_leave_a_gap_without_alpha():
    """An opaque animation whose region is cleared shows nothing there."""
    frames = [
        (flat([9, 9, 9], 2, 2), (0, 0, 2, 2), (1, 10), 0, 0),
        (flat([7, 7, 7], 1, 1), (0, 0, 1, 1), (1, 10), 1, 0),
        (flat([5, 5, 5], 1, 1), (1, 1, 1, 1), (1, 10), 0, 0),
    ]
    pages = shown(animation(frames, (2, 2), 8, 2))
    assert pages[1].alpha.tolist() == [[255, 255], [255, 255]]
    assert pages[2].alpha.tolist() == [[0, 255], [255, 255]]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.replace(b"acTL" + struct.pack(">I", 3), b"acTL" + struct.pack(">I", 4)), "4"),
        (lambda d: d[: d.rindex(b"fcTL") - 4] + pngs.chunk("IEND"), "2 frames found, 3 declared"),
    ],
)
def test_missing_frames_are_noticed(change, message):
    """An animation with fewer frames than it declares is refused, or read with a note."""
    frames = [(flat([n, n, n], 2, 2), (0, 0, 2, 2), (1, 10), 0, 0) for n in (1, 2, 3)]
    data = mended(change(animation(frames, (2, 2), 8, 2)))
    with pytest.raises(ReadError, match=message):
        source_of(data)
    assert any(message in note for note in source_of(data, allow_truncated=True).notes)


def mended(data):
    """Return a file whose chunks have the right checksums."""
    out, place = data[:8], 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        kind = data[place + 4 : place + 8].decode()
        out += pngs.chunk(kind, data[place + 8 : place + 8 + length])
        place += 12 + length
    return out


# Damage.

END = pngs.chunk("IEND")


def damaged():
    """Return files with one fault each, and what is said of it."""
    samples = np.random.default_rng(5).integers(0, 256, (32, 32, 3))
    data = pngs.pixels(samples, 8)
    raw = zlib.decompress(data)

    def file(data, before=b"", end=END):
        head = pngs.SIGNATURE + pngs.header(32, 32, 8, 2)
        return head + before + pngs.chunk("IDAT", data) + end

    def spoiled(whole, kind):
        place = whole.index(kind) + 4
        return whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :]

    whole, text = file(data), pngs.chunk("tEXt", b"Title\0words")
    return {
        "checksum-of-pixels": (spoiled(whole, b"IDAT"), "IDAT chunk does not match its checksum"),
        "checksum-of-text": (
            file(data, text[:-1] + bytes([text[-1] ^ 255])),
            "tEXt chunk does not match its checksum",
        ),
        "adler": (file(data[:-1] + bytes([data[-1] ^ 255])), "checksum of their compression"),
        "cut-stream": (file(data[:-900]), "the image data ends early"),
        "cut-file": (whole[:-900], "the image data ends early"),
        "no-end": (file(data, end=b""), "the image data ends early"),
        "behind-stream": (file(data + b"abc"), "bytes after the end of the compressed pixels"),
        "behind-file": (whole + b"junk", "4 bytes after the end of the PNG"),
        "code": (file(data[:900] + b"\xff" * 9 + data[909:]), "damaged"),
        "more-rows": (file(zlib.compress(raw + b"\0" * 97)), "more pixels than the header"),
        "fewer-rows": (file(zlib.compress(raw[:-97])), "fewer pixels than the header"),
        "filter": (file(zlib.compress(b"\7" + raw[1:])), "filter 7"),
    }


@pytest.mark.parametrize("fault", damaged())
def test_damage_is_refused_or_noted(fault):
    """A damaged file is refused in words; --allow-truncated reads it, and notes the damage."""
    data, words = damaged()[fault]
    with pytest.raises(ReadError, match=words) as caught:
        decoded(data)
    assert "--allow-truncated" in caught.value.hint
    source = source_of(data, allow_truncated=True)
    (part,) = source.parts()
    assert part.pixels.samples.shape == (32, 32, 3)
    assert any(words in note for note in source.notes)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (pngs.header(4, 4, 4, 2), "4 bits of colour type 2"),
        (pngs.header(4, 4, 8, 5), "8 bits of colour type 5"),
        (pngs.header(0, 4, 8, 2), "0×4 pixels"),
        (pngs.header(4, 4, 8, 2, 2), "interlace 2"),
        (pngs.header(4, 4, 8, 3), "a palette of 0 bytes"),
        (pngs.header(4, 4, 8, 2) + pngs.chunk("NEWS"), "the chunk NEWS"),
        (pngs.header(4, 4, 8, 6) + pngs.chunk("tRNS", b"\0\0"), "tRNS"),
    ],
)
def test_what_png_does_not_have_is_refused(data, words):
    """Layouts that PNG does not have, and chunks that must be known, are refused in words."""
    data = pngs.SIGNATURE + data + pngs.chunk("IDAT", zlib.compress(bytes(99)))
    with pytest.raises(ReadError, match=words):
        source_of(data + pngs.chunk("IEND"), allow_truncated=True)


def test_a_text_that_inflates_without_end_is_dropped():
    """A small chunk that inflates to gigabytes costs neither memory nor the image."""
    bomb = pngs.chunk("zTXt", b"Comment\0\0" + zlib.compress(bytes(2**28)))
    source = source_of(pngs.png(np.zeros((2, 2, 3), int), 8, 2, before=bomb))
    assert source.notes == ["damaged text 'Comment' dropped"]
    assert source.metadata.text == ()


def test_a_palette_that_is_too_short_is_noticed():
    """An index without a colour is damage."""
    data = pngs.png(np.full((2, 2, 1), 7), 8, 3, before=pngs.chunk("PLTE", bytes(9)))
    with pytest.raises(ReadError, match="index 7 in a palette of 3 colours"):
        decoded(data)


# What lies beside the pixels.


def test_an_image_stored_sideways_has_its_resolution_turned(convtool, tmp_path):
    """The resolution follows an image that is turned upright."""
    exif = Image.Exif()
    exif[0x0112] = 6
    physical = struct.pack(">IIB", 11811, 5906, 1)
    before = pngs.chunk("pHYs", physical) + pngs.chunk("eXIf", exif.tobytes()[6:])
    (tmp_path / "in.png").write_bytes(pngs.png(np.zeros((4, 6, 3), int), 8, 2, before=before))
    identity(convtool, tmp_path / "in.png", tmp_path / "out.png")
    kept = dict(pngs.chunks((tmp_path / "out.png").read_bytes()))
    assert kept["pHYs"] == struct.pack(">IIB", 5906, 11811, 1)
    assert kept["IHDR"][:8] == struct.pack(">II", 4, 6)


def test_texts_are_kept_in_any_script(convtool, tmp_path):
    """Texts of all three kinds are kept, whatever their letters."""
    before = pngs.chunk("tEXt", b"Title\0caf\xe9") + pngs.chunk(
        "iTXt", "Author\0\0\0ja\0\0山田".encode()
    )
    before += pngs.chunk("zTXt", b"Long\0\0" + zlib.compress(b"x" * 3000))
    (tmp_path / "in.png").write_bytes(pngs.png(np.zeros((4, 6, 3), int), 8, 2, before=before))
    identity(convtool, tmp_path / "in.png", tmp_path / "out.png")
    with Image.open(tmp_path / "out.png") as image:
        assert image.text == {"Title": "café", "Author": "山田", "Long": "x" * 3000}


def test_what_says_srgb_is_no_loss(convtool, tmp_path):
    """An sRGB image loses nothing in a JPEG by its chunks; a linear one does."""
    for name, chunk, noted in (
        ("srgb", pngs.chunk("sRGB", b"\0") + pngs.chunk("gAMA", (45455).to_bytes(4)), False),
        ("linear", pngs.chunk("gAMA", (100000).to_bytes(4)), True),
    ):
        path = tmp_path / f"{name}.png"
        path.write_bytes(pngs.png(np.zeros((4, 6, 3), int), 8, 2, before=chunk))
        result = identity(convtool, path, tmp_path / f"{name}.jpg")
        assert ("colour description" in result.err) == noted


def test_chunks_about_samples_are_named(convtool, tmp_path):
    """Chunks that a filter makes untrue, or that nobody knows, are dropped by name."""
    before = pngs.chunk("sBIT", b"\5\6\5") + pngs.chunk("bKGD", bytes(6)) + pngs.chunk("prVt")
    (tmp_path / "in.png").write_bytes(pngs.png(np.zeros((4, 6, 3), int), 8, 2, before=before))
    result = identity(convtool, tmp_path / "in.png", tmp_path / "out.png")
    assert "PNG chunks dropped: sBIT, bKGD and prVt" in result.err


def test_the_corpus_is_decoded_as_by_libvips(convtool, corpus, tmp_path):
    """Every PNG and GIF of the corpus that is written has the samples that libvips decodes."""
    paths = [*(corpus / "good" / "image").glob("*.png"), *(corpus / "bad" / "image").glob("*.png")]
    written = 0
    for path in sorted(paths):
        result = convtool("image", path, tmp_path / "out.png", "-k", "identity", "--overwrite")
        if result.code:
            assert "bad" in path.parts, path
            continue
        written += 1
        given, out = (by_vips(each, tmp_path) for each in (path, tmp_path / "out.png"))
        assert np.array_equal(given, out), path
    assert written >= 5


def by_vips(path, folder):
    """Return the samples that libvips decodes, as bytes or words."""
    raw = folder / "vips.pnm"
    try:
        subprocess.run(["vips", "flatten", path, raw], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("vips is not installed")
    samples = cv2.imread(str(raw), cv2.IMREAD_UNCHANGED)
    raw.unlink()
    return samples if samples.ndim == 3 else np.repeat(samples[..., None], 3, 2)
