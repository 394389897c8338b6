"""TIFF files of kinds that once came out wrong, and their relatives: the right values."""

import io
import json
import shutil
import struct
import subprocess
import time
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from tiffs import ASCII, BYTE, LONG, SHORT, packed, page, tiff

from convtool.errors import LimitError, ReadError
from convtool.media.image.source import ImageSource
from convtool.options.reading import ImageReading

CASES = Path(__file__).parent / "image"
BANDS = np.arange(5 * 6 * 5).reshape(5, 6, 5)
RAMP = np.arange(6 * 8, dtype=np.uint8).reshape(6, 8) * 5


def opened(data, **reading):
    """Return a source of a file's bytes, and its pages decoded."""
    source = ImageSource(io.BytesIO(data), "in.tif", ImageReading(**reading))
    return source, [part.pixels for part in source.parts()]


def samples(data, **reading):
    """Return the samples of the only page."""
    _, (pixels,) = opened(data, **reading)
    return pixels.samples


def written(array, **options):
    """Return a TIFF by tifffile."""
    memory = io.BytesIO()
    tifffile.imwrite(memory, array, metadata=None, **options)
    return memory.getvalue()


@pytest.fixture
def identity(convtool, tmp_path):
    """Run the identity on a file's bytes or a case; return what was printed, and the output."""

    def run(given, suffix=".tif", *options):
        path = given
        if isinstance(given, str):
            (path,) = (CASES / given).glob("in.*")
        elif isinstance(given, bytes):
            path = tmp_path / "in.tif"
            path.write_bytes(given)
        out = tmp_path / f"out{suffix}"
        result = convtool("image", path, out, "-k", "identity", *options)
        return result, out

    return run


# The cases.


def test_five_bands_stay_five(identity):
    """Bands are neither dropped nor taken for colours."""
    result, out = identity("03-five-bands")
    given = tifffile.imread(CASES / "03-five-bands" / "in.tif")
    with tifffile.TiffFile(out) as file:
        kept = file.pages[0].asarray()
        assert file.pages[0].tags["ExtraSamples"].value == (0, 0, 0, 0)
    assert np.array_equal(kept, np.moveaxis(given, 0, -1))
    assert "note" not in result.err


def test_16_bit_lab_of_half_lightness_is_grey(identity):
    """L is 50: sRGB 119 of 255."""
    result, out = identity("04a-lab16")
    assert np.abs(tifffile.imread(out).astype(int) - 30561).max() <= 2
    assert "Lab converted to RGB" in result.err


def test_cmyk_with_alpha_is_opaque_cyan(identity):
    """The fifth sample is alpha, not the fourth."""
    _, out = identity("04c-cmyk-alpha")
    assert (tifffile.imread(out) == [0, 255, 255, 255]).all()


def test_float_cmyk_is_cyan(identity):
    """Floats are inks, too."""
    _, out = identity("04d-cmyk-float")
    assert (tifffile.imread(out) == [0, 1, 1]).all()


def test_planar_16_bit_cmyk_is_read_like_the_same_inks_together(identity):
    """Planes of 16-bit inks give the colours of the plain formula."""
    _, out = identity("05-cmyk16-planar", ".png")
    inks = tifffile.imread(CASES / "05-cmyk16-planar" / "in.tif") / 65535
    expected = (1 - inks[:3]) * (1 - inks[3])
    assert np.round(expected[:, 0, 0] * 255).tolist() == [13, 66, 32]
    kept = samples((CASES / "05-cmyk16-planar" / "in.tif").read_bytes()) / 65535
    assert np.abs(kept - np.moveaxis(expected, 0, -1)).max() < 1e-4
    assert out.exists()


def test_a_palette_of_bytes_is_not_black(identity):
    """A palette without an entry above 255 is one of bytes, as libtiff has it."""
    _, out = identity("06-colormap-of-bytes", ".png")
    assert np.array_equal(np.array(Image.open(out))[..., 0].ravel(), np.arange(256))


def test_the_second_page_keeps_its_16_bits(identity):
    """The depth of the first page does not decide for the others."""
    _, out = identity("07a-pages-8-then-16")
    with (
        tifffile.TiffFile(out) as kept,
        tifffile.TiffFile(CASES / "07a-pages-8-then-16" / "in.tif") as given,
    ):
        for one, other in zip(kept.pages, given.pages, strict=True):
            assert one.dtype == other.dtype
            assert np.array_equal(one.asarray(), other.asarray())


def test_a_colour_page_and_a_grey_one_are_both_filtered(identity):
    """A cover in colour does not stop a grey page."""
    _, out = identity("07c-pages-grey-and-colour")
    with tifffile.TiffFile(out) as file:
        assert [found.shape for found in file.pages] == [(4, 4, 3), (4, 4)]


def test_pages_keep_their_sizes(identity):
    """A larger second page is neither cut nor put on the canvas of the first."""
    _, out = identity("07d-pages-grow")
    with tifffile.TiffFile(out) as file:
        assert [found.shape for found in file.pages] == [(10, 12, 3), (20, 30, 3)]
        assert file.pages[1].asarray()[15, 25].tolist() == [200, 200, 200]


