"""Images: depth, colour, alpha, orientation, frames, metadata; samples against scipy."""

import gc
import io
import shutil
import subprocess
import weakref

import cv2
import numpy as np
import pytest
import scipy.ndimage
import tifffile
from conftest import SAMPLES, covering
from PIL import Image, ImageCms, ImageOps

from convtool.kernels import catalogue
from convtool.kernels.resolve import dimensions
from convtool.media.image import BACKEND
from convtool.media.image.part import ImagePart
from convtool.options.reading import ImageReading

BLUR = np.outer([1, 2, 1], [1, 2, 1]) / 16
WRITTEN = ["png", "jpg", "webp", "tif", "bmp", "gif", "avif", "ppm"]


@pytest.fixture
def photo(rng):
    """Return a small colour image without hard edges, which lossy formats keep well."""
    y, x = np.mgrid[:48, :64]
    waves = [128 + 100 * np.sin(x / 9 + c) * np.cos(y / 7) for c in range(3)]
    return np.stack(waves, 2).astype(np.uint8)


def correlated(image, kernel=BLUR):
    """Return scipy's result for each channel, in the image's own scale."""
    return np.stack(
        [
            scipy.ndimage.correlate(image[..., c].astype(float), kernel, mode="nearest")
            for c in range(3)
        ],
        2,
    )


def read(path):
    """Return a file's samples as RGB, by OpenCV, which keeps the depth."""
    samples = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return samples[..., [2, 1, 0, 3][: samples.shape[2]]] if samples.ndim == 3 else samples


def test_a_blur_equals_scipys(convtool, tmp_path):
    """A blurred colour image equals scipy's within one level after rounding."""
    assert convtool("image", SAMPLES / "chart.jpg", tmp_path / "out.png", "-k", "blur").code == 0
    expected = correlated(np.array(Image.open(SAMPLES / "chart.jpg")))
    assert np.abs(read(tmp_path / "out.png") - expected.round()).max() <= 1


@pytest.mark.skipif(
    shutil.which("vips") is None, reason="the program vips is not here (Debian: libvips-tools)"
)
@pytest.mark.parametrize(
    ("name", "matrix"),
    [
        ("blur", "3 3 16 0\n1 2 1\n2 4 2\n1 2 1\n"),
        ("sharpen", "3 3 1 0\n0 -1 0\n-1 5 -1\n0 -1 0\n"),
        ("emboss", "3 3 1 0\n-2 -1 0\n-1 1 1\n0 1 2\n"),
    ],
)
def test_images_equal_those_of_libvips(convtool, tmp_path, name, matrix):
    """A filtered image equals that of libvips within one level after rounding."""
    (tmp_path / "kernel.mat").write_text(matrix)
    theirs, ours = tmp_path / "theirs.png", tmp_path / "ours.png"
    command = [
        "vips",
        "conv",
        SAMPLES / "chart.jpg",
        f"{theirs}[bitdepth=8]",
        tmp_path / "kernel.mat",
    ]
    subprocess.run([*command, "--precision", "float"], check=True)
    convtool("image", SAMPLES / "chart.jpg", ours, "-k", name)
    assert np.abs(read(ours).astype(int) - read(theirs)).max() <= 1


def test_a_16_bit_image_keeps_16_bits(convtool, tmp_path):
    """16-bit results equal scipy's in PNG, TIFF and PPM."""
    expected = correlated(read(SAMPLES / "chart16.png"))
    for suffix in ("png", "tif", "ppm"):
        out = tmp_path / f"out.{suffix}"
        assert convtool("image", SAMPLES / "chart16.png", out, "-k", "blur").code == 0
        assert read(out).dtype == np.uint16
        assert np.abs(read(out) - expected.round()).max() <= 1


