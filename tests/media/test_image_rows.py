"""Images row by row: what is read, filtered and written so equals what is held whole."""

import json
import shutil
import subprocess
import tempfile
import zlib
from contextlib import redirect_stdout
from io import BytesIO, StringIO
from itertools import pairwise
from pathlib import Path
from unittest import mock

import numpy as np
import pngs
import pytest
import simplejpeg
import tifffile
from conftest import covering
from hypothesis import Phase, currently_in_test_context, event, given, settings
from hypothesis import strategies as st
from PIL import Image

from convtool.cli.app import run as run_in_process
from convtool.media.image.encoder import ImageEncoder
from convtool.media.image.source import ImageSource

EXAMPLES = 30
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking takes minutes
ALWAYS = -(2**60)  # bytes that are saved at least
MODES = ["zeros", "reflect", "replicate", "circular"]
FLOATS = {  # the samples of formats that hold floats
    ".npy": np.load,
    ".tif": tifffile.imread,
    ".pfm": lambda file: np.frombuffer(file.read().split(b"\n", 3)[3], "<f4"),
}


def run(source, out, *options):
    """Run the command line in this process, and return its code and what it says of each file."""
    arguments = [str(source), str(out), *map(str, options)]
    with redirect_stdout(StringIO()) as printed:
        code = run_in_process(["image", *arguments, "--overwrite", "--json", "--quiet"])
    told = json.loads(printed.getvalue())
    return code, {key: told.get(key) for key in ("status", "notes", "error", "hint")}


def refuse(*_, **__):
    """Fail a test in which an image is held whole."""
    raise AssertionError("an image is held whole")


def compare(source, out, *options, reads=True, writes=True):
    """Filter a file with its image held whole and row by row, and return both outputs.

    Args:
        source: the input.
        out: the suffix of the output.
        options: of the command.
        reads: it must be read row by row.
        writes: it must be written so.
    """
    folder = source.parent
    whole, rows = folder / f"whole{out}", folder / f"rows{out}"
    first = run(source, whole, *options)
    patches = [mock.patch("convtool.limits.IMAGE_SAVED", ALWAYS)]
    patches += [mock.patch("convtool.convolve.block_size.CACHE", {"cpu": 64})]
    patches += [mock.patch.object(ImageSource, "_decode", refuse)] * reads
    patches += [mock.patch.object(ImageEncoder, "begin", refuse)] * writes
    for patch in patches:
        patch.start()
    try:
        second = run(source, rows, *options)
    finally:
        mock.patch.stopall()
    assert second == first
    if first[0]:
        assert not whole.exists()
        assert not rows.exists()
        return b"", b""
    return whole.read_bytes(), rows.read_bytes()


def same(source, out, *options, **must):
    """Check that the outputs are equal byte for byte, floats within the rounding of their sums."""
    whole, rows = compare(source, out, *options, **must)
    if currently_in_test_context():
        event("written" if whole else "refused")
    if rows != whole:
        first, second = (FLOATS[out](BytesIO(data)) for data in (whole, rows))
        assert first.dtype.kind == second.dtype.kind == "f"
        np.testing.assert_allclose(second, first, rtol=1e-6, atol=1e-6)


def picture(height, width, channels, dtype, seed=0):
    """Return random samples, smooth along rows. Shape: (H, W, C)"""
    noise = np.random.default_rng(seed).random((height, width, channels))
    smooth = (noise + np.roll(noise, 1, 1) + np.roll(noise, 2, 1)) / 3
    if np.dtype(dtype).kind == "f":
        return smooth.astype(dtype)
    return (smooth * np.iinfo(dtype).max).astype(dtype)