def test_the_planes_of_an_imagej_stack_are_pages(identity):
    """ImageJ writes one directory for six planes; the result is a stack of six for it."""
    _, out = identity("08a-imagej-one-ifd")
    given = CASES / "08a-imagej-one-ifd" / "in.tif"
    expected = np.frombuffer(given.read_bytes(), "<u2", 6 * 20, 336).reshape(6, 4, 5)
    with tifffile.TiffFile(out) as file:
        assert file.is_imagej
        assert file.imagej_metadata["images"] == 6
        assert np.array_equal(file.asarray(), expected)


def test_a_float_bigtiff_is_read_like_a_classic_one(identity):
    """BigTIFF needs no other library."""
    _, out = identity("12a-big-tiff-float")
    assert np.array_equal(
        tifffile.imread(out), tifffile.imread(CASES / "12a-big-tiff-float" / "in.tif")
    )


def test_12_bits_fill_16(identity):
    """The largest 12-bit sample is white."""
    _, out = identity("12c-12-bit-grey")
    kept = tifffile.imread(out)
    assert kept.dtype == np.uint16
    assert np.abs(kept - [[0, 65535], [32768, 16]]).max() <= 15


def test_a_dng_is_refused(identity):
    """The preview of a raw photo is not taken for it."""
    result, out = identity("13-dng-thumbnail", ".png")
    assert result.code == 1
    assert "in.dng: raw photos are not read" in result.err
    assert not out.exists()


def test_geotiff_tags_and_a_description_of_any_letters_are_kept(identity):
    """Pixel scale, keys and `µ` survive."""
    _, out = identity("14-geotiff")
    with tifffile.TiffFile(out) as file:
        tags = file.pages[0].tags
        assert tags[33550].value == (0.5, 0.5, 0)
        assert tags[34735].value == (1, 1, 0, 1, 1024, 0, 1, 1)
        assert tags[270].value == "25 µm"


# Their relatives.


def tags_of(path):
    """Return the tags of the first page of a written file, by their names."""
    with tifffile.TiffFile(path) as file:
        return {key: tag.value for tag in file.pages[0].tags for key in (tag.code, tag.name)}


def test_geotiff_tags_are_dropped_with_a_note_where_the_size_changes(convtool, tmp_path):
    """The scale of a pixel does not hold for every second one."""
    given = CASES / "14-geotiff" / "in.tif"
    result = convtool("image", given, tmp_path / "o.tif", "-k", "blur", "--stride", "2")
    assert "GeoTIFF tags dropped: they are for an image of another size" in result.err
    assert 33550 not in tags_of(tmp_path / "o.tif")


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6, 10, 12, 14])
def test_packed_samples_fill_8_or_16_bits(bits, order, big):
    """Any number of bits is scaled to the full range, in both byte orders."""
    given = np.arange(35).reshape(5, 7) * 97 % (1 << bits)
    data = tiff(page(7, 5, [packed(given, bits)], t258=bits), order=order, big=big)
    white = 255 if bits < 8 else 65535
    found = samples(data)[..., 0]
    assert found.dtype == (np.uint8 if bits < 8 else np.uint16)
    assert np.array_equal(found, np.rint(given * (white / (2**bits - 1))))


def test_packed_colours_and_white_is_zero():
    """Scaling knows several samples per pixel, and the polarity of grey."""
    given = np.arange(4 * 5 * 3).reshape(4, 5, 3) * 71 % 1024
    data = tiff(page(5, 4, [packed(given, 10)], t258=(SHORT, [10] * 3), t262=2, t277=3))
    assert np.array_equal(samples(data), np.rint(given * 65535 / 1023))
    grey = np.arange(20).reshape(4, 5) % 16
    data = tiff(page(5, 4, [packed(grey, 4)], t258=4, t262=0))
    assert np.array_equal(samples(data)[..., 0], 255 - grey * 17)


@pytest.mark.parametrize("kind", ["i1", "i2", "i4", "u4", "i8", "u8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_integers_without_black_and_white_are_read_by_their_own_range(kind, order):
    """CT slices and counts: the lowest sample of all pages is black, the highest white."""
    pages = np.arange(2 * 20).reshape(2, 4, 5) * 2 - (30 if kind[0] == "i" else 0)
    memory = io.BytesIO()
    with tifffile.TiffWriter(memory, byteorder=order) as file:
        for one in pages:
            file.write(one.astype(kind), photometric="minisblack", metadata=None)
    source, found = opened(memory.getvalue())
    white = {"i1": 255, "i2": 65535}.get(kind, 1)
    expected = (pages - pages.min()) * (white / (pages.max() - pages.min()))
    expected = np.rint(expected) if white > 1 else expected
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.samples[..., 0], other, rtol=1e-6)
    low, high = pages.min(), pages.max()
    own = f"own range: {low} … {high} become 0 … {white}".replace("-", "−")
    assert any(own in note for note in source.notes)


def test_a_constant_signed_image_is_black():
    """Where all samples are alike there is no range to divide by."""
    assert not samples(written(np.full((3, 4), -7, np.int16))).any()


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_floats_are_taken_as_they_are(kind):
    """Floats beyond 1 stay so, in any precision."""
    given = np.linspace(-3, 3000, 20).reshape(4, 5).astype(kind)
    source, (pixels,) = opened(written(given))
    assert np.array_equal(pixels.samples[..., 0], given.astype(np.float32))
    assert any("64-bit" in note for note in source.notes) == (kind == "f8")


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "zstd", "lzma"])
def test_every_coding_of_bytes(compression, kind, planar, order):
    """Strips and tiles, with a predictor and without, give tifffile's samples."""
    rng = np.random.default_rng(1)
    given = rng.integers(0, 255, (21, 19, 3)).astype(kind)
    stored = given if planar == "contig" else np.moveaxis(given, -1, 0)
    is_coded = compression not in (None, "packbits")
    for tile in (None, (16, 16)):
        data = written(
            np.ascontiguousarray(stored),
            photometric="rgb",
            planarconfig=planar,
            compression=compression,
            predictor=(3 if kind == "f4" else 2) if is_coded else None,
            byteorder=order,
            tile=tile,
            rowsperstrip=None if tile else 8,
        )
        assert np.array_equal(samples(data), given)


