"""Nothing is lost in silence: JPEG, WebP, AVIF and HEIC with everything in them, into each format.

exiftool lists what is there before and after; whatever is missing must be named in a note.
"""

import io
import json
import shutil
import subprocess

import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageCms

from convtool.media.image.formats import READABLE
from convtool.media.image.isobmff.rewriting import with_colour, with_metadata

PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
    b'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" xmp:Label="Blue"/>'
    b"</rdf:RDF></x:xmpmeta>"
)
# fmt: off
# exiftool's groups of what describes the file or the coding, which a copy has anew.
CODING = (
    "SourceFile", "ExifTool:", "System:", "File:", "Composite:", "QuickTime:", "RIFF:", "PNG:",
    "GIF:", "JFIF:JFIFVersion", "MPF", "Meta:", "Adobe:", "APP14:",
)
# Tags that describe the layout of a file, though they are EXIF's.
LAYOUT = (
    "ImageWidth", "ImageHeight", "ExifImageWidth", "ExifImageHeight", "BitsPerSample",
    "Compression", "PhotometricInterpretation", "StripOffsets", "SamplesPerPixel", "RowsPerStrip",
    "StripByteCounts", "PlanarConfiguration", "Orientation", "SubfileType", "ResolutionUnit",
    "YCbCrPositioning", "ExtraSamples", "SampleFormat", "Predictor", "ExifVersion",
)
# fmt: on
# The words of a note that name what a group holds.
NAMES = {
    "IFD0": "EXIF",
    "ExifIFD": "EXIF",
    "GPS": "EXIF",
    "InteropIFD": "EXIF",
    "IFD1": "thumbnail",
    "XMP": "XMP",
    "IPTC": "IPTC",
    "ICC": "colour profile",
    "ICC_Profile": "colour profile",
    "Ducky": "APP12",
    "JFIF": "resolution",
    "Photoshop": "Photoshop",
    "JUMBF": "APP11",
    "MPImage": "second image",
}


def exif():
    """Return an EXIF block of many kinds of tags."""
    made = Image.Exif()
    made[ExifTags.Base.Make] = "XXXXXXXX"
    made[ExifTags.Base.Orientation] = 1
    made[ExifTags.Base.Copyright] = "somebody"
    made[ExifTags.Base.XResolution] = made[ExifTags.Base.YResolution] = 300
    made[ExifTags.Base.ResolutionUnit] = 2
    inner = made.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.ExposureTime] = 0.01
    inner[ExifTags.Base.ExifImageWidth], inner[ExifTags.Base.ExifImageHeight] = 48, 32
    inner[ExifTags.Base.UserComment] = b"ASCII\0\0\0a comment"
    made.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAltitude] = 100.5
    return made.tobytes().replace(b"XXXXXXXX", "Żółć".encode())


def profile():
    """Return a colour profile."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture():
    """Return an image. Shape: (32, 48, 3)"""
    y, x = np.mgrid[:32, :48]
    return np.stack([x * 5, y * 7, x + y], -1).astype(np.uint8)


def segment(marker, payload):
    """Return an encoded segment."""
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def jpeg():
    """Return a JPEG with everything in it."""
    memory = io.BytesIO()
    Image.fromarray(picture()).save(
        memory, "JPEG", exif=exif(), icc_profile=profile(), xmp=PACKET, dpi=(300, 300)
    )
    data = memory.getvalue()
    record = b"\x1c\x01\x5a\0\3\x1b%G" + b"\x1c\x02\x50\0\x08" + "Żółć".encode()
    blocks = b"8BIM\4\4\0\0" + len(record).to_bytes(4) + record + bytes(len(record) % 2)
    blocks += b"8BIM\4\x0b\0\0\0\0\0\x0ehttp://one.two"
    more = [
        segment(0xED, b"Photoshop 3.0\0" + blocks),
        segment(0xFE, "日本".encode()),
        segment(0xEC, b"Ducky\0\1\0\4\0\0\0\x50\0\0"),
    ]
    return data[:2] + b"".join(more) + data[2:] + data


def webp():
    """Return a WebP with everything in it."""
    memory = io.BytesIO()
    Image.fromarray(picture()).save(memory, "WEBP", exif=exif(), icc_profile=profile(), xmp=PACKET)
    return memory.getvalue()


def avif():
    """Return an AVIF with everything in it, its colours described by code points."""
    memory = io.BytesIO()
    Image.fromarray(picture()).save(memory, "AVIF", exif=exif(), xmp=PACKET)
    light = (1000).to_bytes(2) + (400).to_bytes(2)
    return with_metadata(with_colour(memory.getvalue(), 9, 16), [(b"clli", light)])


def heic():
    """Return a HEIC with everything in it."""
    memory = io.BytesIO()
    pillow_heif.encode(
        "RGB",
        (48, 32),
        picture().tobytes(),
        memory,
        exif=exif(),
        xmp=PACKET,
        icc_profile=profile(),
    )
    return memory.getvalue()


MAKERS = {"jpg": jpeg, "webp": webp, "avif": avif, "heic": heic}
TARGETS = sorted({format.suffixes[0] for format in READABLE.values()} - {".npy", ".pam"})
WIDE = ("QuickTime:ColorPrimaries", "QuickTime:TransferCharacteristics")


def listed(paths):
    """Return what exiftool finds in files, by group and name."""
    command = ["exiftool", "-j", "-a", "-G1", "-u", *paths]
    found = json.loads(
        subprocess.run(command, check=False, capture_output=True).stdout
    )  # 1: an unknown type
    return [
        {
            tag: value
            for tag, value in one.items()
            if tag in ("File:Comment", "PNG:Comment", "GIF:Comment", *WIDE)
            or (not tag.startswith(CODING) and tag.split(":")[-1] not in LAYOUT)
        }
        for one in found
    ]


def is_comment(path, value):
    """Return whether a PAM file, which exiftool does not know, holds a comment."""
    return path.suffix == ".pam" and f"# {value}\n".encode() in path.read_bytes()


def resolution(path):
    """Return the resolution of formats that state it in a unit of their own."""
    if path.suffix not in (".bmp", ".png"):
        return {}
    with Image.open(path) as image:
        x, y = image.info.get("dpi", (0, 0))
    return {"XResolution": round(x), "YResolution": round(y)}


def name_of(tag):
    """Return how a note names what a tag belongs to."""
    group, _, _ = tag.partition(":")
    if tag in WIDE:
        return "colour description"
    if tag == "File:Comment":
        return "text"
    group = group.split("-")[0]
    return NAMES.get(group) or NAMES[group.rstrip("0123456789")]


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("kind", MAKERS)
def test_what_is_missing_is_named(convtool, tmp_path, kind):
    """Every tag of the input is in the output, or a note names its kind."""
    source = tmp_path / f"in.{kind}"
    source.write_bytes(MAKERS[kind]())
    outs = [tmp_path / f"out{suffix}" for suffix in TARGETS]
    notes = {}
    for out in outs:
        result = convtool("image", source, out, "-k", "identity")
        assert result.code == 0, result.err
        notes[out] = [line for line in result.err.splitlines() if line.startswith("note: ")]
    before, *after = listed([source, *outs])
    for out, found in zip(outs, after, strict=True):
        there = {tag.split(":")[-1]: value for tag, value in found.items()}
        there = resolution(out) | there
        for tag, value in before.items():
            if there.get(tag.split(":")[-1]) != value and not is_comment(out, value):
                words = name_of(tag)
                message = f"{kind} into {out.suffix}: {tag} = {value} is missing, {notes[out]}"
                assert any(words in note for note in notes[out]), message