@pytest.mark.parametrize("suffix", WRITTEN)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_identity_through_every_format(convtool, tmp_path, photo, suffix, mode):
    """Lossless formats return every sample, lossy ones come close."""
    source = tmp_path / f"in.{suffix}"
    Image.fromarray(photo).convert(mode).save(source)
    out = tmp_path / f"out.{suffix}"
    result = convtool("image", source, out, "-k", "identity", "--quality", "95")
    assert result.code == 0, result.err
    before, after = (np.array(Image.open(path).convert("RGB"), dtype=int) for path in (source, out))
    most = {"jpg": 8, "webp": 14, "avif": 14, "gif": 40}.get(suffix, 0)
    assert np.abs(before - after).max() <= most
    assert np.abs(before - after).mean() <= most / 6


PRESETS = [name for name in sorted(catalogue.catalogue()) if 2 in dimensions(name)]
PADDING = ["zeros", "reflect", "replicate", "circular"]
KINDS = {"grey": "l", "rgb": "rgb", "rgba": "rgb", "deep": "rgb"}


@pytest.fixture(scope="module")
def kinds(tmp_path_factory):
    """Return a folder with noise as images of each kind."""
    folder = tmp_path_factory.mktemp("kinds")
    pixels = np.random.default_rng(1).integers(0, 256, (40, 44, 4), dtype=np.uint8)
    Image.fromarray(pixels[..., 0]).save(folder / "grey.png")
    Image.fromarray(pixels[..., :3]).save(folder / "rgb.png")
    Image.fromarray(pixels).save(folder / "rgba.png")
    cv2.imwrite(str(folder / "deep.png"), pixels[..., :3].astype(np.uint16) * 257)
    return folder


@pytest.mark.parametrize(("name", "mode", "kind"), covering(PRESETS, PADDING, KINDS))
def test_every_preset_on_every_kind_of_image(convtool, tmp_path, kinds, name, mode, kind):
    """Every preset runs on grey, RGB, RGBA and 16-bit RGB, and with every padding mode."""
    options = ["-k", name, "--padding-mode", mode]
    result = convtool("image", kinds / f"{kind}.png", f"{tmp_path}/out/", *options)
    assert result.code == 0, result.err
    for channel in KINDS[kind]:
        assert (tmp_path / "out" / f"{kind}_{name}_{channel}.png").exists()


def test_the_sign_of_sobel_x(convtool, tmp_path):
    """`sobel-x` is positive on a step from dark on the left to bright on the right."""
    step = np.zeros((5, 8), np.uint8)
    step[:, 4:] = 255
    Image.fromarray(step).save(tmp_path / "step.png")
    convtool(
        "image", tmp_path / "step.png", tmp_path / "out.npy", "-k", "sobel-x", "--normalize", "none"
    )
    out = np.load(tmp_path / "out.npy")
    assert out.shape == (1, 1, 5, 8)
    assert (out[0, 0, :, 3:5] == 4).all()
    assert np.count_nonzero(out) == 10


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_orientation_is_applied_before_filtering(convtool, tmp_path, photo, orientation, suffix):
    """The result is upright, has no orientation tag, and keeps the name of the camera."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = orientation, "A camera"
    options = {"quality": 100} if suffix != "tif" else {}
    Image.fromarray(photo).save(tmp_path / f"in.{suffix}", exif=exif, **options)
    convtool(
        "image",
        tmp_path / f"in.{suffix}",
        tmp_path / "out.npy",
        "-k",
        "sobel-x",
        "--normalize",
        "none",
    )
    upright = np.array(ImageOps.exif_transpose(Image.open(tmp_path / f"in.{suffix}")))
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    expected = correlated(upright, kernel).transpose(2, 0, 1)[None] / 255
    np.testing.assert_allclose(np.load(tmp_path / "out.npy"), expected, atol=1e-5)
    convtool("image", tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}", "-k", "identity")
    with Image.open(tmp_path / f"out.{suffix}") as out:
        assert out.size == upright.shape[1::-1]
        assert out.getexif().get(0x0112, 1) == 1
        assert out.getexif()[0x010F] == "A camera"


def test_the_tags_of_a_png_can_come_after_its_pixels(convtool, tmp_path, photo):
    """A PNG with tags after its pixels, as exiftool writes it, is upright and keeps its tags."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    Image.fromarray(photo).save(tmp_path / "in.png", exif=exif)
    data = (tmp_path / "in.png").read_bytes()
    start = data.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4])
    (tmp_path / "in.png").write_bytes(data[:start] + data[end:-12] + data[start:end] + data[-12:])
    assert convtool("image", tmp_path / "in.png", tmp_path / "out.png", "-k", "identity").code == 0
    assert np.array_equal(read(tmp_path / "out.png"), np.rot90(photo, -1))
    assert Image.open(tmp_path / "out.png").getexif()[0x010F] == "A camera"


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg", "gif", "webp"])
def test_a_dry_run_decodes_nothing(convtool, tmp_path, monkeypatch, photo, suffix):
    """A dry run takes shapes from the header and decodes nothing."""
    Image.fromarray(photo).save(tmp_path / f"in.{suffix}")
    monkeypatch.setattr(ImagePart, "pixels", property(lambda _: pytest.fail("it was decoded")))
    result = convtool(
        "image", tmp_path / f"in.{suffix}", f"{tmp_path}/out/", "-k", "sobel-x", "--dry-run"
    )
    assert result.code == 0, result.err
    assert f"input: 1×3×{photo.shape[0]}×{photo.shape[1]}" in result.out


