"""AVIF, HEIC and WebP: depth and colours, transformations, metadata, lossless files."""

import io
import json
import re
import shutil
import subprocess

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from PIL import ExifTags, Image, ImageCms

from convtool.media.image.isobmff.boxes import walk
from convtool.media.image.isobmff.description import describe
from convtool.media.image.isobmff.rewriting import with_colour, with_metadata

PQ = (9, 16)  # BT.2020 with the transfer function of ST 2084
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
)
MASTERING = bytes.fromhex("84d03e80 33c28a48 1d4c0bb8 3d134042 009c4000 00000032".replace(" ", ""))
LIGHT = (1000).to_bytes(2) + (400).to_bytes(2)


def smooth(bits, channels=3):
    """Return a smooth image, opaque but for one corner. Shape: (64, 96, channels)"""
    y, x = np.mgrid[:64, :96]
    alpha = (x >= 16) | (y >= 16)
    planes = np.stack([x / 96, y / 64, x * y / 6144, alpha], -1)[..., :channels]
    return np.rint(planes * (2**bits - 1)).astype(np.uint16)


def avif(samples, bits, colour=PQ, sampling="444"):
    """Return an AVIF image of more than 8 bits."""
    return bytes(
        imagecodecs.avif_encode(
            samples,
            level=95,
            bitspersample=bits,
            pixelformat=sampling,
            primaries=colour[0],
            transfer=colour[1],
            matrix=9,
        )
    )


def heic(samples, bits, colour=PQ):
    """Return a HEIC image of more than 8 bits."""
    memory = io.BytesIO()
    mode = {1: "L;16", 3: "RGB;16", 4: "RGBA;16"}[samples.shape[2]]
    pillow_heif.encode(
        mode,
        samples.shape[1::-1],
        (samples << (16 - bits)).tobytes(),
        memory,
        quality=95,
        bit_depth=bits,
        chroma=444,
        color_primaries=colour[0],
        transfer_characteristics=colour[1],
        matrix_coefficients=9,
        full_range_flag=1,
    )
    return memory.getvalue()


ENCODERS = {"avif": avif, "heic": heic}


def decoded(path):
    """Return the samples of a deep file, in its own bits."""
    if path.suffix == ".avif":
        return np.atleast_3d(imagecodecs.avif_decode(path.read_bytes()))
    image = pillow_heif.open_heif(path, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    return np.atleast_3d(np.asarray(image[0]))


def described(path):
    """Return what a file says of its image, as our own reader has it."""
    return describe(path.read_bytes(), lambda _: None)


def tags(path):
    """Return what exiftool finds, by group and name."""
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    command = ["exiftool", "-j", "-a", "-G1", path]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)[0]


@pytest.fixture
def identity(convtool, tmp_path):
    """A function that copies a file by the identity, and returns the result and the output."""

    def run(data, suffix, target, *options):
        source, out = tmp_path / f"in.{suffix}", tmp_path / f"out.{target}"
        source.write_bytes(data)
        return convtool("image", source, out, "-k", "identity", "--overwrite", *options), out

    return run


