"""Nothing is lost in silence: a PNG, an APNG and a GIF with everything in them, into each format.

exiftool lists what is there before and after, and Pillow counts frames and times; whatever is
missing must be named in a note.
"""

import functools
import io
import json
import shutil
import struct
import subprocess
import zlib

import gifs
import numpy as np
import pngs
import pytest
from PIL import ExifTags, Image, ImageCms

from convtool.media.image.formats import WRITABLE

POINTS = pngs.chunk("cICP", bytes([9, 16, 0, 1]))  # BT.2020, PQ
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" xmp:Label="Blue"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
# What exiftool says of the file and its coding, which a copy has anew.
CODING = ("SourceFile", "ExifTool:", "System:", "File:", "Composite:")
LAYOUT = {
    "ImageWidth",
    "ImageHeight",
    "BitDepth",
    "ColorType",
    "Compression",
    "Filter",
    "Interlace",
    "Palette",
    "Transparency",
    "AnimationFrames",  # Pillow counts frames
    "AnimationPlays",
    "AnimationIterations",
    "GIFVersion",
    "HasColorMap",
    "ColorResolutionDepth",
    "BitsPerPixel",
    "BackgroundColor",
    "FrameCount",
    "Duration",
    "TransparentColor",
    "ExifByteOrder",
    "ResolutionUnit",
    "YCbCrPositioning",
    "MatrixCoefficients",  # of stored samples
    "VideoFullRangeFlag",
    "XMPToolkit",
    "PixelsPerUnitX",  # Pillow knows the resolution of all formats
    "PixelsPerUnitY",
    "PixelUnits",
    "XResolution",
    "YResolution",
    "ProfileName",  # a label of the chunk; the profile has a description of its own
}
# How a note names what exiftool's groups and tags belong to.
NAMES = {
    "IFD0": "EXIF",
    "ExifIFD": "EXIF",
    "GPS": "EXIF",
    "XMP-xmp": "XMP",
    "IPTC": "IPTC",
    "ICC-header": "colour profile",
    "ICC_Profile": "colour profile",
    "ICC-view": "colour profile",
    "ICC-meas": "colour profile",
    "PNG-cICP": "colour description",
    "Gamma": "colour description",
    "WhitePointX": "colour description",
    "ModifyDate": "tIME",
    "Title": "text",
    "Author": "text",
    "Author-ja": "language of the text",
    "Comment": "text",
    "SignificantBits": "sBIT",
    "PaletteHistogram": "hIST",
}