def test_an_image_is_released_with_its_last_user(tmp_path, photo):
    """An image is released with its last user, without waiting for the garbage collector."""
    Image.fromarray(photo).save(tmp_path / "in.png")
    gc.disable()
    with (tmp_path / "in.png").open("rb") as file:
        source = BACKEND.open(file, "in.png", ImageReading())
        (part,) = source.parts()
        pixels = weakref.ref(part.pixels)
        del source, part
    assert pixels() is None
    gc.enable()


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_the_colour_profile_is_kept(convtool, tmp_path, photo, suffix):
    """Colour results keep an RGB profile, and grey ones drop it."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(photo).save(tmp_path / f"in.{suffix}", icc_profile=profile)
    convtool("image", tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}", "-k", "blur")
    convtool("image", tmp_path / f"in.{suffix}", f"{tmp_path}/split/", "-k", "blur")
    assert Image.open(tmp_path / f"out.{suffix}").info["icc_profile"] == profile
    assert "icc_profile" not in Image.open(tmp_path / "split" / f"in_blur_r.{suffix}").info


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_16_bit_image_keeps_its_profile(convtool, tmp_path, suffix):
    """The profile is also kept where Pillow is not the writer."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    deep = read(SAMPLES / "chart16.png")
    done, data = cv2.imencodeWithMetadata(
        ".png",
        deep[..., ::-1].copy(),
        [cv2.IMAGE_METADATA_ICCP],
        [np.frombuffer(profile, np.uint8)],
    )
    assert done
    (tmp_path / "in.png").write_bytes(data.tobytes())
    convtool("image", tmp_path / "in.png", tmp_path / f"out.{suffix}", "-k", "identity")
    assert np.array_equal(read(tmp_path / f"out.{suffix}"), deep)
    assert Image.open(tmp_path / f"out.{suffix}").info["icc_profile"] == profile


@pytest.mark.parametrize(
    ("suffix", "exact"), [("gif", True), ("png", True), ("webp", False), ("avif", False)]
)
def test_ten_frames_stay_ten_with_their_durations(convtool, tmp_path, suffix, exact):
    """Animated GIF, PNG, WebP and AVIF keep their frames and durations."""
    frames = []
    for index in range(10):
        frame = Image.new("RGB", (32, 24), (20, 20, 20))
        frame.paste((240, 200, 40), (index * 2, 4, index * 2 + 8, 12))
        frames.append(frame)
    durations = [50 + 10 * index for index in range(10)]
    source, out = tmp_path / f"in.{suffix}", tmp_path / f"out.{suffix}"
    frames[0].save(source, save_all=True, append_images=frames[1:], duration=durations, loop=0)
    assert convtool("image", source, out, "-k", "blur").code == 0
    with Image.open(out) as image:
        assert image.n_frames == 10
        seen = []
        for index in range(10):
            image.seek(index)
            image.load()
            seen.append(image.info["duration"])
            expected = correlated(np.array(frames[index])).round()
            difference = np.abs(np.array(image.convert("RGB")) - expected)
            assert difference.max() <= (6 if exact else 70)
    assert seen == durations
    if suffix == "gif":
        assert image.info["loop"] == 0


