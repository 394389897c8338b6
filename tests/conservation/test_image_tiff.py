"""Nothing of a TIFF is lost in silence: one with everything in it goes into each format.

exiftool lists what is there before and after; whatever is missing must be named in a note.
"""

import io
import json
import shutil
import subprocess

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from convtool.media.image.formats import WRITABLE

# exiftool's groups of what describes the file or the coding, which a copy has anew.
CODING = ("SourceFile", "ExifTool:", "System:", "File:", "Composite:")
# fmt: off
LAYOUT = {
    "ImageWidth", "ImageHeight", "BitsPerSample", "Compression", "PhotometricInterpretation",
    "StripOffsets", "SamplesPerPixel", "RowsPerStrip", "StripByteCounts", "PlanarConfiguration",
    "ExtraSamples", "SampleFormat", "SubfileType", "ExifVersion", "XMPToolkit", "GPSVersionID",
    "ResolutionUnit", "XResolution", "YResolution", "ApplicationRecordVersion",
    "CodedCharacterSet", "ComponentsConfiguration", "FlashpixVersion", "ColorSpace",
}
# fmt: on
# The words of a note that name what a group holds.
NAMES = {
    "IFD0": ("EXIF", "GeoTIFF"),
    "ExifIFD": ("EXIF",),
    "GPS": ("EXIF",),
    "XMP-xmp": ("XMP",),
    "IPTC": ("IPTC",),
    "GeoTiff": ("GeoTIFF",),
}
TARGETS = sorted({format.suffixes[0] for format in WRITABLE.values()})
SIZE = (24, 32)
SAMPLES = np.dstack(
    [np.add.outer(np.arange(24) * 5, np.arange(32) * 4) + step for step in (0, 9, 18)]
).astype(np.uint16)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a TIFF with everything in it: 16 bits, transparency, all kinds of metadata."""
    path = tmp_path_factory.mktemp("whole") / "in.tif"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    tags = [
        (33550, 12, 3, (0.5, 0.5, 0.0), True),
        (33922, 12, 6, (0.0, 0.0, 0.0, 100.0, 200.0, 0.0), True),
        (34735, 3, 8, (1, 1, 0, 1, 1024, 0, 1, 1), True),
        (34737, 2, 0, b"a model|\0", True),
        (42112, 2, 0, b"<GDALMetadata/>\0", True),
        (42113, 2, 0, b"-9999\0", True),
    ]
    opaque = np.full((*SIZE, 1), 65535, np.uint16)
    tifffile.imwrite(
        path,
        np.concatenate([SAMPLES * 257, opaque], 2),
        photometric="rgb",
        extrasamples=["unassalpha"],
        iccprofile=profile,
        resolution=(120, 60),
        resolutionunit=3,
        extratags=tags,
        metadata=None,
        software=False,
    )
    words = (
        *("-ImageDescription=Grüße 日本", "-Artist=Zoë", "-Copyright=somebody", "-Make=A camera"),
        *("-ExposureTime=1/50", "-UserComment=a comment", "-LensModel=a lens", "-ISO=200"),
        *("-GPSAltitude=100.5", "-XMP-xmp:Rating=4", "-XMP-xmp:Label=Blue"),
        *("-IPTC:Keywords=hills", "-IPTC:Headline=a title", "-HostComputer=mine"),
    )
    subprocess.run(["exiftool", "-q", "-overwrite_original", *words, path], check=True)
    return path


def listed(*paths):
    """Return what exiftool finds in files, by group and name."""
    command = ["exiftool", "-j", "-a", "-G1", "-u", *paths]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return [
        {
            tag: value
            for tag, value in one.items()
            if not (tag.startswith(CODING) or tag.split(":")[-1] in LAYOUT)
        }
        for one in found
    ]


def words_for(tag):
    """Return the words of which a note must hold one where a tag is missing."""
    group = tag.split(":")[0]
    return ("colour profile",) if group.startswith("ICC") else NAMES[group]


needs_exiftool = pytest.mark.skipif(
    shutil.which("exiftool") is None, reason="exiftool is not installed"
)


@needs_exiftool
def test_what_is_missing_is_named(convtool, tmp_path, whole):
    """Every tag of the input is in the output, or a note names its kind."""
    notes, outs = {}, [tmp_path / f"out{suffix}" for suffix in TARGETS]
    for out in outs:
        result = convtool("image", whole, out, "-k", "identity")
        assert result.code == 0, result.err
        notes[out] = [line for line in result.err.splitlines() if line.startswith("note: ")]
    outs = [out for out in outs if out.suffix not in (".npy", ".pam", ".pfm")]  # unknown to it
    before, *after = listed(whole, *outs)
    assert len(before) > 40
    for out, found in zip(outs, after, strict=True):
        there = {tag.split(":")[-1]: value for tag, value in found.items()}
        for tag, value in before.items():
            if there.get(tag.split(":")[-1]) != value:
                message = f"{out.suffix}: {tag} = {value} is missing, {notes[out]}"
                assert any(word in note for note in notes[out] for word in words_for(tag)), message


@needs_exiftool
@pytest.mark.parametrize("suffix", TARGETS)
def test_the_resolution_is_kept_or_named(convtool, tmp_path, whole, suffix):
    """120 and 60 per centimetre are 304.8 and 152.4 dots per inch."""
    out = tmp_path / f"out{suffix}"
    result = convtool("image", whole, out, "-k", "identity")
    command = ["exiftool", "-j", "-n", "-XResolution", "-YResolution", "-ResolutionUnit", out]
    found = {}
    if suffix not in (".npy", ".pam", ".pfm"):
        found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)[0]
    scale = 2.54 if found.get("ResolutionUnit") == 3 else 1
    if suffix in (".png", ".bmp"):
        with Image.open(out) as image:
            pair = image.info["dpi"]
    else:
        pair = found.get("XResolution", 0) * scale, found.get("YResolution", 0) * scale
    assert pair == pytest.approx((304.8, 152.4), abs=0.6) or "resolution" in result.err


@needs_exiftool
def test_a_tiff_keeps_all_of_it_without_a_word(convtool, tmp_path, whole):
    """From TIFF to TIFF nothing is lost, and nothing is said."""
    result = convtool("image", whole, tmp_path / "out.tif", "-k", "identity")
    assert "note" not in result.err
    before, after = listed(whole, tmp_path / "out.tif")
    assert before == after
    given, kept = tifffile.imread(whole), tifffile.imread(tmp_path / "out.tif")
    assert np.array_equal(given, kept)


def test_pages_channels_and_depths_are_kept_or_named(convtool, tmp_path):
    """Pages of three kinds: TIFF keeps them; others refuse them or name what is lost."""
    memory = io.BytesIO()
    with tifffile.TiffWriter(memory) as file:
        for page in (SAMPLES * 257, SAMPLES.astype(np.uint8), SAMPLES[::2, :, 0].copy()):
            photometric = "rgb" if page.ndim == 3 else "minisblack"
            file.write(page, photometric=photometric, metadata=None, contiguous=False)
    (tmp_path / "in.tif").write_bytes(memory.getvalue())
    for suffix in TARGETS:
        out = tmp_path / f"out{suffix}"
        result = convtool("image", tmp_path / "in.tif", out, "-k", "identity")
        if suffix == ".tif":
            with tifffile.TiffFile(out) as file:
                kinds = [(page.shape, page.dtype) for page in file.pages]
            assert kinds == [(SAMPLES.shape, "u2"), (SAMPLES.shape, "u1"), ((12, 32), "u2")]
            assert "note" not in result.err
        else:
            assert result.code == 1 or "note" in result.err, suffix