def write_tiff(path, samples, clear, stored, *, orientation=1, **options):
    """Write a TIFF file.

    Args:
        path: of the file.
        samples: (H, W, C).
        clear: the last channel is transparency.
        stored: options of tifffile for strips, tiles or planes.
        orientation: of EXIF.
        options: further ones.
    """
    channels = samples.shape[2]
    planar = channels > 1 and stored.get("planarconfig", "contig")
    if planar == "separate":
        samples = samples.transpose(2, 0, 1)
    extras = ["unassalpha" if clear else "unspecified"] * (channels - (3 if channels > 2 else 1))
    tifffile.imwrite(
        path,
        samples if planar else samples[..., 0],
        photometric="rgb" if channels in (3, 4) else "minisblack",
        extrasamples=["unspecified"] * 4 if channels == 5 else extras or None,
        extratags=[(274, "H", 1, orientation, True)],
        metadata=None,
        **stored | options | ({"planarconfig": planar} if planar else {"planarconfig": None}),
    )


LAYER = st.tuples(
    st.sampled_from(["sobel-x", "blur", "identity", "gaussian:sigma=4", "1 2; 3 4", "laplacian-8"]),
    st.sampled_from(MODES),
    st.integers(1, 3),
    st.sampled_from(["same", "valid", "3"]),
    st.sampled_from(["auto", "minmax", "clamp", "abs", "bounds", "sigmoid", "none"]),
)


def options_of(layer):
    """Return the options of a drawn layer."""
    kernel, mode, stride, padding, normalize = layer
    padding = "same" if stride == 1 or padding != "same" else "1"
    layer = ["-k", kernel, "--padding-mode", mode, "--stride", stride, "--padding", padding]
    return [*layer, "--normalize", normalize]


@given(
    LAYER,
    st.integers(17, 70),
    st.integers(17, 40),
    st.sampled_from([1, 2, 3, 4, 5]),
    st.sampled_from(["u1", "u2", "f4", "i2", "u4"]),
    st.sampled_from([{}, {"tile": (16, 32)}, {"rowsperstrip": 5}, {"planarconfig": "separate"}]),
    st.sampled_from([None, "zlib", "lzw"]),
    st.booleans(),
    st.sampled_from([1, 2, 3, 4]),
)
@settings(max_examples=EXAMPLES, deadline=None, phases=PHASES)
def test_tiff(layer, height, width, channels, dtype, stored, compression, big, orientation):
    """TIFF of any layout is filtered by any layer as if it were held whole, to the byte."""
    clear = channels in (2, 4) and dtype in ("u1", "u2", "f4")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.tif"
        samples = picture(height, width, channels, dtype)
        write_tiff(
            source,
            samples,
            clear,
            stored,
            compression=compression,
            bigtiff=big,
            orientation=orientation,
        )
        same(source, ".tif", *options_of(layer), reads=not clear)


def write_netpbm(path, samples, white):
    """Write a binary file of Netpbm's whose white is `white`; of floats where that is 0."""
    height, width, channels = samples.shape
    if not white:
        head = f"{'PF' if channels == 3 else 'Pf'}\n{width} {height}\n-1\n"
        path.write_bytes(head.encode() + samples[::-1].astype("<f4").tobytes())
        return
    numbers = (samples * white).astype("u1" if white < 256 else ">u2")
    if channels in (1, 3):
        head = f"P{5 if channels == 1 else 6}\n{width} {height}\n{white}\n"
    else:
        kind = {2: "GRAYSCALE_ALPHA", 4: "RGB_ALPHA"}.get(channels, "X")
        head = f"P7\nWIDTH {width}\nHEIGHT {height}\nDEPTH {channels}\nMAXVAL {white}\n"
        head += f"TUPLTYPE {kind}\nENDHDR\n"
    path.write_bytes(head.encode() + numbers.tobytes())