def test_all_pages_of_a_tiff(convtool, tmp_path, rng):
    """Each 16-bit page is filtered separately, and minmax has one range for all."""
    pages = rng.integers(0, 65536, (3, 20, 24, 3), dtype=np.uint16)
    pages[1] //= 4
    tifffile.imwrite(tmp_path / "in.tif", pages, photometric="rgb")
    convtool("image", tmp_path / "in.tif", tmp_path / "out.tif", "-k", "blur")
    out = tifffile.imread(tmp_path / "out.tif")
    assert out.shape == pages.shape
    for page, result in zip(pages, out, strict=True):
        assert np.abs(result - correlated(page).round()).max() <= 1
    convtool(
        "image",
        tmp_path / "in.tif",
        tmp_path / "stretched.tif",
        "-k",
        "identity",
        "--normalize",
        "minmax",
    )
    stretched = tifffile.imread(tmp_path / "stretched.tif").astype(float)
    assert stretched.max() == 65535
    assert stretched[1].max() < 65535 / 3.9


def test_transparent_edges_do_not_darken(convtool, tmp_path):
    """A blurred cut-out has its colour everywhere, whatever the transparent pixels hold."""
    pixels = np.zeros((40, 50, 4), np.uint8)
    pixels[10:30, 10:40] = (200, 100, 50, 255)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    convtool("image", tmp_path / "in.png", tmp_path / "out.png", "-k", "gaussian:sigma=3")
    out = np.array(Image.open(tmp_path / "out.png"))
    assert (out[out[..., 3] > 0][:, :3] == (200, 100, 50)).all()
    assert (np.diff(out[20, :25, 3].astype(int)) >= 0).all()


def test_an_opaque_alpha_changes_nothing(convtool, tmp_path, photo):
    """RGBA without transparency gives the result of RGB."""
    Image.fromarray(photo).save(tmp_path / "rgb.png")
    Image.fromarray(photo).convert("RGBA").save(tmp_path / "rgba.png")
    for kind in ("rgb", "rgba"):
        convtool("image", tmp_path / f"{kind}.png", tmp_path / f"{kind}-out.png", "-k", "sharpen")
    assert np.array_equal(read(tmp_path / "rgba-out.png")[..., :3], read(tmp_path / "rgb-out.png"))