@pytest.mark.parametrize("kind", ["u1", "u2"])
@pytest.mark.parametrize("compression", ["jpeg2000", "webp", "lerc", "png"])
def test_every_coding_of_images(compression, kind):
    """Strips that are images of other formats."""
    given = np.add.outer(np.arange(20) * 5, np.arange(24) * 3)[..., None] + [0, 20, 40]
    if (compression, kind) == ("webp", "u2"):
        pytest.skip("WebP has 8 bits")
    data = written(
        given.astype(kind),
        photometric="rgb",
        compression=compression,
        compressionargs={"lossless": True} if compression == "webp" else None,
        rowsperstrip=8,
    )
    assert np.array_equal(samples(data), given)


@pytest.mark.parametrize("tile", [None, (32, 32)])
@pytest.mark.parametrize(
    ("photometric", "subsampling"),
    [("ycbcr", (2, 2)), ("ycbcr", (2, 1)), ("ycbcr", (1, 1)), ("rgb", None)],
)
def test_jpeg_in_tiff(photometric, subsampling, tile):
    """YCbCr and RGB streams with their tables apart, as Pillow's libtiff reads them."""
    given = np.add.outer(np.arange(40) * 3, np.arange(56) * 2)[..., None] + [0, 20, 40]
    data = written(
        given.astype(np.uint8),
        photometric=photometric,
        subsampling=subsampling,
        compression="jpeg",
        tile=tile,
        rowsperstrip=None if tile else 16,
    )
    expected = np.array(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(samples(data) - expected).max() <= 3


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 1), (2, 2), (4, 2)])
@pytest.mark.parametrize("bits", [8, 16])
def test_ycbcr_without_jpeg(subsampling, bits):
    """Units of several Y with one Cb and one Cr become RGB by the matrix of BT.601."""
    across, down = subsampling
    white, middle = 2**bits - 1, 2 ** (bits - 1)
    y = np.arange(16, dtype=int).reshape(4, 4) * (white // 20) + white // 10
    cb, cr = middle + white // 8, middle - white // 16
    units = []
    for top in range(0, 4, down):
        for left in range(0, 4, across):
            block = y[top : top + down, left : left + across]
            units += [*block.ravel(), cb, cr]
    strip = np.array(units, f"<u{bits // 8}").tobytes()
    data = tiff(
        page(4, 4, [strip], t258=(SHORT, [bits] * 3), t262=6, t277=3, t530=(SHORT, [*subsampling]))
    )
    blue, red = ((value - middle) / white for value in (cb, cr))
    expected = np.stack(
        [
            y / white + 1.402 * red,
            y / white - 0.344136 * blue - 0.714136 * red,
            y / white + 1.772 * blue,
        ],
        -1,
    )
    assert np.abs(samples(data) / white - expected.clip(0, 1)).max() < (0.01 if bits == 8 else 1e-3)


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_fax_of_every_kind(compression):
    """Fax compression by libtiff, black on white."""
    given = np.random.default_rng(2).random((30, 50)) > 0.6
    memory = io.BytesIO()
    Image.fromarray(given).save(memory, "TIFF", compression=compression)
    assert np.array_equal(samples(memory.getvalue())[..., 0], given * np.uint8(255))


@pytest.mark.parametrize("options", [0, 1, 4, 5])
def test_group_3_fax_with_every_option(options):
    """Rows coded by the one before, and end-of-line codes that end with a byte."""
    given = np.repeat(np.random.default_rng(3).random((10, 60)) > 0.6, 3, axis=0)
    memory = io.BytesIO()
    Image.fromarray(given).save(memory, "TIFF", compression="group3", tiffinfo={292: options})
    assert np.array_equal(samples(memory.getvalue())[..., 0], given * np.uint8(255))


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_ccitt"])
def test_a_fault_in_a_fax_is_found(compression):
    """Code words that do not exist are refused; with leave the rows before them are read."""
    given = np.random.default_rng(2).random((30, 50)) > 0.6
    memory = io.BytesIO()
    Image.fromarray(given).save(memory, "TIFF", compression=compression)
    data = bytearray(memory.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        place = file.pages[0].dataoffsets[0]
    data[place + 60 : place + 64] = bytes(4)
    with pytest.raises(ReadError, match="1 of 1 strips of the image damaged"):
        opened(bytes(data))
    source, (pixels,) = opened(bytes(data), allow_truncated=True)
    assert any("damaged" in note for note in source.notes)
    assert np.array_equal(pixels.samples[:3, :, 0], given[:3] * np.uint8(255))
    assert not pixels.samples[-1].any()


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "packbits", "jpeg", "zstd"])
def test_a_cut_strip_is_refused_or_noted(compression):
    """A file that ends within its last strip is not passed off as whole."""
    given = np.random.default_rng(4).integers(0, 255, (64, 40, 3), np.uint8)
    data = written(given, photometric="rgb", compression=compression, rowsperstrip=16)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        last = file.pages[0].dataoffsets[-1]
    cut = data[: last + (len(data) - last) // 2]
    with pytest.raises(ReadError, match="1 of 4 strips of the image damaged or missing"):
        opened(cut)
    source, (pixels,) = opened(cut, allow_truncated=True)
    assert any("1 of 4 strips" in note for note in source.notes)
    if compression != "jpeg":
        assert np.array_equal(pixels.samples[:48], given[:48])


def test_a_damaged_strip_of_deflate_is_found_by_its_checksum():
    """A sample that was changed after packing is damage."""
    data = bytearray(zlib.compress(RAMP.tobytes(), 0))
    data[20] ^= 1
    with pytest.raises(ReadError, match="damaged"):
        opened(tiff(page(8, 6, [bytes(data)], t259=8)))


def test_nothing_that_can_be_decoded_is_refused_even_with_leave():
    """An image without one good strip is no image."""
    data = tiff(page(8, 6, [b"nothing of the kind"], t259=8))
    with pytest.raises(ReadError, match="none of its 1 strips can be decoded"):
        opened(data, allow_truncated=True)


@pytest.mark.parametrize("allow_truncated", [False, True])
@pytest.mark.parametrize("big", [False, True])
def test_a_loop_of_directories_ends_at_once(big, allow_truncated):
    """A file whose last page leads to its first is refused in no time."""
    pages = [page(8, 6, [RAMP.tobytes()]) for _ in range(5)]
    began = time.monotonic()
    with pytest.raises(ReadError, match="form a loop"):
        opened(tiff(*pages, loop=True, big=big), allow_truncated=allow_truncated)
    assert time.monotonic() - began < 1


def test_directories_inside_each_other_have_a_bound():
    """A directory that leads into itself, and a count of four thousand million, end at once."""
    itself = page(8, 6, [RAMP.tobytes()], t330=(LONG, [8, 8, 8]), t34665=(LONG, [8]))
    source, found = opened(tiff(itself))
    assert len(found) == 1
    assert source.notes
    data = bytearray(tiff(page(8, 6, [RAMP.tobytes()])))
    at = data.index(struct.pack("<HH", 273, LONG))
    data[at + 4 : at + 8] = b"\xff" * 4
    with pytest.raises(ReadError):
        opened(bytes(data))


def test_a_page_beyond_the_file_is_refused_or_noted():
    """A file that was cut before its second page does not pass as one with one."""
    data = tiff(*[page(8, 6, [RAMP.tobytes()]) for _ in range(2)])
    cut = data[: len(data) // 2 + 4]
    with pytest.raises(ReadError, match="truncated: page 2 lies outside of the file"):
        opened(cut)
    source, found = opened(cut, allow_truncated=True)
    assert len(found) == 1
    assert source.notes == ["truncated: page 2 lies outside of the file"]


def test_a_page_too_large_for_the_memory_is_refused_before_it_is_decoded():
    """A few bytes that declare a gigabyte take none of it."""
    strip = zlib.compress(bytes(1000))
    data = tiff(page(30000, 8000, [strip], t259=8, t258=32, t339=3))
    with pytest.raises(LimitError, match="MiB of memory"):
        opened(data, max_memory=100)


def test_declared_transparency_is_alpha_and_other_channels_are_bands():
    """Of extra samples only those that say so are alpha."""
    given = np.arange(4 * 5 * 5, dtype=np.uint8).reshape(4, 5, 5)
    extras = ["unspecified", "unassalpha"]
    data = written(given, photometric="rgb", planarconfig="contig", extrasamples=extras)
    source, (pixels,) = opened(data)
    assert np.array_equal(pixels.samples, given[..., :4])
    assert np.array_equal(pixels.alpha, given[..., 4])
    assert source.notes == ["RGB and 1 more channel read as 4 bands"]
    source, (pixels,) = opened(tiff(page(4, 4, [bytes(range(32))], t258=(SHORT, [8, 8]), t277=2)))
    assert pixels.samples.shape == (4, 4, 2)
    assert pixels.alpha is None


def test_premultiplied_colours_are_divided():
    """Associated alpha, in 8 bits and floats."""
    for kind, half in (("u1", 128), ("f4", 0.5)):
        given = np.full((2, 3, 4), half, kind)
        source, (pixels,) = opened(written(given, photometric="rgb", extrasamples=["assocalpha"]))
        assert (pixels.samples == (255 if kind == "u1" else 1)).all()
        assert (pixels.alpha == given[..., 3]).all()
        assert source.notes == []


def test_bands_become_a_grid_where_a_format_has_none(identity):
    """Five bands in a PNG are five grey tiles, as a note or the layout shows."""
    _, out = identity("03-five-bands", ".png")
    assert np.array(Image.open(out)).ndim == 2


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("options", [("--sheet",), ("-k", "blur"), ("--sheet", "-k", "blur")])
def test_sheets_and_grids_of_bands(identity, suffix, options):
    """Bands are grey tiles in a sheet, and in a grid of several kernels."""
    result, out = identity("03-five-bands", suffix, *options)
    assert result.code == 0, result.err
    width = np.array(Image.open(out)).shape[1]
    assert width > 4


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
@pytest.mark.parametrize("model", ["cielab", "icclab"])
def test_lab_of_every_depth(model, kind):
    """Lab becomes what LittleCMS makes of it."""
    if (model, kind) == ("icclab", "f4"):
        pytest.skip("ICC Lab has no floats")
    rng = np.random.default_rng(5)
    lab = np.stack([rng.uniform(40, 80, 300), *rng.uniform(-15, 15, (2, 300))], -1).round()
    white = {"u1": 255, "u2": 65535 if model == "cielab" else 65280, "f4": 100}[kind]
    whole, middle = {"u1": (1, 128), "u2": (256, 32768), "f4": (1, 0)}[kind]
    stored = lab * [white / 100, whole, whole]
    if kind != "f4":
        stored = np.rint(stored).astype(int)
        stored[:, 1:] += middle if model == "icclab" else 0
    found = samples(written(stored.astype(kind).reshape(1, 300, 3), photometric=model))
    bytes_ = (np.rint(lab * [2.55, 1, 1]).astype(int) & 255).astype(np.uint8)
    image = Image.frombytes("LAB", (300, 1), bytes_.tobytes())
    profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    transform = ImageCms.buildTransform(*profiles, "LAB", "RGB")
    expected = np.array(ImageCms.applyTransform(image, transform)) / 255
    scale = 1 if kind == "f4" else np.iinfo(found.dtype).max
    assert np.percentile(np.abs(found / scale - expected), 95) < 0.008


def test_cmyk_by_its_profile(identity):
    """The profile of a printing press is applied and then dropped, in each depth."""
    profile = Path("/usr/share/color/icc/ghostscript/default_cmyk.icc")
    if not profile.exists():
        pytest.skip("no CMYK profile on this machine")
    inks = np.random.default_rng(6).integers(0, 255, (6, 7, 4), np.uint8)
    image = Image.frombytes("CMYK", (7, 6), inks.tobytes())
    both = ImageCms.ImageCmsProfile(str(profile)), ImageCms.createProfile("sRGB")
    expected = np.array(ImageCms.profileToProfile(image, *both, outputMode="RGB")) / 255
    for kind, white in (("u1", 255), ("u2", 65535), ("f4", 1)):
        stored = (inks / 255 * white).astype(kind)
        data = written(stored, photometric="separated", iccprofile=profile.read_bytes())
        assert np.abs(samples(data) / white - expected).max() < 0.06
        result, out = identity(data, ".tif", "--overwrite")
        assert 34675 not in tags_of(out)
        assert result.err.count("note") == 1


def test_a_palette_of_16_bits_keeps_them():
    """Colours that 8 bits cannot hold are read in 16; others in 8."""
    colours = np.random.default_rng(7).integers(0, 65536, (3, 256)).astype(np.uint16)
    indices = np.arange(48, dtype=np.uint8).reshape(6, 8)
    data = written(indices, photometric="palette", colormap=colours)
    assert np.array_equal(samples(data), colours.T[indices])
    for step in (256, 257):
        data = written(indices, photometric="palette", colormap=(colours >> 8) * step)
        assert np.array_equal(samples(data), (colours >> 8).astype(np.uint8).T[indices])


def test_a_short_palette_is_refused():
    """A palette without all of its colours is not filled up with black."""
    data = tiff(page(8, 6, [RAMP.tobytes()], t262=3, t320=(SHORT, [0] * 300)))
    with pytest.raises(ReadError, match="a palette of 100 colours, 256 expected"):
        opened(data)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"t262": 32844}, "LogL"),
        ({"t262": 10}, "ITU Lab"),
        ({"t262": 77}, "77"),
        ({"t259": 34676}, "compression 34676"),
        ({"t258": (SHORT, [5, 6, 5]), "t277": 3, "t262": 2}, "several depths"),
        ({"t339": 6, "t258": 64}, "complex"),
        ({"t277": (SHORT, [0])}, "0 samples"),
        ({"t317": 2, "t259": 8, "t258": 12}, "predictor of 12-bit"),
        ({"t317": 9, "t259": 8}, "predictor 9"),
        ({"t32997": 4}, "volumes"),
        ({"t256": (LONG, [0])}, "0×6 pixels"),
        ({"t262": 5, "t277": 4, "t258": (SHORT, [8] * 4), "t332": 2}, "inks"),
        ({"t258": 24}, "24-bit"),
    ],
)
def test_what_is_not_known_to_be_read_right_is_refused_in_words(tags, words):
    """The allowlist refuses, and says what it found."""
    with pytest.raises(ReadError, match=words):
        opened(tiff(page(8, 6, [bytes(500)], **tags)))