@given(
    LAYER,
    st.integers(17, 70),
    st.sampled_from([1, 2, 3, 4, 5]),
    st.sampled_from([0, 1, 100, 255, 1000, 65535]),
    st.sampled_from([".ppm", ".pam", ".pfm", ".npy", ".tif"]),
    st.sampled_from([2**20, 50]),
)
@settings(max_examples=EXAMPLES, deadline=None, phases=PHASES)
def test_netpbm(layer, height, channels, white, out, band):
    """Netpbm's formats are read and written row by row as if they were held whole."""
    if not white and channels not in (1, 3):
        channels = 3
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.pam"
        write_netpbm(source, picture(height, 23, channels, "f4"), white)
        tiled = channels in (2, 5) and out in (".ppm", ".pfm")
        with mock.patch("convtool.media.image.formats.ppm.reader.BAND", band):
            same(source, out, *options_of(layer), reads=channels not in (2, 4), writes=not tiled)


@given(
    LAYER,
    st.integers(17, 70),
    st.sampled_from([1, 2, 3, 4]),
    st.sampled_from(["u1", ">u2", "f2", "<f4", "f8", "bool"]),
    st.sampled_from(["HW", "HWC", "CHW", "NCHW"]),
    st.sampled_from([".npy", ".pam", ".tif"]),
    st.sampled_from([2**20, 50]),
)
@settings(max_examples=EXAMPLES, deadline=None, phases=PHASES)
def test_npy(layer, height, channels, dtype, axes, out, band):
    """Arrays are read and written row by row as if they were held whole."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.npy"
        samples = picture(height, 23, 1 if axes == "HW" else channels, "f8")
        samples = samples > 0.5 if dtype == "bool" else samples * (255 if dtype[-2] == "u" else 1)
        ordered = samples.transpose([0, 1, 2] if axes[0] == "H" else [2, 0, 1]).astype(dtype)
        np.save(source, {"HW": ordered[..., 0], "NCHW": ordered[None]}.get(axes, ordered))
        with mock.patch("convtool.media.image.formats.npy.BAND", band):
            same(source, out, *options_of(layer))


def random_png(height, width, bits, colour, seed, before=b"", split=1000):
    """Return a PNG whose rows have random filters and random bytes, which all mean something."""
    rng = np.random.default_rng(seed)
    row = -(-width * bits * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour] // 8)
    rows = rng.integers(0, 256, (height, row + 1), dtype=np.uint8)
    rows[:, 0] = rng.integers(0, 5, height)
    data = zlib.compress(rows.tobytes(), 0)
    pieces = [data[at : at + split] for at in range(0, len(data), split)]
    return [
        pngs.SIGNATURE + pngs.header(width, height, bits, colour),
        before,
        *(pngs.chunk("IDAT", piece) for piece in pieces),
        pngs.chunk("IEND"),
    ]


@given(
    LAYER,
    st.integers(17, 70),
    st.integers(17, 33),
    st.sampled_from([(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2)])
    | st.sampled_from([(3, 4), (3, 8), (4, 8), (4, 16), (6, 8), (6, 16)]),
    st.booleans(),
    st.sampled_from([".png", ".tif", ".pam"]),
    st.sampled_from([2**20, 60]),
    st.integers(0, 99),
)
@settings(max_examples=2 * EXAMPLES, deadline=None, phases=PHASES)
def test_png(layer, height, width, stored, clear, out, band, seed):
    """PNG of all depths and filters is read and written row by row as if it were held whole."""
    colour, bits = stored
    before = b""
    if colour == 3:
        before = pngs.chunk("PLTE", np.random.default_rng(seed).bytes(3 * 2**bits))
    if clear and colour < 4:
        before += pngs.chunk("tRNS", b"\0\1" * (3 if colour == 2 else 1))
    transparent = colour > 3 or clear
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.png"
        source.write_bytes(b"".join(random_png(height, width, bits, colour, seed, before)))
        with (
            mock.patch("convtool.media.image.formats.png.pixels.BAND", band),
            mock.patch("convtool.media.image.formats.png.deflating.BAND", 1000),
        ):
            same(source, out, *options_of(layer), reads=not transparent)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda rows: rows + b"\0", "more pixels than the header declares"),
        (lambda rows: rows[:-1], "fewer pixels than the header declares"),
        (lambda rows: b"\5" + rows[1:], "filter 5 of a row, which PNG does not have"),
    ],
)
def test_wrong_rows_of_png_are_refused_row_by_row(tmp_path, damage, words):
    """What is wrong with the rows of a PNG is told in the same words, and nothing is written."""
    rows = damage(bytes(40 * (1 + 20 * 3)))
    head = pngs.SIGNATURE + pngs.header(20, 40, 8, 2)
    source = tmp_path / "in.png"
    source.write_bytes(head + pngs.chunk("IDAT", zlib.compress(rows)) + pngs.chunk("IEND"))
    with mock.patch("convtool.media.image.formats.png.pixels.BAND", 200):
        compare(source, ".png", "-k", "sobel-x")
    assert words in run(source, tmp_path / "out.png", "-k", "blur")[1]["error"]


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda data: data[:-6], "the image data ends early"),
        (lambda data: data + b"more", "bytes after the end of the compressed pixels"),
        (lambda data: data[:-4] + b"\0\0\0\0", "do not match the checksum"),
        (lambda data: b"\0" + data[1:], "do not match the checksum"),
        (lambda data: data[:300] + b"\xff" * 50 + data[350:], "cannot be inflated"),
    ],
)
@pytest.mark.parametrize("split", [1, 10**6])
def test_damaged_pixels_of_png_are_refused_row_by_row(tmp_path, damage, words, split):
    """What is wrong with compressed pixels is told in the same words, and nothing is written."""
    noise = np.random.default_rng(5).integers(0, 6, 40 * 61, dtype=np.uint8)
    noise[::61] = 0
    data = damage(zlib.compress(noise.tobytes()))
    pieces = [pngs.chunk("IDAT", data[at : at + split]) for at in range(0, len(data), split)]
    head = pngs.SIGNATURE + pngs.header(20, 40, 8, 2)
    source = tmp_path / "in.png"
    source.write_bytes(b"".join([head, *pieces, pngs.chunk("IEND")]))
    with mock.patch("convtool.media.image.formats.png.pixels.BAND", 200):
        compare(source, ".png", "-k", "sobel-x", reads=False, writes=False)
    assert words in run(source, tmp_path / "out.png", "-k", "blur")[1]["error"]


@given(
    st.sampled_from(["sobel-x", "blur", "identity"]),
    st.integers(17, 200),
    st.integers(1, 40),
    st.sampled_from([1, 3]),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([50, 90, 95]),
    st.sampled_from([1, 2**12]),
)
@settings(max_examples=EXAMPLES, deadline=None, phases=PHASES)
def test_jpeg_out(kernel, height, width, channels, subsampling, quality, band):
    """A JPEG that is written in bands has the pixels of one that is written whole."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.jpg"
        samples = picture(height, width, channels, "u1")
        Image.fromarray(samples if channels == 3 else samples[..., 0]).save(
            source, subsampling=subsampling, comment="a comment", dpi=(72, 96)
        )
        with mock.patch("convtool.media.image.formats.jpeg.writer.BAND", band):
            options = ["-k", kernel, "--quality", quality]
            whole, rows = compare(source, ".jpg", *options, reads=False)
        first, second = (Image.open(BytesIO(data)) for data in (whole, rows))
        assert np.array_equal(first, second)
        assert (first.layer, first.quantization) == (second.layer, second.quantization)
        assert (first.info["comment"], first.info["dpi"]) == (b"a comment", (72, 96))
        strict = simplejpeg.decode_jpeg(rows, "RGB" if channels == 3 else "GRAY", strict=True)
        assert len(strict) == height