@pytest.mark.parametrize("options", [("--stride", "2"), ("--padding", "valid"), ("--padding", "3")])
def test_alpha_follows_the_results_size(convtool, tmp_path, rng, options):
    """Each position of the result has the alpha of the pixel at the kernel's centre."""
    pixels = rng.integers(0, 256, (21, 30, 4), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in.png")
    convtool("image", tmp_path / "in.png", tmp_path / "out.png", "-k", "sharpen", *options)
    alpha = read(tmp_path / "out.png")[..., 3]
    expected = {
        "2": pixels[::2, ::2, 3],
        "valid": pixels[1:-1, 1:-1, 3],
        "3": np.pad(pixels[..., 3], 2, "edge"),
    }
    assert np.array_equal(alpha, expected[options[1]])


def test_16_bit_alpha(convtool, tmp_path, rng):
    """16-bit RGBA keeps its depth and the order of its channels."""
    pixels = rng.integers(0, 65536, (20, 24, 4), dtype=np.uint16)
    pixels[..., 3] = 65535
    cv2.imwrite(str(tmp_path / "in.png"), pixels[..., [2, 1, 0, 3]])
    for suffix in ("png", "tif"):
        convtool("image", tmp_path / "in.png", tmp_path / f"out.{suffix}", "-k", "identity")
    assert np.array_equal(read(tmp_path / "out.png"), pixels)
    assert np.array_equal(tifffile.imread(tmp_path / "out.tif"), pixels)


def test_float_images(convtool, tmp_path, rng):
    """A float TIFF stays float and is not clamped."""
    pixels = (rng.random((20, 24, 3)) * 4 - 1).astype(np.float32)
    tifffile.imwrite(tmp_path / "in.tif", pixels, photometric="rgb")
    result = convtool("image", tmp_path / "in.tif", tmp_path / "out.tif", "-k", "blur")
    assert result.code == 0, result.err
    np.testing.assert_allclose(tifffile.imread(tmp_path / "out.tif"), correlated(pixels), atol=1e-5)


def test_not_a_number_is_refused_with_a_count(convtool, tmp_path, rng):
    """NaN samples are refused with their count, unless --nan replaces them."""
    pixels = rng.random((20, 24)).astype(np.float32)
    pixels[3, 4], pixels[5, 6] = np.nan, np.inf
    tifffile.imwrite(tmp_path / "in.tif", pixels)
    result = convtool("image", tmp_path / "in.tif", tmp_path / "out.tif", "-k", "blur")
    assert result.code == 1
    assert "2 samples are NaN or infinite" in result.err
    assert (
        convtool(
            "image", tmp_path / "in.tif", tmp_path / "out.tif", "-k", "identity", "--nan", "0.5"
        ).code
        == 0
    )
    pixels[3, 4] = pixels[5, 6] = 0.5
    np.testing.assert_allclose(tifffile.imread(tmp_path / "out.tif"), pixels, atol=1e-6)


@pytest.mark.parametrize(("mode", "note"), [("P", "palette"), ("CMYK", "CMYK")])
def test_conversions_are_noted_once(convtool, tmp_path, photo, mode, note):
    """Palettes and CMYK are converted to RGB with a single note."""
    source = tmp_path / ("in.png" if mode == "P" else "in.jpg")
    Image.fromarray(photo).convert(mode).save(source)
    result = convtool("image", source, tmp_path / "out.png", "-k", "sobel-x")
    assert result.code == 0
    assert result.err.count(f"{note} converted to RGB") == 1
    assert Image.open(tmp_path / "out.png").mode == "RGB"


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": "4:4:4"}, {"restart_marker_rows": 1}]
)
def test_a_jpeg_is_decoded_as_pillow_decodes_it(convtool, tmp_path, photo, mode, options):
    """A JPEG decodes to the samples of Pillow, whatever its layout and size."""
    source, target = tmp_path / "in.jpg", tmp_path / "out.png"
    Image.fromarray(photo[:43, :61]).convert(mode).save(source, quality=85, **options)
    assert convtool("image", source, target, "-k", "identity").code == 0
    assert np.array_equal(np.asarray(Image.open(target)), np.asarray(Image.open(source)))


def test_a_jpeg_with_stray_bytes_in_its_header_is_read(convtool, tmp_path, photo):
    """Stray bytes before the image data are skipped with a note: the pixels are intact."""
    source, target = tmp_path / "in.jpg", tmp_path / "out.png"
    memory = io.BytesIO()
    Image.fromarray(photo).save(memory, "JPEG")
    data = memory.getvalue()
    scan = data.index(b"\xff\xda")
    source.write_bytes(data[:scan] + b"\0\0" + data[scan:])
    result = convtool("image", source, target, "-k", "identity")
    assert result.code == 0
    assert "in.jpg: 2 stray bytes in the header skipped" in result.err
    assert np.array_equal(np.asarray(Image.open(target)), np.asarray(Image.open(source)))