@pytest.mark.parametrize(
    "tags",
    [
        {"t50706": (BYTE, [1, 4, 0, 0])},
        {"t262": 32803},
        {"t262": 34892},
        {"t259": 34713},
        {"t259": 32767},
    ],
)
def test_raw_photos_are_refused_in_any_page(tags):
    """A camera's own colour model or compression gives a raw photo away, wherever it stands."""
    preview, photo = page(8, 6, [RAMP.tobytes()]), page(8, 6, [RAMP.tobytes()], **tags)
    with pytest.raises(ReadError, match="raw photos are not read"):
        opened(tiff(preview, photo))


def test_a_canon_raw_photo_is_refused():
    """CR2 is known by the letters after its header."""
    data = bytearray(tiff(page(8, 6, [RAMP.tobytes()])))
    data[4:8] = (16).to_bytes(4, "little")
    with pytest.raises(ReadError, match="raw photos are not read"):
        opened(bytes(data[:8]) + b"CR\x02\0" + bytes(4) + bytes(data[8:]))


def test_reduced_images_and_masks_are_no_pages():
    """Thumbnails, pyramids and masks are left out with a note."""
    whole = page(8, 6, [RAMP.tobytes()])
    reduced = page(4, 3, [RAMP.tobytes()[:12]], t254=1)
    old = page(4, 3, [RAMP.tobytes()[:12]], t255=2)
    mask = page(8, 6, [bytes(6)], t254=4, t262=4, t258=1)
    source, found = opened(tiff(reduced, whole, old, mask, whole))
    assert [pixels.samples.shape for pixels in found] == [(6, 8, 1)] * 2
    assert source.notes == ["1 transparency mask dropped", "2 reduced images dropped"]
    _, found = opened(tiff(reduced))
    assert len(found) == 1