@functools.cache
def profile():
    """Return a colour profile, which holds the time when it was made."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def tags():
    """Return EXIF tags."""
    made = Image.Exif()
    made[ExifTags.Base.Make] = "A camera"
    made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.ExposureTime] = 0.01
    made.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAltitude] = 100.5
    return made.tobytes().removeprefix(b"Exif\0\0")


def iptc():
    """Return IPTC records as programs keep them in a PNG."""
    record = b"\x1c\x02\x05\0\5title"
    resource = b"8BIM\4\4\0\0" + len(record).to_bytes(4) + record
    words = f"\niptc\n{len(resource):8}\n{resource.hex()}\n".encode()
    return pngs.chunk("zTXt", b"Raw profile type iptc\0\0" + zlib.compress(words))


def before_pixels(colours):
    """Return chunks of every kind that can stand before the pixels, `colours` first."""
    return b"".join(
        [
            colours,
            pngs.chunk("gAMA", (50000).to_bytes(4)),
            pngs.chunk("cHRM", struct.pack(">8I", *range(30000, 38000, 1000))),
            pngs.chunk("mDCV", struct.pack(">8HII", *range(8), 10**7, 50)),
            pngs.chunk("cLLI", struct.pack(">II", 10**7, 4 * 10**6)),
            pngs.chunk("sBIT", bytes([9, 10, 11, 12])),
            pngs.chunk("pHYs", struct.pack(">IIB", 11811, 5906, 1)),
            pngs.chunk("tIME", struct.pack(">HBBBBB", 2024, 6, 7, 8, 9, 10)),
            pngs.chunk("eXIf", tags()),
            pngs.chunk("tEXt", b"Title\0a title"),
            pngs.chunk("iTXt", "Author\0\0\0ja\0\0山田".encode()),
            pngs.chunk("iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET),
            iptc(),
        ]
    )


def still():
    """Return a 16-bit PNG with everything in it."""
    samples = np.random.default_rng(1).integers(0, 65536, (8, 9, 4))
    samples[..., 3] = 65535
    return pngs.png(samples, 16, 6, before=before_pixels(POINTS))


def animated():
    """Return an APNG with everything in it: a default image, frames, times, plays."""
    samples = np.random.default_rng(1).integers(0, 65536, (4, 8, 9, 4))
    samples[..., 3] = 65535
    parts = [pngs.SIGNATURE, pngs.header(9, 8, 16, 6)]
    parts += [before_pixels(pngs.chunk("iCCP", b"name\0\0" + zlib.compress(profile())))]
    parts += [pngs.chunk("acTL", struct.pack(">II", 3, 2))]
    parts += [pngs.chunk("IDAT", pngs.pixels(samples[0], 16))]
    for index in range(3):
        parts.append(pngs.control(2 * index, (0, 0, 9, 8), (index + 1, 30)))
        data = pngs.pixels(samples[index + 1], 16)
        parts.append(pngs.chunk("fdAT", (2 * index + 1).to_bytes(4) + data))
    return b"".join([*parts, pngs.chunk("IEND")])


def gif():
    """Return a GIF with everything in it."""
    xmp = PACKET + bytes([1, *range(255, -1, -1), 0])
    palette = bytes(range(48))
    images = [
        gifs.control(delay) + gifs.image(np.full((8, 9), delay % 16)) for delay in (0, 20, 30)
    ]
    blocks = [
        gifs.loop(1),
        gifs.comment("ein Wört".encode()),
        gifs.application(b"XMP DataXMP", xmp),
        gifs.application(b"ICCRGBG1012", gifs.sub_blocks(profile())),
    ]
    return gifs.gif(9, 8, *blocks, *images, palette=palette)


MAKERS = {"png": still, "apng": animated, "gif": gif}
TARGETS = sorted({format.suffixes[0] for format in WRITABLE.values()})
SINGLE = [suffix for suffix in TARGETS if not WRITABLE[suffix].frames]


def listed(paths):
    """Return what exiftool finds in files, by group and name."""
    command = ["exiftool", "-j", "-a", "-G1", "-u", *paths]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return [
        {
            tag: value
            for tag, value in one.items()
            if tag == "File:Comment" or not (tag.startswith(CODING) or tag.split(":")[-1] in LAYOUT)
        }
        for one in found
    ]


def name_of(tag):
    """Return how a note names what a tag belongs to."""
    group, _, name = tag.partition(":")
    if group.startswith("ICC"):
        return "colour profile"
    if name.startswith(("Red", "Green", "Blue", "White", "Mastering", "Content")):
        return "colour description"
    return NAMES.get(group) or NAMES[name]


def overridden(tag):
    """Return True for what counts less than the code points or the profile that are kept."""
    return name_of(tag) == "colour description" and "Mastering" not in tag


def timing(path):
    """Return how long the frames of a file are shown, and how often; None where it has no time."""
    with Image.open(path) as image:
        durations = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            image.load()
            durations.append(round(image.info.get("duration") or 0, 3))
        if image.info.get("default_image"):
            durations = durations[1:]
        again = image.info.get("loop")
        if image.format == "GIF":
            again = 1 if again is None else again + 1 if again else 0
        return durations, again or 0


def resolution(path):
    """Return the resolution of a file, in whole dots per inch; Pillow does not open all files."""
    if path.suffix in (".heic", ".pfm"):
        return ()
    with Image.open(path) as image:
        return tuple(map(round, image.info.get("dpi") or ()))


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_missing_is_named(convtool, tmp_path, kind):
    """Every tag of the input is in the output, or a note names its kind."""
    source = tmp_path / f"in.{kind}"
    source.write_bytes(MAKERS[kind]())
    single = kind == "png"
    outs = [tmp_path / f"out{suffix}" for suffix in TARGETS if single or suffix not in SINGLE]
    notes = {}
    for out in outs:
        result = convtool("image", source, out, "-k", "identity")
        assert result.code == 0, result.err
        notes[out] = [line for line in result.err.splitlines() if line.startswith("note: ")]
    # exiftool knows no arrays, and lists nothing for them.
    outs = [out for out in outs if out.suffix not in (".npy", ".pam")]
    before, *after = listed([source, *outs])
    for out, found in zip(outs, after, strict=True):
        there = {tag.split(":")[-1]: value for tag, value in found.items()}
        for tag, value in before.items():
            if there.get(tag.split(":")[-1]) != value and not (
                out.suffix in (".avif", ".heic") and tag.startswith("PNG:") and overridden(tag)
            ):
                words = name_of(tag)
                message = f"{kind} into {out.suffix}: {tag} = {value} is missing, {notes[out]}"
                assert any(words in note for note in notes[out]), message
        if resolution(source) and resolution(out) != resolution(source):
            assert any("resolution" in note for note in notes[out]), out


@pytest.mark.parametrize("suffix", [suffix for suffix in TARGETS if suffix not in SINGLE])
@pytest.mark.parametrize("kind", ["apng", "gif"])
def test_times_are_kept_or_named(convtool, tmp_path, kind, suffix):
    """Frames, their durations, repetitions and depth are kept, or a note names them."""
    source, out = tmp_path / f"in.{kind}", tmp_path / f"out{suffix}"
    source.write_bytes(MAKERS[kind]())
    result = convtool("image", source, out, "-k", "identity")
    assert result.code == 0, result.err
    if suffix == ".npy":
        assert "durations of frames dropped" in result.err
        assert "plays" in result.err
        return
    (before, plays), (after, again) = timing(source), timing(out)
    assert len(before) == len(after) == 3
    assert before == after or "durations of frames" in result.err or "a duration" in result.err
    assert plays == again or "plays" in result.err
    if kind == "apng" and suffix != ".png":
        assert "default image dropped" in result.err
        assert suffix == ".tif" or "16-bit samples stored as 8-bit" in result.err


@pytest.mark.parametrize("make", [still, animated])
def test_a_png_keeps_its_chunks(convtool, tmp_path, make):
    """Each chunk of a PNG is in the PNG made of it, byte for byte, or named in a note."""
    (tmp_path / "in.png").write_bytes(make())
    result = convtool("image", tmp_path / "in.png", tmp_path / "out.png", "-k", "identity")
    before = pngs.chunks(make())
    after = dict(pngs.chunks((tmp_path / "out.png").read_bytes()))
    for kind, data in before:
        if kind in ("IDAT", "fdAT", "fcTL", "iCCP", "iTXt", "tEXt", "eXIf"):
            assert kind in after
        elif kind != "zTXt":  # a profile of IPTC, which is short enough to stand as it is
            assert after.get(kind) == data or kind in result.err, kind
    with Image.open(tmp_path / "in.png") as given, Image.open(tmp_path / "out.png") as out:
        assert out.info.get("icc_profile") == given.info.get("icc_profile")
        assert out.text["Title"] == "a title"
        assert out.text["Author"] == "山田"
        assert out.info["xmp"] == PACKET


def test_an_opaque_png_stays_opaque(convtool, tmp_path):
    """Depth and channels of the file with everything in it are kept as well."""
    (tmp_path / "in.png").write_bytes(still())
    convtool("image", tmp_path / "in.png", tmp_path / "out.png", "-k", "identity")
    given, kept = (io.BytesIO((tmp_path / name).read_bytes()) for name in ("in.png", "out.png"))
    assert given.getvalue()[8:33] == kept.getvalue()[8:33]