def test_one_bit_and_two_bit_images_use_the_full_range(convtool, tmp_path, corpus):
    """Black is 0 and white 255, however few levels there are."""
    for name in ("mdx__basn0g01.png", "imgtiff__flower-minisblack-02.tif"):
        convtool(
            "image", corpus / "good" / "image" / name, tmp_path / f"{name}.png", "-k", "identity"
        )
        levels = np.unique(read(tmp_path / f"{name}.png"))
        assert levels.min() == 0
        assert levels.max() == 255
        assert len(levels) <= 4


def test_quality_counts_for_lossy_formats(convtool, tmp_path):
    """A lower quality makes a smaller file."""
    sizes = []
    for quality in (20, 90):
        out = tmp_path / f"{quality}.jpg"
        convtool("image", SAMPLES / "chart.jpg", out, "-k", "blur", "--quality", quality)
        sizes.append(out.stat().st_size)
    assert sizes[0] < sizes[1] / 2


def test_a_grid_and_a_sheet(convtool, tmp_path, photo):
    """A grid shows feature maps; a sheet begins with the input, and its cells are labelled."""
    Image.fromarray(photo).save(tmp_path / "in.png")
    convtool("image", tmp_path / "in.png", tmp_path / "grid.png", "--seed", "1")
    assert Image.open(tmp_path / "grid.png").size == (2 * 68 + 4, 2 * 52 + 4)
    convtool("image", tmp_path / "in.png", f"{tmp_path}/maps/", "--seed", "1")
    first = np.array(Image.open(tmp_path / "maps" / "in_random_1.png"))
    assert np.array_equal(np.array(Image.open(tmp_path / "grid.png"))[4:52, 4:68], first)
    eight = [
        item for name in catalogue.catalogue() if name.endswith("-sobel") for item in ("-k", name)
    ]
    rest = ["-k", "blur", "-k", "emboss", "-k", "outline", "-k", "sharpen"]
    assert (
        convtool(
            "image", tmp_path / "in.png", tmp_path / "sheet.png", *eight, *rest, "--sheet"
        ).code
        == 0
    )
    sheet = np.array(Image.open(tmp_path / "sheet.png"))
    # 64 × 48 pixels are enlarged by 5, to 320 × 240.
    assert sheet.shape == (3 * (240 + 22 + 4) + 4, 3 * 324 + 4, 3)
    assert np.array_equal(sheet[4 + 22 : 4 + 22 + 240 : 5, 4:324:5], photo)


def sheet_of(convtool, folder, array, *options):
    """Return the sheet of an image."""
    Image.fromarray(array).save(folder / "in.png")
    result = convtool("image", folder / "in.png", folder / "sheet.png", "--sheet", *options)
    assert result.code == 0, result.err
    return np.array(Image.open(folder / "sheet.png"))


def test_a_sheet_of_a_tiny_image_is_enlarged_and_shows_its_values(convtool, tmp_path):
    """The cells of 7 × 6 pixels are 45 pixels wide, and each holds its number, dark on bright."""
    half = np.zeros((7, 6), np.uint8)
    half[:, :3] = 255
    sheet = sheet_of(convtool, tmp_path, half, "-k", "identity")
    assert sheet.shape == (7 * 45 + 22 + 8, 2 * (6 * 45 + 4) + 4)
    cells = sheet[26 : 26 + 315, 4 : 4 + 270].reshape(7, 45, 6, 45).transpose(0, 2, 1, 3)
    assert (cells[:, :, 0, 0] == half).all()  # the corner of each is the pixel itself
    assert (cells[:, :3].min((2, 3)) < 64).all()
    assert (cells[:, 3:].max((2, 3)) > 192).all()
    assert len(np.unique(cells[:, :3].reshape(21, -1), axis=0)) == 1  # the same number in each