def test_a_thumbnail_as_exif_has_it_is_no_page():
    """A second directory without a size holds the thumbnail of a camera."""
    thumbnail = {259: 6, 513: (LONG, [8]), 514: (LONG, [100])}, []
    source, found = opened(tiff(page(8, 6, [RAMP.tobytes()]), thumbnail))
    assert len(found) == 1
    assert source.notes == ["1 reduced image dropped"]


def test_the_page_that_cannot_be_read_is_named():
    """Of several pages the message says which one it is."""
    with pytest.raises(ReadError, match="page 2: its colour model, LogL, is not supported"):
        opened(tiff(page(8, 6, [RAMP.tobytes()]), page(8, 6, [RAMP.tobytes()], t262=32844)))


@pytest.mark.parametrize(("step", "pyramid"), [(2, True), (4, False)])
def test_pyramids_inside_of_pages_are_no_pages(step, pyramid):
    """The levels that OME-TIFF keeps inside of a page are made anew; a thumbnail is no level."""
    memory = io.BytesIO()
    with tifffile.TiffWriter(memory) as file:
        file.write(RAMP, subifds=1, metadata=None)
        file.write(RAMP[::step, ::step].copy(), subfiletype=1, metadata=None)
    source, found = opened(memory.getvalue())
    assert len(found) == 1
    assert source.metadata.pyramid == pyramid
    assert source.notes == ([] if pyramid else ["1 reduced image dropped"])


