"""JPEG: damage is refused, what stands beside the pixels is kept or named, colours stay sharp."""

import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from PIL import ExifTags, Image, ImageCms

CASES = Path(__file__).parent / "image"
XMP = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
PACKET = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" %b>%b'
    b"</rdf:Description></rdf:RDF></x:xmpmeta>"
)


def segment(marker, payload):
    """Return an encoded segment."""
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def with_segments(data, *segments):
    """Return a JPEG with further segments at its beginning."""
    return data[:2] + b"".join(segments) + data[2:]


def tags(path):
    """Return what exiftool finds, by group and name."""
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    listed = subprocess.run(
        ["exiftool", "-j", "-a", "-G1", "-struct", path], check=True, capture_output=True
    )
    return json.loads(listed.stdout)[0]


@pytest.fixture
def noisy():
    """A colourful image with much detail. Shape: (64, 96, 3)"""
    return np.random.default_rng(5).integers(0, 256, (64, 96, 3), dtype=np.uint8)


@pytest.fixture
def encoded(noisy):
    """A function that encodes it as JPEG by Pillow."""

    def encode(mode="RGB", **options):
        memory = io.BytesIO()
        Image.fromarray(noisy).convert(mode).save(memory, "JPEG", **({"quality": 90} | options))
        return memory.getvalue()

    return encode


@pytest.fixture
def identity(convtool, tmp_path):
    """A function that copies a JPEG by the identity, and returns the result and the output."""

    def run(data, *options, suffix="jpg"):
        source, target = tmp_path / "in.jpg", tmp_path / f"out.{suffix}"
        source.write_bytes(data)
        return convtool("image", source, target, "-k", "identity", "--overwrite", *options), target

    return run


# Named cases.


def test_15a_xmp_is_kept(identity):
    """XMP of a JPEG stays in a JPEG."""
    result, out = identity((CASES / "15a-jpeg-xmp" / "in.jpg").read_bytes())
    assert result.err.splitlines() == [f"wrote {out}"]
    assert tags(out)["XMP-xmp:Rating"] == 4


def test_15c_a_second_image_is_named_and_its_pointer_removed(identity):
    """The second image of a JPEG is dropped with a note, and nothing points to it any more."""
    result, out = identity((CASES / "15c-second-picture-of-jpeg" / "in.jpg").read_bytes())
    assert result.code == 0
    assert "note: in.jpg: a second image in the file dropped" in result.err.replace(
        str(out.parent) + "/", ""
    )
    assert b"MPF\0" not in out.read_bytes()
    assert out.read_bytes().count(b"\xff\xd8\xff") == 1


def test_15d_colours_are_not_halved_at_quality_100(identity):
    """4:4:4 stays 4:4:4: at quality 100 no sample differs by more than a few levels."""
    data = (CASES / "15d-chroma" / "in.jpg").read_bytes()
    _, out = identity(data, "--quality", "100")
    was, found = (np.asarray(Image.open(file)).astype(int) for file in (io.BytesIO(data), out))
    assert np.abs(found - was).max() <= 4


# Damage.


def damaged(data, kind):
    """Return a damaged copy of a JPEG that has restart markers."""
    scan, restart = data.rindex(b"\xff\xda"), data.index(b"\xff\xd1")
    size = data.index(b"\xff\xc0") + 5
    return {
        "no end": data[:-2],
        "cut": data[:-400],
        "cut, with an end": data[:-400] + b"\xff\xd9",
        "wrong restart": data[:restart] + b"\xff\xd5" + data[restart + 2 :],
        "missing restart": data[:restart] + data[restart + 2 :],
        "more rows": data[:size] + (128).to_bytes(2) + data[size + 2 :],
        "fewer rows": data[:size] + (32).to_bytes(2) + data[size + 2 :],
        "wider": data[: size + 2] + (200).to_bytes(2) + data[size + 4 :],
        "narrower": data[: size + 2] + (48).to_bytes(2) + data[size + 4 :],
        "ones": data[: scan + 60] + b"\xff\x00" * 40 + data[scan + 140 :],
        "only a header": data[: scan + 2 + data[scan + 3]],
    }[kind]