def test_a_sheet_of_a_tiny_colour_image_shows_three_values_per_cell(convtool, tmp_path, rng):
    """Red, green and blue are below each other where they fit."""
    sheet = sheet_of(convtool, tmp_path, rng.integers(0, 256, (5, 5, 3), np.uint8), "-k", "blur")
    cell = sheet[26 : 26 + 48, 4 : 4 + 48]
    rows = (cell != cell[0, 0]).any((1, 2))
    assert np.flatnonzero(np.diff(rows.astype(int)) == 1).size == 3  # three lines of digits


def test_tiles_of_a_sheet_are_at_least_as_wide_as_their_labels(convtool, tmp_path):
    """A tall, narrow image gets a white margin, so that its label is not cut."""
    tall = np.zeros((300, 4), np.uint8)
    grid = "0 -1 0; -1 5 -1; 0 -1 0"
    sheet = sheet_of(convtool, tmp_path, tall, "-k", grid)
    width = sheet.shape[1] // 2
    assert width > 120
    ink = sheet[4:26, width:] < 128
    assert ink[:, -6:].sum() == 0  # the last letter is whole
    assert np.flatnonzero(ink.any(0)).max() > 120  # the numbers, not "grid"


def test_rows_of_a_wide_sheet_wrap(convtool, tmp_path):
    """A sheet is at most 4096 pixels wide, unless a single tile is wider."""
    wide = np.zeros((8, 1500), np.uint8)
    kernels = [item for name in ("blur", "box", "log", "dog", "gaussian") for item in ("-k", name)]
    sheet = sheet_of(convtool, tmp_path, wide, *kernels)
    assert sheet.shape == (3 * (8 + 22 + 4) + 4, 2 * 1504 + 4)


def test_random_maps_of_a_sheet_have_their_own_ranges(convtool, tmp_path, photo):
    """Each random map reaches from black to white on a sheet; files keep the sigmoid."""
    sheet = sheet_of(convtool, tmp_path, photo, "--seed", "1")
    tiles = [sheet[4 + 22 : 266, 324 + 8 : 648], sheet[266 + 26 : 528, 4:324]]
    for tile in tiles:
        assert tile.min() == 0
        assert tile.max() == 255
    convtool("image", tmp_path / "in.png", f"{tmp_path}/maps/", "--seed", "1")
    first = np.array(Image.open(tmp_path / "maps" / "in_random_1.png"))
    assert int(first.max()) - int(first.min()) < 128


def test_the_image_program_of_the_lessons(convtool, tmp_path):
    """The lessons' layer and sigmoid give one grey image per channel, as in PyTorch."""
    import torch  # noqa: PLC0415

    source = SAMPLES / "chart.jpg"
    convtool(
        "image", source, f"{tmp_path}/", "--seed", "5", "--padding-mode", "zeros", "--format", "png"
    )
    torch.manual_seed(5)
    layer = torch.nn.Conv2d(3, 4, 3, stride=1, padding=1)
    rgb = torch.from_numpy(np.array(Image.open(source))).permute(2, 0, 1)[None] / 255
    expected = (layer(rgb).sigmoid()[0] * 255).detach().numpy()
    for channel in range(4):
        written = np.array(Image.open(tmp_path / f"chart_random_{channel + 1}.png"))
        assert np.abs(written - expected[channel]).max() <= 0.51


def test_pixels_do_not_depend_on_the_case_of_the_suffix(convtool, tmp_path, photo):
    """IN.PNG is a PNG, and its outputs keep the case of the suffix."""
    Image.fromarray(photo).save(tmp_path / "IN.PNG")
    assert convtool("image", tmp_path / "IN.PNG", f"{tmp_path}/out/", "-k", "blur").code == 0
    assert (tmp_path / "out" / "IN_blur_r.PNG").exists()


def test_png_is_compressed_fast(convtool, tmp_path):
    """PNG is compressed at level 1, as the header of the deflate stream declares."""
    convtool("image", SAMPLES / "chart.jpg", tmp_path / "out.png", "-k", "blur")
    data = (tmp_path / "out.png").read_bytes()
    assert data[data.index(b"IDAT") + 5] >> 6 == 0
    assert io.BytesIO(data).read(4) == b"\x89PNG"