def test_a_stack_that_is_cut_is_refused_or_noted():
    """An ImageJ stack with one directory says how many planes there should be."""
    text = b"ImageJ=1.53t\nimages=4\nslices=4\n\0"
    strip = b"".join(RAMP.tobytes() for _ in range(3))
    tags = {"t270": (ASCII, text), "t279": (LONG, [48])}
    data = tiff(page(8, 6, [strip], **tags))
    with pytest.raises(ReadError, match="3 of 4 planes"):
        opened(data)
    assert len(opened(data, allow_truncated=True)[1]) == 3
    assert len(opened(tiff(page(8, 6, [strip + RAMP.tobytes()], **tags)))[1]) == 4


def test_the_planes_of_a_truncated_array_of_tifffile_are_pages():
    """The library tifffile can leave out all directories but the first, too."""
    memory, given = io.BytesIO(), np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)
    with tifffile.TiffWriter(memory, shaped=True) as file:
        file.write(given, photometric="minisblack", truncate=True)
    _, found = opened(memory.getvalue())
    assert np.array_equal(np.stack([pixels.samples[..., 0] for pixels in found]), given)


def test_an_imagej_stack_stays_one_with_its_pixel_size(identity):
    """Pixel size, unit and channels of a hyperstack survive; its display range does not."""
    memory = io.BytesIO()
    given = np.arange(2 * 3 * 6 * 8, dtype=np.uint16).reshape(2, 3, 6, 8)
    tifffile.imwrite(
        memory,
        given,
        imagej=True,
        resolution=(6.25, 6.25),
        metadata={"axes": "ZCYX", "unit": "um", "spacing": 2.5, "min": 0.0, "max": 300.0},
    )
    result, out = identity(memory.getvalue())
    with tifffile.TiffFile(out) as file:
        assert file.series[0].axes == "ZCYX"
        assert np.array_equal(file.asarray(), given)
        assert file.imagej_metadata["unit"] == "um"
        assert file.imagej_metadata["spacing"] == 2.5
        assert "max" not in file.imagej_metadata
        assert file.pages[0].tags["XResolution"].value == (25, 4)
        assert file.pages[0].tags["ResolutionUnit"].value == 1
    assert "dropped" not in result.err
    result, _ = identity(memory.getvalue(), ".npy")
    assert "description of a stack" in result.err