@given(
    LAYER,
    st.integers(17, 90),
    st.integers(1, 40),
    st.sampled_from(["444", "422", "420", "440", "411", "Gray"]),
    st.sampled_from([1, 2]),
    st.sampled_from([1, 2**20]),
    st.sampled_from([".jpg", ".png", ".tif"]),
)
@settings(max_examples=EXAMPLES, deadline=None, phases=PHASES)
def test_jpeg_in(layer, height, width, sampling, orientation, band, out):
    """JPEG of all samplings is read row by row as if it were held whole."""
    samples = picture(height, width, 1 if sampling == "Gray" else 3, "u1")
    options = {"colorsubsampling": sampling} if sampling != "Gray" else {}
    kind = "GRAY" if sampling == "Gray" else "RGB"
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(samples), colorspace=kind, **options)
    exif = Image.Exif()
    exif[0x0112] = orientation
    block = b"Exif\0\0" + exif.tobytes().removeprefix(b"Exif\0\0")
    segment = b"\xff\xe1" + (len(block) + 2).to_bytes(2) + block
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "in.jpg"
        source.write_bytes(data[:2] + segment + data[2:])
        with mock.patch("convtool.media.image.formats.jpeg.reader.BAND", band):
            if out == ".jpg":
                whole, rows = compare(source, out, *options_of(layer))
                assert bool(whole) == bool(rows)
                if whole:
                    assert np.array_equal(*(Image.open(BytesIO(data)) for data in (whole, rows)))
            else:
                same(source, out, *options_of(layer))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[: len(data) // 2] + b"\xff\xd9",
        lambda data: data[: len(data) // 2] + b"\xff\xd4" + data[len(data) // 2 :],
        lambda data: data[: len(data) // 2] + bytes(30) + data[len(data) // 2 :],
        lambda data: data[:-40] + b"\xff\xd9",
        lambda data: data + b"more",
    ],
)
def test_damaged_jpeg_is_refused_row_by_row(tmp_path, damage):
    """A damaged JPEG is refused in the same words, or read alike, and nothing is written of it."""
    noise = np.random.default_rng(5).integers(0, 256, (200, 90, 3), dtype=np.uint8)
    source = tmp_path / "in.jpg"
    source.write_bytes(damage(simplejpeg.encode_jpeg(noise)))
    with mock.patch("convtool.media.image.formats.jpeg.reader.BAND", 4000):
        same(source, ".tif", "-k", "sobel-x", reads=False, writes=False)


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize(
    ("stored", "options", "tile"),
    [
        ({"tile": (16, 48)}, [], (16, 48)),
        ({"tile": (16, 48)}, ["--tile", "32"], (32, 32)),
        ({"tile": (16, 48)}, ["--tile", "0"], None),
        ({}, [], None),
        ({}, ["--tile", "64"], (64, 64)),
    ],
)
@pytest.mark.parametrize("big", [False, True])
def test_tiles_and_bigtiff_are_kept(tmp_path, rows, stored, options, tile, big):
    """A TIFF is tiled, and a BigTIFF, where the input is, or tiled as asked."""
    samples = picture(70, 50, 3, "u2")
    write_tiff(tmp_path / "in.tif", samples, False, stored, bigtiff=big)
    with mock.patch("convtool.limits.IMAGE_SAVED", ALWAYS if rows else -ALWAYS):
        code, _ = run(tmp_path / "in.tif", tmp_path / "out.tif", "-k", "identity", *options)
    assert not code
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        (page,) = file.pages
        assert (page.tilelength, page.tilewidth) == (tile or (0, 0))
        assert (page.is_tiled, file.is_bigtiff) == (tile is not None, big)
        assert np.array_equal(page.asarray(), samples)


def test_a_tile_is_a_multiple_of_16(convtool, tmp_path):
    """TIFF has tiles of multiples of 16 only, and no other format has any."""
    source = tmp_path / "in.tif"
    write_tiff(source, picture(20, 20, 3, "u1"), False, {})
    refused = convtool("image", source, tmp_path / "out.tif", "--tile", "20")
    assert (refused.code, "20 is not a multiple of 16" in refused.err) == (2, True)
    ignored = convtool("image", source, tmp_path / "out.png", "--tile", "32")
    assert (ignored.code, "only TIFF has tiles" in ignored.err) == (0, True)


def means(samples, clear):
    """Return the means of 2×2 pixels in float64, of colours by alpha. Shape: as of `halved`"""
    height, width, channels = samples.shape
    found = np.empty((-(-height // 2), -(-width // 2), channels))
    for row, column in np.ndindex(found.shape[:2]):
        block = samples[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        block = block.reshape(-1, channels).astype(float)
        alpha = block[:, -1]
        found[row, column] = np.average(block, 0, alpha if clear and alpha.any() else None)
        found[row, column, -1] = alpha.mean()
    return found if samples.dtype.kind == "f" else np.rint(found)


def levels(path):
    """Return all images of a pyramid, as tifffile finds them. Shape: (H, W, C) each"""
    with tifffile.TiffFile(path) as file:
        (series,) = file.series
        first, *reduced = file.pages
        assert not first.is_reduced
        assert all(page.is_reduced and page.is_tiled for page in reduced)
        assert len({page.tile for page in file.pages}) == 1
        found = [level.asarray() for level in series.levels]
        assert len(found) == len(file.pages)
        return [image.reshape(*image.shape[:2], -1) for image in found]


@pytest.mark.parametrize(
    ("dtype", "colours", "stride"),
    covering(["u1", "u2", "f4"], [(1, False), (3, False), (5, False), (4, True)], [1, 3]),
)
def test_a_pyramid_is_made_of_the_result(tmp_path, dtype, colours, stride):
    """Each reduced image is the mean of 2×2 pixels of the one before; the image is as without."""
    channels, clear = colours  # and whether the last is opacity
    samples = picture(151, 230, channels, dtype)
    if clear:
        samples[:60, :90, -1] = 0
    source = tmp_path / "in.tif"
    write_tiff(source, samples, clear, {}, orientation=3)
    kernel = "identity" if dtype == "f4" else "blur"  # sums of floats may differ by their order
    layer = ["-k", kernel, "--stride", stride, "--padding", "1", "--tile", "32"]
    same(source, ".tif", *layer, "--pyramid", reads=kernel == "blur" or not clear)
    found = levels(tmp_path / "rows.tif")
    sizes = [image.shape[:2] for image in found]
    every = [(151, 230), (76, 115), (38, 58), (19, 29)] if stride == 1 else [(51, 77), (26, 39)]
    assert sizes == [*every, *[(13, 20)] * (stride == 3)]
    assert not run(source, tmp_path / "plain.tif", *layer)[0]
    assert np.array_equal(found[0].squeeze(), tifffile.imread(tmp_path / "plain.tif"))
    for image, reduced in pairwise(found):
        assert reduced.dtype == image.dtype
        np.testing.assert_allclose(reduced, means(image, clear), rtol=1e-6)


TILES = [({"tile": (16, 48)}, [], (16, 48)), ({}, [], (256, 256)), ({}, ["--tile", "32"], (32, 32))]


@pytest.mark.parametrize(("big", "inner", "tiles"), covering([False, True], [False, True], TILES))
def test_a_pyramid_is_kept(tmp_path, big, inner, tiles):
    """A TIFF has reduced images where the input has, behind the page or inside of it."""
    tile, options, kept = tiles
    samples, source = picture(300, 270, 3, "u1"), tmp_path / "in.tif"
    with tifffile.TiffWriter(source, bigtiff=big) as file:
        file.write(samples, subifds=int(inner), photometric="rgb", metadata=None, **tile)
        half = np.zeros_like(samples[::2, ::2])
        file.write(half, subfiletype=1, photometric="rgb", metadata=None, **tile)
    same(source, ".tif", "-k", "identity", *options)
    code, told = run(source, tmp_path / "out.tif", "-k", "identity", *options)
    assert (code, told["notes"]) == (0, [])
    first, second, *_ = levels(tmp_path / "out.tif")
    assert np.array_equal(first, samples)
    assert np.array_equal(second, means(samples, clear=False))
    with tifffile.TiffFile(tmp_path / "out.tif") as file:
        assert (file.pages[0].tilelength, file.pages[0].tilewidth) == kept
        assert file.is_bigtiff == big


def test_tiny_images_have_no_reduced_ones(tmp_path):
    """What fits one tile is the last level; sides of one pixel are halved no further."""
    for size, count in (((32, 32), 1), ((33, 1), 2), ((1, 129), 4), ((1, 1), 1)):
        tifffile.imwrite(tmp_path / "in.tif", np.full(size, 7, "u1"), metadata=None)
        options = ["-k", "identity", "--tile", "32", "--pyramid"]
        assert not run(tmp_path / "in.tif", tmp_path / "out.tif", *options)[0]
        with tifffile.TiffFile(tmp_path / "out.tif") as file:
            assert len(file.pages) == count
            assert all((page.asarray() == 7).all() for page in file.pages)


def test_where_no_pyramid_is_written(convtool, tmp_path):
    """Reduced images that an output lacks are noted, and none are made of several pages."""
    ramp, source, several = (
        picture(40, 40, 1, "u1")[..., 0],
        tmp_path / "in.tif",
        tmp_path / "2.tif",
    )
    with tifffile.TiffWriter(source) as file:
        file.write(ramp, metadata=None, software="me")
        file.write(ramp[::2, ::2].copy(), subfiletype=1, metadata=None)
    tifffile.imwrite(several, np.stack([ramp, ramp]), photometric="minisblack", metadata=None)
    stack = tmp_path / "imagej.tif"
    tifffile.imwrite(stack, ramp, imagej=True)
    for path, suffix, options, words in (
        (source, ".png", [], "reduced images dropped, which PNG cannot hold"),
        (source, ".tif", ["--tile", "0"], "reduced images dropped: they are stored in tiles only"),
        (several, ".tif", ["--pyramid"], "no reduced images: only a single page can have them"),
        (stack, ".tif", ["--pyramid"], "no reduced images: they would not lie in one piece"),
        (stack, ".tif", ["--tile", "64"], "no tiles: they would not lie in one piece"),
        (several, ".npy", ["--pyramid"], "only TIFF has reduced images"),
    ):
        out = tmp_path / f"out{suffix}"
        result = convtool("image", path, out, "-k", "identity", "--overwrite", *options)
        assert (result.code, words in result.err) == (0, True), result.err
        if suffix == ".tif":
            with tifffile.TiffFile(out) as file:
                assert not any(page.is_reduced for page in file.pages)
    refused = convtool("image", source, tmp_path / "no.tif", "--pyramid", "--tile", "0")
    assert (refused.code, "--pyramid stores tiles" in refused.err) == (2, True)


@pytest.mark.skipif(shutil.which("vips") is None, reason="vips is not installed")
def test_the_pyramid_of_vips(tmp_path):
    """The pyramid of vips has the same means, up to its rounding, and vips reads ours."""
    samples = picture(256, 384, 3, "u2")
    write_tiff(tmp_path / "in.tif", samples, False, {})
    tiles = ["--tile", "--tile-width", "64", "--tile-height", "64"]
    theirs, again = tmp_path / "vips.tif", tmp_path / "again.tif"
    command = ["vips", "tiffsave", tmp_path / "in.tif", theirs, "--pyramid", *tiles]
    subprocess.run(command, check=True, capture_output=True)
    assert not run(theirs, tmp_path / "out.tif", "-k", "identity")[0]
    for index, (ours, other) in enumerate(
        zip(levels(tmp_path / "out.tif"), levels(theirs), strict=True)
    ):
        assert np.abs(ours.astype(int) - other).max() <= index
        page = f"{tmp_path / 'out.tif'}[page={index}]"
        subprocess.run(["vips", "copy", page, again], check=True, capture_output=True)
        assert np.array_equal(tifffile.imread(again), ours)