KINDS = [
    "no end",
    "cut",
    "cut, with an end",
    "wrong restart",
    "missing restart",
    "more rows",
    "fewer rows",
    "wider",
    "narrower",
    "ones",
    "only a header",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_damaged_image_data_are_refused(identity, encoded, kind, mode):
    """Whatever libjpeg would fill with grey is refused, whatever the colour model."""
    data = damaged(encoded(mode, restart_marker_blocks=4), kind)
    result, out = identity(data, suffix="png")
    assert result.code == 1
    assert re.search(r"error: .*in\.jpg: (truncated|damaged): ", result.err)
    assert "--allow-truncated" in result.err
    assert not out.exists()
    result, out = identity(data, "--allow-truncated", suffix="png")
    assert result.code == 0
    assert re.search(r"note: .*in\.jpg: (truncated|damaged): ", result.err)
    assert out.exists()


def test_a_progressive_image_without_its_last_scans_is_refused(identity, encoded):
    """An image whose scans end early is truncated, though its end marker is there."""
    data = encoded(progressive=True)
    last = data.rindex(b"\xff\xda")
    result, _ = identity(data[:last] + b"\xff\xd9")
    assert result.code == 1
    assert "truncated: the scans of component 1 are incomplete" in result.err


@pytest.mark.parametrize("junk", [b"hello" * 20, bytes(100), b"\xff\xd9"])
def test_what_follows_the_end_is_no_damage(identity, encoded, junk):
    """Bytes behind the image do not matter; they are named where they are more than padding."""
    result, _out = identity(encoded() + junk, suffix="png")
    assert result.code == 0
    assert ("bytes behind the image dropped" in result.err) == bool(junk.strip(b"\0"))


def test_fill_bytes_are_allowed(identity, encoded, noisy):
    """Any number of 0xFF can stand before a marker (T.81, B.1.1.2)."""
    data = encoded()
    scan = data.index(b"\xff\xda")
    result, out = identity(data[:scan] + b"\xff" * 5 + data[scan:], suffix="png")
    assert result.err.splitlines() == [f"wrote {out}"]
    assert np.array_equal(np.asarray(Image.open(out)), np.asarray(Image.open(io.BytesIO(data))))


@pytest.mark.parametrize(
    ("place", "change", "words"),
    [
        (4, b"\x0c", "JPEG of 12 bits is not supported, 8 bits are"),
        (5, b"\0\0", "its frame header states 96×0 pixels"),
        (1, b"\xc5", "hierarchical and differential JPEG is not supported"),
    ],
)
def test_kinds_that_are_not_known_are_refused(identity, encoded, place, change, words):
    """Precisions and processes beyond the known ones are refused in words."""
    data = bytearray(encoded())
    start = data.index(b"\xff\xc0") + place
    data[start : start + len(change)] = change
    result, _ = identity(bytes(data))
    assert result.code == 1
    assert words in result.err


def test_an_unknown_revision_and_a_damaged_profile_do_not_hide_damage(identity, encoded):
    """What libjpeg warns of in the header is no fault of the pixels, whose faults still count."""
    data = with_segments(encoded(), segment(0xE2, b"ICC_PROFILE\0\2\3" + bytes(100)))
    data = data.replace(b"JFIF\0\1", b"JFIF\0\3", 1)
    result, _ = identity(data, suffix="png")
    assert result.code == 0
    assert "damaged colour profile dropped" in result.err
    result, _ = identity(data[:-200], suffix="png")
    assert result.code == 1
    assert "truncated: the image data ends early" in result.err


# Layouts.


@pytest.mark.parametrize("sampling", ["444", "422", "420", "440", "411"])
def test_every_usual_sampling_is_read_as_pillow_reads_it(identity, noisy, sampling):
    """The samples of all usual samplings are libjpeg's."""
    data = simplejpeg.encode_jpeg(noisy, 90, colorsubsampling=sampling)
    _, out = identity(data, suffix="png")
    assert np.array_equal(np.asarray(Image.open(out)), np.asarray(Image.open(io.BytesIO(data))))


def test_rgb_without_transform_and_inks_are_read_as_pillow_reads_them(identity, noisy, encoded):
    """A JPEG of RGB components, and Adobe's inverted CMYK, come out in their colours."""
    flat = np.broadcast_to(np.uint8([200, 90, 30]), (32, 32, 3))
    memory = io.BytesIO()
    Image.fromarray(flat).save(memory, "JPEG", quality=100, keep_rgb=True)
    _, out = identity(memory.getvalue(), suffix="png")
    assert np.abs(np.asarray(Image.open(out)).astype(int) - flat).max() <= 1
    memory = io.BytesIO()
    Image.fromarray(flat).convert("CMYK").save(memory, "JPEG", quality=100)
    result, out = identity(memory.getvalue(), suffix="png")
    assert np.abs(np.asarray(Image.open(out)).astype(int) - flat).max() <= 3
    assert "CMYK converted to RGB" in result.err
    data = memory.getvalue()
    start = data.index(b"\xff\xee")
    bare = data[:start] + data[start + 2 + data[start + 3] :]  # without Adobe's segment
    _, out = identity(bare, suffix="png")
    assert np.abs(np.asarray(Image.open(out)).astype(int) - flat).max() <= 3


@pytest.mark.parametrize(
    ("sampling", "quality", "expected"),
    [
        ("4:4:4", 90, "YCbCr4:4:4 (1 1)"),
        ("4:2:0", 90, "YCbCr4:2:0 (2 2)"),
        ("4:2:2", 80, "YCbCr4:2:2 (2 1)"),
        ("4:2:0", 95, "YCbCr4:4:4 (1 1)"),
    ],
)
def test_the_sampling_of_the_input_is_kept_below_quality_95(
    identity, encoded, sampling, quality, expected
):
    """A JPEG samples colours as its input does, and fully from quality 95 on."""
    _, out = identity(encoded(subsampling=sampling), "--quality", quality)
    assert tags(out)["File:YCbCrSubSampling"] == expected


# Metadata.


def test_extended_xmp_is_joined_and_split_again(identity, encoded):
    """XMP over 64 KB comes and goes in an extension of its packet."""
    guid = b"0123456789ABCDEF0123456789ABCDEF"
    note = b'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="%b"' % guid
    text = b"".join(b"%07d " % number for number in range(12_000))
    more = PACKET.replace(b'xmp:Rating="4"', b"") % (
        b'xmlns:dc="http://purl.org/dc/elements/1.1/"',
        b"<dc:source>" + text + b"</dc:source>",
    )
    parts = [
        segment(
            0xE1,
            EXTENDED + guid + len(more).to_bytes(4) + at.to_bytes(4) + more[at : at + 60_000],
        )
        for at in range(0, len(more), 60_000)
    ]
    packet = segment(0xE1, XMP + PACKET % (note, b""))
    result, out = identity(with_segments(encoded(), packet, *parts))
    assert result.err.splitlines() == [f"wrote {out}"]
    found = tags(out)
    assert found["XMP-xmp:Rating"] == 4
    assert (
        found["XMP-dc:Source"] == text.decode().rstrip() or found["XMP-dc:Source"] == text.decode()
    )
    result, out = identity(with_segments(encoded(), packet, parts[0]))
    assert "extended XMP dropped: it is damaged" in result.err
    assert tags(out)["XMP-xmp:Rating"] == 4
    assert b"HasExtendedXMP" not in out.read_bytes()


def test_gain_maps_and_motion_photos_leave_no_pointers(identity, encoded):
    """A dropped gain map or video is named, and XMP does not announce it any more."""
    attributes = (
        b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" '
        b'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" '
        b'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
        b'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
    )
    directory = (
        b'<Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><Container:Item '
        b'Item:Semantic="Primary" Item:Mime="image/jpeg"/></rdf:li></rdf:Seq></Container:Directory>'
    )
    packet = segment(0xE1, XMP + PACKET % (attributes, directory))
    data = with_segments(encoded(), packet) + encoded()
    result, out = identity(data)
    assert "a second image in the file dropped: a gain map" in result.err
    written = out.read_bytes()
    for word in (b"hdrgm", b"MotionPhoto", b"Container", b"Semantic"):
        assert word not in written
    assert tags(out)["XMP-xmp:Rating"] == 4
    video = with_segments(encoded(), packet) + b"\0\0\0\x18ftypmp42" + bytes(50)
    result, _ = identity(video)
    assert "a video behind the image dropped" in result.err


def test_iptc_comments_and_application_data(identity, encoded):
    """IPTC and comments are kept, in any script; what is left out is named."""
    record = b"\x1c\x01\x5a\0\3\x1b%G" + b"\x1c\x02\x50\0" + bytes([9]) + "Żółć".encode() + b"x"
    blocks = b"8BIM\4\4\0\0" + len(record).to_bytes(4) + record + bytes(len(record) % 2)
    blocks += b"8BIM\x07\xd0\0\0\0\0\0\2ab"
    data = with_segments(
        encoded(),
        segment(0xED, b"Photoshop 3.0\0" + blocks),
        segment(0xFE, "日本".encode()),
        segment(0xFE, b"second"),
        segment(0xEB, b"JP\0\1rest"),
    )
    result, out = identity(data)
    assert "application data dropped: APP11 JP" in result.err
    assert "Photoshop image resources other than IPTC dropped" in result.err
    found = tags(out)
    assert found["IPTC:By-line"] == "Żółćx"
    assert "日本" in found["File:Comment"] or "second" in found["File:Comment"]
    assert out.read_bytes().count(b"\xff\xfe") >= 2
    result, _ = identity(data, suffix="bmp")
    assert re.search(r"IPTC and text dropped, which BMP cannot hold", result.err)


def exif_of(**values):
    """Return an EXIF block with a maker note, sizes, a description in UTF-8 and a resolution."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = values.get("orientation", 6)
    exif[ExifTags.Base.ImageDescription] = "XXXXXXXX"
    exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution] = 300, 150
    exif[ExifTags.Base.ResolutionUnit] = 2
    inner = exif.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.ExifImageWidth], inner[ExifTags.Base.ExifImageHeight] = 96, 64
    inner[ExifTags.Base.MakerNote] = values.get("note", b"maker" * 20)
    return exif.tobytes().replace(b"XXXXXXXX", "Żółć".encode())


def test_exif_states_the_upright_image(identity, encoded):
    """Sizes and resolution turn with the image, and the maker note stays where it stood."""
    block = exif_of()
    result, out = identity(encoded(exif=block))
    assert result.err.splitlines() == [f"wrote {out}"]
    found = tags(out)
    assert (found["ExifIFD:ExifImageWidth"], found["ExifIFD:ExifImageHeight"]) == (64, 96)
    assert (found["IFD0:XResolution"], found["IFD0:YResolution"]) == (150, 300)
    assert (found["JFIF:XResolution"], found["JFIF:YResolution"]) == (150, 300)
    assert "IFD0:Orientation" not in found
    assert found["IFD0:ImageDescription"] == "Żółć"
    written = out.read_bytes()
    start = written.index(b"Exif\0\0")
    assert written[start:].index(b"maker" * 20) == block.index(b"maker" * 20)


def test_xmp_states_the_upright_image(identity, encoded):
    """Orientation and sizes in XMP are those of the result."""
    packet = PACKET % (
        (
            b'xmlns:exif="http://ns.adobe.com/exif/1.0/" '
            b'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"'
        ),
        b"<exif:PixelXDimension>96</exif:PixelXDimension>",
    )
    data = with_segments(encoded(exif=exif_of()), segment(0xE1, XMP + packet))
    _, out = identity(data, "--stride", "2")
    found = tags(out)
    assert found["XMP-tiff:Orientation"] == "Horizontal (normal)"
    assert found["XMP-exif:ExifImageWidth"] == 32


def test_exif_with_a_thumbnail_loses_it_with_a_note(identity, encoded):
    """A thumbnail shows the unfiltered image: it is dropped, and named."""
    thumbnail = encoded(quality=20)
    second = (
        b"\0\3\1\3\0\3\0\0\0\1\0\6\0\0\2\1\0\4\0\0\0\1\0\0\0\x38\2\2\0\4\0\0\0\1"
        + len(thumbnail).to_bytes(4)
        + bytes(4)
    )
    block = b"MM\0*\0\0\0\x08\0\0\0\0\0\x0e" + second + thumbnail
    result, out = identity(with_segments(encoded(), segment(0xE1, b"Exif\0\0" + block)))
    assert "EXIF thumbnail dropped" in result.err
    assert not any(name.startswith("IFD1") for name in tags(out))
    assert out.read_bytes().count(b"\xff\xd8\xff") == 1


def test_exif_that_is_too_large_for_a_segment(convtool, tmp_path, noisy):
    """EXIF over 64 KB comes from PNG; a JPEG keeps what fits, and a note names the rest."""
    block = exif_of(orientation=1, note=bytes(range(256)) * 300)
    Image.fromarray(noisy).save(tmp_path / "in.webp", exif=block)
    result = convtool("image", tmp_path / "in.webp", tmp_path / "out.jpg", "-k", "identity")
    assert result.code == 0
    assert "EXIF tag MakerNote dropped: JPEG has room for 65533 bytes of EXIF" in result.err
    found = tags(tmp_path / "out.jpg")
    assert found["IFD0:ImageDescription"] == "Żółć"
    assert (found["IFD0:XResolution"], found["ExifIFD:ExifImageWidth"]) == (300, 96)


def test_a_profile_of_many_segments_is_kept(identity, encoded):
    """A colour profile over 64 KB spans segments, and comes out whole."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile += bytes(200_000)
    profile[:4] = len(profile).to_bytes(4)
    result, out = identity(encoded(icc_profile=bytes(profile)))
    assert result.err.splitlines() == [f"wrote {out}"]
    assert Image.open(out).info["icc_profile"] == bytes(profile)


def test_wrong_parameters_of_a_sequential_scan_do_not_matter(identity, encoded):
    """The range of coefficients that a baseline scan states is ignored, as decoders do."""
    data = bytearray(encoded())
    scan = data.index(b"\xff\xda")
    end = scan + 2 + data[scan + 3]
    data[end - 3 : end] = bytes(3)
    result, out = identity(bytes(data), suffix="png")
    assert result.err.splitlines() == [f"wrote {out}"]
    expected = np.asarray(Image.open(io.BytesIO(encoded())))
    assert np.array_equal(np.asarray(Image.open(out)), expected)


def test_a_component_without_a_scan_is_missed(identity, encoded):
    """A scan for brightness alone leaves an image without colours, and no decoder says so."""
    data = encoded("L")
    frame, scan = data.index(b"\xff\xc0"), data.index(b"\xff\xda")
    colour = bytearray(data[frame + 2 : frame + 4 + 9]) + b"\2\x11\0\3\x11\0"
    colour[1], colour[7] = 17, 3
    mixed = data[:frame] + b"\xff\xc0" + bytes(colour) + data[frame + 13 :]
    assert mixed.index(b"\xff\xda") > scan
    result, _ = identity(mixed)
    assert result.code == 1
    assert "truncated: the scans of component 2 are incomplete" in result.err


def test_a_bomb_of_scans_is_refused(identity, encoded):
    """A small file of thousands of scans would take hours: it is refused."""
    data = encoded(progressive=True)
    last = data.rindex(b"\xff\xda")
    result, _ = identity(data[:-2] + data[last:-2] * 600 + b"\xff\xd9")
    assert result.code == 1
    assert "it has more than 500 scans" in result.err


def test_a_grey_result_loses_a_profile_of_colours_with_a_note(convtool, tmp_path, encoded):
    """The profile of an RGB image is wrong for a grey one."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (tmp_path / "in.jpg").write_bytes(encoded(icc_profile=profile))
    result = convtool("image", tmp_path / "in.jpg", f"{tmp_path}/out/", "-k", "sobel-x")
    assert result.code == 0
    assert "colour profile dropped: it is for other channels" in result.err


def test_unusual_samplings_are_read_with_a_note(identity, encoded):
    """Sampling factors that TurboJPEG does not know are read, without a check."""
    data = bytearray(encoded(subsampling="4:2:0", quality=50))
    data[data.index(b"\xff\xc0") + 11] = 0x24
    result, out = identity(bytes(data[:-2]) + bytes(2000) + b"\xff\xd9", suffix="png")
    assert result.code == 0
    assert "components are sampled 2×4, 1×1, 1×1: damage" in result.err
    assert np.array_equal(
        np.asarray(Image.open(out)), np.asarray(Image.open(out.with_name("in.jpg")))
    )