def test_an_ome_description_is_kept_where_it_holds(identity):
    """OME-XML stays with planes of its sizes, and is dropped with a note with others."""
    memory = io.BytesIO()
    tifffile.imwrite(memory, np.zeros((2, 6, 8), np.uint8), ome=True, photometric="minisblack")
    result, out = identity(memory.getvalue())
    assert b"<OME" in out.read_bytes()
    assert "dropped" not in result.err
    result, out = identity(memory.getvalue(), ".tif", "--stride", "2", "--overwrite")
    assert b"<OME" not in out.read_bytes()
    assert "description of a stack dropped" in result.err


@pytest.mark.parametrize("unit", [2, 3])
def test_the_resolution_turns_with_the_image(identity, unit):
    """A page that is stored on its side has its two resolutions exchanged."""
    data = written(
        RAMP, resolution=(300, 150), resolutionunit=unit, extratags=[(274, 3, 1, 6, True)]
    )
    _, out = identity(data)
    tags = tags_of(out)
    scale = 2.54 if unit == 3 else 1
    x, y = (tags[name] for name in ("XResolution", "YResolution"))
    assert (x[0] / x[1], y[0] / y[1]) == pytest.approx((150 * scale, 300 * scale))
    assert np.array_equal(tifffile.imread(out), np.rot90(RAMP, -1))
    assert 274 not in tags


def test_metadata_of_every_kind_is_kept(identity):
    """XMP, IPTC, profile, EXIF, and texts in UTF-8."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    packet, records = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>", b"\x1c\x02\x05\0\5title"
    tags = [
        (700, 1, len(packet), packet, True),
        (33723, 7, len(records), records, True),
        (315, 2, 0, "Zoë Łukasz".encode() + b"\0", True),
        (270, 2, 0, "Grüße 日本".encode() + b"\0", True),
    ]
    given = np.dstack([RAMP] * 3)
    result, out = identity(written(given, photometric="rgb", iccprofile=profile, extratags=tags))
    kept = tags_of(out)
    assert kept[700] == packet
    assert bytes(kept[33723]) == records
    assert kept[34675] == profile
    assert kept[270] == "Grüße 日本"
    assert kept[315] == "Zoë Łukasz"
    assert "dropped" not in result.err


def test_tags_that_are_not_kept_are_named(identity):
    """Whatever is not about the layout is kept or named."""
    tags = [(34377, 7, 4, b"8BIM", True), (285, 2, 0, b"cover\0", True), (65123, 3, 1, 5, True)]
    result, _ = identity(written(RAMP, extratags=tags))
    assert "page names, Photoshop's resources and tag 65123 dropped" in result.err


def test_metadata_of_later_pages_is_named(identity):
    """The description of a second page does not vanish unsaid."""
    one = page(8, 6, [RAMP.tobytes()])
    other = page(8, 6, [RAMP.tobytes()], t270=(ASCII, b"the back\0"))
    result, _ = identity(tiff(one, other))
    assert "metadata of 1 page dropped: it differs from the first page's" in result.err


def test_empty_tiles_are_read_as_nothing_with_a_note():
    """Sparse files leave out tiles; libtiff and GDAL read them as 0."""
    tile = bytes(range(256))
    tags = {
        "t322": 16,
        "t323": 16,
        "t273": (LONG, [0]),
        "t324": (LONG, [8 + 300, 0]),
        "t325": (LONG, [256, 0]),
    }
    tags_, _ = page(32, 16, [], **tags)
    del tags_[273], tags_[279]
    data = tiff((tags_, []))
    data = data.ljust(308, b"\0") + tile
    source, (pixels,) = opened(data)
    assert np.array_equal(pixels.samples[:, :16, 0].ravel(), np.frombuffer(tile, np.uint8))
    assert not pixels.samples[:, 16:].any()
    assert source.notes == ["1 empty tile read as 0"]


def test_old_jpeg_streams_are_read():
    """The old style keeps one stream for all strips, behind a tag of its own."""
    given = np.add.outer(np.arange(16) * 3, np.arange(16) * 2)[..., None] + [0, 20, 40]
    stream = imagecodecs.jpeg8_encode(given.astype(np.uint8), level=95)
    tags, _ = page(16, 16, [stream], t258=(SHORT, [8] * 3), t262=6, t277=3, t259=6)
    place = len(tiff((tags | {513: (LONG, [1]), 514: (LONG, [len(stream)])}, [])))
    data = tiff((tags | {513: (LONG, [place]), 514: (LONG, [len(stream)])}, [stream]))
    expected = imagecodecs.jpeg8_decode(stream).astype(int)
    assert np.abs(samples(data) - expected).max() <= 2


def test_bands_and_pages_of_every_type_come_back(identity):
    """What the writer writes tifffile reads: bands, alpha, floats, in one strip or many."""
    rng = np.random.default_rng(8)
    for shape, options in (
        ((300, 400, 3), {"photometric": "rgb"}),
        ((30, 40, 7), {"photometric": "minisblack"}),
        ((30, 40, 2), {"photometric": "minisblack", "extrasamples": ["unassalpha"]}),
    ):
        for kind in ("u1", "u2", "f4"):
            given = rng.integers(0, 255, shape).astype(kind)
            if kind == "f4":
                given /= 255
            if "extrasamples" in options:
                given[..., -1] = np.iinfo(kind).max if kind != "f4" else 1
            _, out = identity(
                written(given, planarconfig="contig", **options), ".tif", "--overwrite"
            )
            assert np.array_equal(tifffile.imread(out), given)


def test_a_file_too_large_for_classic_tiff_is_a_bigtiff(identity, monkeypatch):
    """From 4 GB on offsets have 64 bits; EXIF's own directory does, too."""
    monkeypatch.setattr("convtool.media.image.formats.tiff.writer.MOST", 10)
    given = CASES / "14-geotiff" / "in.tif"
    source = given.read_bytes()
    _, out = identity(source)
    with tifffile.TiffFile(out) as file:
        assert file.is_bigtiff
        assert np.array_equal(file.asarray(), tifffile.imread(given))
        assert file.pages[0].tags[270].value == "25 µm"