@pytest.mark.parametrize("bits", [10, 12])
@pytest.mark.parametrize("suffix", ["avif", "heic"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_deep_images_keep_their_bits_and_their_colours(identity, suffix, bits, channels):
    """10 and 12 bits of PQ stay what they are, in grey and colour, with alpha and without."""
    given = smooth(bits, channels)
    result, out = identity(ENCODERS[suffix](given, bits), suffix, suffix, "--quality", "99")
    assert result.err.splitlines() == [f"wrote {out}"]
    assert described(out).bits == bits
    assert described(out).colour["cICP"] == bytes((*PQ, 0, 1))
    found = decoded(out).astype(int)
    assert found.shape == given.shape
    assert np.abs(found - given)[16:, 16:].max() <= 2 ** (bits - 6)


@pytest.mark.parametrize("suffix", ["avif", "heic"])
def test_deep_images_become_16_bits_elsewhere(identity, suffix):
    """10 bits fill the full range of 16; 8 bits and lost colours are named."""
    data = ENCODERS[suffix](smooth(10), 10)
    _, out = identity(data, suffix, "tif")
    found = tifffile.imread(out)
    assert found.dtype == np.uint16
    expected = smooth(10) * (65535 / 1023)
    assert np.abs(found - expected).max() < 16 * 65535 / 1023
    result, out = identity(data, suffix, "jpg")
    assert "10-bit samples stored as 8-bit in JPEG" in result.err
    assert "colour description dropped, which JPEG cannot hold" in result.err


@pytest.mark.parametrize("suffix", ["avif", "heic"])
def test_mastering_display_and_light_levels_are_kept(identity, suffix):
    """Mastering display and light levels go from AVIF and HEIC into both."""
    extra = [(b"mdcv", MASTERING), (b"clli", LIGHT)]
    data = with_metadata(ENCODERS[suffix](smooth(10), 10), extra, b"", PACKET)
    for target in ("avif", "heic"):
        result, out = identity(data, suffix, target)
        assert result.code == 0, result.err
        content = out.read_bytes()
        boxes = {box.kind: content[box.start : box.end] for box in walk(content)}
        assert boxes[b"mdcv"] == MASTERING
        assert boxes[b"clli"] == LIGHT
        assert tags(out)["XMP-xmp:Rating"] == 4
        assert decoded(out).shape == (64, 96, 3)


def test_an_8_bit_image_of_wide_colours_is_not_labelled_srgb(identity):
    """The colours of 8-bit images are described as well, stills and animations."""
    memory = io.BytesIO()
    frames = [Image.fromarray((smooth(8) // (n + 1)).astype(np.uint8)) for n in range(2)]
    frames[0].save(memory, "AVIF", quality=90)
    data = with_colour(memory.getvalue(), 12, 13)
    _, out = identity(data, "avif", "avif")
    assert described(out).colour == {"cICP": bytes((12, 13, 0, 1))}
    memory = io.BytesIO()
    frames[0].save(memory, "AVIF", save_all=True, append_images=frames[1:], duration=100)
    _, out = identity(with_colour(memory.getvalue(), *PQ), "avif", "avif")
    assert described(out).colour == {"cICP": bytes((*PQ, 0, 1))}
    assert Image.open(out).n_frames == 2
    result, _ = identity(data, "avif", "webp")
    assert "colour description dropped, which WEBP cannot hold" in result.err


def test_deep_frames_are_read_in_8_bits_with_a_note(identity, tmp_path):
    """An animation of 10 bits keeps its frames; that it loses bits is said."""
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed")
    made = tmp_path / "made.avif"
    command = "ffmpeg -v error -f lavfi -i testsrc=size=96x64:rate=5:duration=0.6 -c:v libaom-av1"
    done = subprocess.run(
        [*command.split(), "-cpu-used", "8", "-pix_fmt", "yuv420p10le", made], check=False
    )
    if done.returncode:
        pytest.skip("this ffmpeg does not write AVIF")
    result, out = identity(made.read_bytes(), "avif", "avif")
    assert "frames of 10 bits read as 8-bit" in result.err
    assert Image.open(out).n_frames == 3


def test_grey_with_alpha_in_10_bits(identity):
    """Monochrome AVIF with alpha is read."""
    grey = np.arange(64 * 96, dtype=np.uint16).reshape(64, 96) % 1024
    alpha = np.where(np.mgrid[:64, :96][1] > 40, 1023, 0).astype(np.uint16)
    data = avif(np.dstack([grey, alpha]), 10, sampling="400")
    result, out = identity(data, "avif", "tif")
    assert result.code == 0, result.err
    found = tifffile.imread(out)
    assert found.dtype == np.uint16
    assert np.abs(found[..., 0].astype(int) / 65535 - grey / 1023)[:, 60:].max() < 0.1


@pytest.mark.parametrize("suffix", ["avif", "heic"])
def test_cut_files_are_refused_in_words(identity, suffix):
    """A cut file is refused in our words."""
    data = ENCODERS[suffix](smooth(10), 10)
    for cut in (len(data) - 40, 100):
        result, out = identity(data[:cut], suffix, "png")
        assert result.code == 1
        assert re.search(r"cannot be read: (it is damaged|a box|the description)", result.err)
        assert not out.exists()


def test_a_cut_webp_is_refused_in_words(identity):
    """A cut WebP is refused by the length that it declares."""
    memory = io.BytesIO()
    Image.fromarray(smooth(8).astype(np.uint8)).save(memory, "WEBP")
    whole = len(memory.getvalue())
    result, _ = identity(memory.getvalue()[:-60], "webp", "png")
    assert result.code == 1
    assert f"truncated: {whole} bytes declared, {whole - 60} found" in result.err


def test_srgb_needs_no_description(identity):
    """An image of sRGB goes anywhere without a note."""
    memory = io.BytesIO()
    Image.fromarray(smooth(8).astype(np.uint8)).save(memory, "AVIF")
    for target in ("avif", "heic", "jpg", "webp", "png"):
        result, out = identity(memory.getvalue(), "avif", target)
        assert result.err.splitlines() == [f"wrote {out}"]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_transformations_of_avif_count(identity, orientation):
    """Rotation and mirroring of the file are applied, as Pillow writes them."""
    given = smooth(8).astype(np.uint8)
    memory, exif = io.BytesIO(), Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    Image.fromarray(given).save(memory, "AVIF", quality=100, subsampling="4:4:4", exif=exif)
    _, out = identity(memory.getvalue(), "avif", "png")
    turn = Image.Transpose
    turns = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}  # numbers of Pillow's transpositions
    image = Image.fromarray(given)
    expected = image.transpose(turn(turns[orientation])) if orientation > 1 else image
    found = np.asarray(Image.open(out)).astype(int)
    assert found.shape == np.asarray(expected).shape
    assert np.abs(found - np.asarray(expected)).max() <= 4


def test_the_exif_orientation_of_avif_does_not_count(identity):
    """An orientation in EXIF that the file's own transformation contradicts is left out."""
    memory = io.BytesIO()
    Image.fromarray(smooth(8).astype(np.uint8)).save(memory, "AVIF")
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation], exif[ExifTags.Base.Make] = 6, "XXXXXXXX"
    block = exif.tobytes().replace(b"XXXXXXXX", "Żółć".encode()).removeprefix(b"Exif\0\0")
    result, out = identity(with_metadata(memory.getvalue(), [], block), "avif", "avif")
    assert result.err.splitlines() == [f"wrote {out}"]
    assert Image.open(out).size == (96, 64)
    assert tags(out)["IFD0:Make"] == "Żółć"
    assert "IFD0:Orientation" not in tags(out)


def test_premultiplied_alpha_is_divided_out(identity):
    """Colours that are stored multiplied by alpha come out as they are seen."""
    given = np.zeros((32, 32, 4), np.uint8)
    given[...] = (200, 100, 50, 128)
    memory = io.BytesIO()
    image = Image.fromarray(given)
    image.save(memory, "AVIF", quality=100, subsampling="4:4:4", alpha_premultiplied=True)
    expected = np.asarray(Image.open(memory)).astype(int)
    _, out = identity(memory.getvalue(), "avif", "png")
    found = np.asarray(Image.open(out)).astype(int)
    assert np.abs(found - expected).max() <= 2
    assert np.abs(found - given).max() <= 8


def test_exif_xmp_and_profile_go_between_all(identity):
    """EXIF, XMP and profile go from each of WebP, AVIF, HEIC, JPEG and PNG into each."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "A camera"
    for suffix in ("webp", "avif", "jpg"):
        memory = io.BytesIO()
        Image.fromarray(smooth(8).astype(np.uint8)).save(
            memory,
            {"jpg": "JPEG"}.get(suffix, suffix),
            exif=exif.tobytes(),
            xmp=PACKET,
            icc_profile=profile,
        )
        for target in ("webp", "avif", "heic", "jpg"):
            result, out = identity(memory.getvalue(), suffix, target)
            assert result.err.splitlines() == [f"wrote {out}"]
            found = tags(out)
            assert found["IFD0:Make"] == "A camera"
            assert found["XMP-xmp:Rating"] == 4
            assert found["ICC-header:ProfileClass"] == "Display Device Profile"


@pytest.mark.parametrize("animated", [False, True])
@pytest.mark.parametrize("lossless", [False, True])
def test_lossless_webp_stays_lossless(identity, rng, lossless, animated):
    """A lossless WebP is written without loss, a lossy one with loss, and 100 is lossless."""
    noise = rng.integers(0, 256, (2, 24, 32, 4), np.uint8)
    noise[..., 3] = 255
    frames = [Image.fromarray(frame) for frame in noise]
    memory = io.BytesIO()
    more = {"save_all": True, "append_images": frames[1:], "duration": 50} if animated else {}
    frames[0].save(memory, "WEBP", lossless=lossless, exact=True, quality=80, **more)
    _, out = identity(memory.getvalue(), "webp", "webp")
    assert (b"VP8L" in out.read_bytes()) == lossless
    assert (b"VP8 " in out.read_bytes()) != lossless
    _, best = identity(memory.getvalue(), "webp", "webp", "--quality", "100")
    assert np.array_equal(np.asarray(Image.open(best)), np.asarray(Image.open(memory)))


def test_colours_are_not_halved_at_high_quality(identity):
    """At quality 100 AVIF and HEIC differ from an image of colourful noise by a few levels."""
    flat = np.random.default_rng(5).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    memory = io.BytesIO()
    Image.fromarray(flat).save(memory, "PNG")
    for target in ("avif", "heic", "webp", "jpg"):
        _, out = identity(memory.getvalue(), "png", target, "--quality", "100")
        if target == "heic":
            found = np.asarray(pillow_heif.open_heif(out)[0])
        else:
            found = np.asarray(Image.open(out))
        assert np.abs(found.astype(int) - flat).max() <= 6, target


@pytest.mark.parametrize("target", ["png", "jpg", "avif"])
def test_floats_beyond_1_are_counted_where_they_are_clipped(convtool, tmp_path, target):
    """Clipped floats are counted; floats that are only rounded are not."""
    given = np.full((8, 8, 3), 0.5, np.float32)
    given[0, :2] = 1.5, 1.000001, -0.2
    tifffile.imwrite(tmp_path / "in.tif", given, photometric="rgb")
    out = tmp_path / f"out.{target}"
    result = convtool("image", tmp_path / "in.tif", out, "-k", "identity")
    assert "4 of 192 samples clipped; --normalize minmax scales them to fit" in result.err
    given[0, :2] = 1, 0, 1.000001
    tifffile.imwrite(tmp_path / "in.tif", given, photometric="rgb")
    result = convtool("image", tmp_path / "in.tif", out, "-k", "identity", "--overwrite")
    assert "clipped" not in result.err