def test_primaries_are_kept_and_go_into_png(identity):
    """The white point and primaries of RGB are PNG's chromaticities."""
    values = [31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000]
    pairs = [number for value in values for number in (value, 100000)]
    tags = [(318, 5, 2, tuple(pairs[:4]), True), (319, 5, 6, tuple(pairs[4:]), True)]
    data = written(np.dstack([RAMP] * 3), photometric="rgb", extratags=tags)
    result, out = identity(data)
    assert "note" not in result.err
    kept = tags_of(out)
    assert np.divide(kept[318][::2], kept[318][1::2]) == pytest.approx([0.3127, 0.329])
    assert np.divide(kept[319][::2], kept[319][1::2])[2] == pytest.approx(0.21)
    source, _ = opened(data)
    assert struct.unpack(">8I", source.metadata.colour["cHRM"]) == tuple(values)


def test_the_value_for_no_data_is_dropped_where_samples_are_stretched(identity):
    """A value of the samples as stored means nothing among those that were read by their range."""
    tags = [(42113, 2, 0, b"-9999\0", True)]
    given = np.where(RAMP > 100, RAMP, -9999).astype(np.int16)
    result, out = identity(written(given, extratags=tags))
    assert "the value for no data dropped" in result.err
    assert 42113 not in tags_of(out)
    _, out = identity(written(RAMP, extratags=tags), ".tif", "--overwrite")
    assert tags_of(out)[42113] == "-9999"


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("order", ["<", ">"])
def test_exif_survives_in_both_byte_orders(identity, tmp_path, monkeypatch, order):
    """EXIF's own directories are copied in the byte order that they have, into BigTIFF too."""
    (tmp_path / "given.tif").write_bytes(written(RAMP, byteorder=order))
    words = ("-Make=A camera", "-ExposureTime=1/50", "-UserComment=Größe", "-GPSAltitude=100.5")
    more = ("-InteropIndex=R98", "-LensModel=a lens")
    given = tmp_path / "given.tif"
    subprocess.run(["exiftool", "-q", "-overwrite_original", *words, *more, given], check=True)
    _, out = identity(given)
    names = [word.split("=")[0] for word in (*words, *more)]
    command = ["exiftool", "-j", "-G1", *names, given, out]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    before, after = ({key: one[key] for key in one if key != "SourceFile"} for one in found)
    assert len(before) == 6
    assert before == after
    assert np.array_equal(tifffile.imread(out), RAMP)
    monkeypatch.setattr("convtool.media.image.formats.tiff.writer.MOST", 10)
    _, out = identity(given, ".tif", "--overwrite")
    kept = tags_of(out)
    assert kept[34665]["ExposureTime"] == (1, 50)
    assert kept[34665]["LensModel"] == "a lens"
    assert kept[34853]["GPSAltitude"] == (201, 2)


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_the_size_in_exif_is_that_of_the_result(identity, tmp_path):
    """A page that is turned has its two sizes exchanged in EXIF's own directory as well."""
    given = tmp_path / "given.tif"
    given.write_bytes(written(RAMP, extratags=[(274, 3, 1, 6, True)]))
    words = ("-ExifImageWidth=8", "-ExifImageHeight=6")
    subprocess.run(["exiftool", "-q", "-overwrite_original", *words, given], check=True)
    _, out = identity(given)
    kept = tags_of(out)
    assert (kept["ImageWidth"], kept["ImageLength"]) == (6, 8)
    assert (kept[34665]["PixelXDimension"], kept[34665]["PixelYDimension"]) == (6, 8)
