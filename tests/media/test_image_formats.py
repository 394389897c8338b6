"""Image formats as the pipeline uses them, and Pillow's process-wide limits."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pillow_heif
import pytest
import tifffile
import torch
from conftest import SAMPLES
from PIL import Image, ImageCms, ImageFile
from torch import nn

from convtool.block import Block
from convtool.convolve.geometry import Placement, window
from convtool.errors import ReadError, UsageError, WriteError
from convtool.levels import UINT8, UINT16
from convtool.media.contract import Tile, Wanted
from convtool.media.image import BACKEND
from convtool.media.image.formats import FORMATS, format_of, recognized
from convtool.media.image.part import ImagePart
from convtool.media.image.pillow import SharedSettings
from convtool.media.image.samples import RGB, Header, Pixels
from convtool.options.output import ImageOutput
from convtool.options.reading import ImageReading

WRITTEN = [format for format in FORMATS if format.writable]
COLOUR = (Tile("colour", (0, 1, 2)),)


@pytest.fixture
def pixels(rng):
    """Return random RGBA pixels."""
    return rng.integers(0, 256, (20, 24, 4), dtype=np.uint8)


@pytest.fixture
def photo():
    """Return a small colour image without hard edges, which lossy formats keep well."""
    y, x = np.mgrid[:48, :64]
    waves = [128 + 100 * np.sin(x / 9 + c) * np.cos(y / 7) for c in range(3)]
    return np.stack(waves, 2).astype(np.uint8)


def saved(pixels, suffix="png", **options):
    """Return a file of pixels, or of several frames."""
    file = io.BytesIO()
    first, *others = map(Image.fromarray, pixels if isinstance(pixels, list) else [pixels])
    if others:
        options |= {"save_all": True, "append_images": others, "duration": 50}
    first.save(file, Image.registered_extensions()[f".{suffix}"], **options)
    file.seek(0)
    return file


def example(format, pixels):
    """Return a file of a format; those that Pillow does not write come from elsewhere."""
    if format.name == "HEIC":
        return heic(pixels)
    file = io.BytesIO()
    if format.name == "NPY":
        np.save(file, pixels)
    elif format.name in ("PAM", "PFM"):
        floats = pixels.astype(np.float32) / 255
        suffix, samples = (".pam", pixels) if format.name == "PAM" else (".pfm", floats)
        file.write(cv2.imencode(suffix, samples)[1].tobytes())
    else:
        return saved(pixels, format.suffixes[0][1:])
    file.seek(0)
    return file


def tiff_of_16_bits(shape=(20, 24, 3)):
    """Return a 16-bit TIFF with one or several pages."""
    file = io.BytesIO()
    tifffile.imwrite(
        file, np.full(shape, 1000, np.uint16), photometric="rgb", software=False, metadata=None
    )
    file.seek(0)
    return file


def decided(file, suffix, tiles=COLOUR, *, raw=False, stride=1, **options):
    """Return the source of a file and the encoding of its result."""
    source = BACKEND.open(file, "in", ImageReading())
    part = next(source.parts())
    size = tuple(-(-n // stride) for n in part.size)
    wanted = Wanted(suffix, ImageOutput(**options), raw, size, tiles)
    return source, BACKEND.encoding(source, part, wanted)


def copied(source, encoding, tiles=COLOUR, *, stride=1):
    """Encode every page in blocks of 6 rows, as a layer with one tap would."""
    file = io.BytesIO()
    encoder = encoding.open(file, tiles)
    for part in source.parts():
        conv = nn.Conv2d(len(part.channels), 1, 1, stride=stride)
        encoder.begin(part, Placement(window(conv), part.size), encoding.levels, tiles)
        for block in part.blocks(6):
            rows = block.tensor[:, :, ::stride, ::stride] if stride > 1 else block.tensor
            levels = encoding.levels
            shift = levels.scale // block.levels.scale
            encoder.write(encoder.prepare(Block(rows.to(levels.dtype) * shift, levels)))
    encoder.close()
    encoder.drop()
    file.seek(0)
    return file, encoder


@pytest.mark.parametrize("format", WRITTEN, ids=lambda each: each.name)
def test_a_format_recognizes_only_its_own_files(format, pixels):
    """Files are recognized by their first bytes, not by their names."""
    colours = np.ascontiguousarray(pixels[..., :3])
    start = example(format, colours).read(64)
    assert [each.name for each in FORMATS if each.matches(start)] == [format.name]
    assert recognized(start) is format


@pytest.mark.parametrize("format", WRITTEN, ids=lambda each: each.name)
def test_a_format_is_found_by_its_suffixes(format):
    """Suffixes are accepted with or without a dot, in any case; folders list readable ones."""
    for suffix in format.suffixes:
        assert format_of(suffix.upper()) is format_of(suffix[1:]) is format
        assert suffix in BACKEND.writable
        assert (suffix in BACKEND.readable) == format.sought
        BACKEND.check_suffix(suffix)


def test_an_unknown_suffix_is_refused():
    """An unknown suffix is refused with a message that names it."""
    with pytest.raises(UsageError, match="no image format is known by 'xyz'"):
        BACKEND.check_suffix("xyz")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "in: the file is empty"),
        (b"text, and more of it", "in: not an image of a known format"),
        (
            b"\x89PNG\r\n\x1a\n and no more",
            "in: the image cannot be read: the PNG header is damaged",
        ),
        (b"GIF89a", "in: the image cannot be read: the GIF header is damaged"),
    ],
)
def test_damaged_files_are_refused(data, message):
    """Empty, foreign and damaged files are refused with a message."""
    with pytest.raises(ReadError) as caught:
        BACKEND.open(io.BytesIO(data), "in", ImageReading())
    assert caught.value.message == message


def test_a_truncated_image_is_refused_with_the_flag_that_reads_it(rng):
    """A truncated image is refused unless --allow-truncated is given."""
    data = saved(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).getvalue()
    with pytest.raises(ReadError, match=r"^in: truncated: the image data ends early$") as caught:
        BACKEND.open(io.BytesIO(data[:-3000]), "in", ImageReading())
    assert "--allow-truncated" in caught.value.hint
    reading = ImageReading(allow_truncated=True)
    (part,) = BACKEND.open(io.BytesIO(data[:-3000]), "in", reading).parts()
    assert part.pixels.samples.shape == (64, 64, 3)


@pytest.mark.parametrize(
    ("suffix", "levels"),
    [("png", UINT16), ("ppm", UINT16), ("tif", UINT16), ("jpg", UINT8), ("bmp", UINT8)],
)
def test_the_encoding_keeps_the_depth_where_the_format_can(suffix, levels):
    """The encoding keeps the depth if the format can, and otherwise notes the loss."""
    _, encoding = decided(tiff_of_16_bits(), suffix)
    assert encoding.levels == levels
    assert encoding.notes == (
        () if levels == UINT16 else (f"16-bit samples stored as 8-bit in {format_of(suffix).name}",)
    )


def test_pages_keep_their_depth_and_sheets_have_8_bits():
    """An animated PNG has 16 bits as a single one has; sheets of any format have 8."""
    assert decided(tiff_of_16_bits((2, 20, 24, 3)), "png")[1].levels == UINT16
    assert decided(tiff_of_16_bits((2, 20, 24, 3)), "tif")[1].levels == UINT16
    assert decided(tiff_of_16_bits(), "tif", sheet=True)[1].levels == UINT8


def test_raw_floats_and_sheets_are_refused_by_other_formats(pixels):
    """Raw floats and sheets are refused before anything is written if the format lacks them."""
    with pytest.raises(WriteError, match="raw floats, which png cannot hold"):
        decided(saved(pixels), "png", raw=True)
    assert decided(saved(pixels), "tif", raw=True)[1].levels.floats
    with pytest.raises(UsageError, match="--sheet draws an image, which NPY cannot hold"):
        decided(saved(pixels), "npy", sheet=True)


def test_the_memory_of_an_encoding_counts_pages_tiles_and_copies(pixels):
    """The memory of an encoding counts pages, tiles and copies of the result, by format."""
    one = decided(saved(pixels), "png")[1].memory
    assert one == 20 * 24 * 3 * format_of("png").copies
    assert decided(saved([pixels, pixels // 2, pixels // 3]), "png")[1].memory == 3 * one
    assert decided(saved(pixels), "png", stride=2)[1].memory == one // 4
    grey = tuple(Tile(str(index), (index,)) for index in range(4))
    assert decided(saved(pixels), "png", grey)[1].memory == 20 * 24 * 3 * 4 * 4
    # An array holds all channels and needs no grid.
    assert decided(saved(pixels), "npy", grey)[1].memory == 20 * 24 * 4 * 4 * 4


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_blocks_go_through_an_encoder_unchanged(pixels, stride):
    """Blocks pass an encoder unchanged, and alpha follows the positions of the result."""
    pixels[..., 3] = 255
    pixels[3, 5, 3] = pixels[6, 6, 3] = 254  # too little to change colours around it
    source, encoding = decided(saved(pixels), "png", stride=stride)
    file, encoder = copied(source, encoding, stride=stride)
    written = np.array(Image.open(file))
    np.testing.assert_allclose(written, pixels[::stride, ::stride], atol=1)
    assert np.array_equal(written[..., 3], pixels[::stride, ::stride, 3])
    assert encoder.notes == []


def test_losses_of_an_output_are_notes_of_its_encoder(pixels):
    """A loss is noted by the encoder of its output, not by the input."""
    source, encoding = decided(saved(pixels), "jpg")
    _, encoder = copied(source, encoding)
    assert encoder.notes == ["transparency dropped, JPEG has none"]
    assert source.notes == []


def test_a_tiff_keeps_exif_tags_but_those_of_another_layout(pixels):
    """TIFF holds EXIF's own directory; tags about the layout of the input are not copied."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0213], exif[0x0102] = "A camera", 1, 4
    exif.get_ifd(0x8769)[0x829A] = 0.25
    source, encoding = decided(saved(pixels, exif=exif), "tif")
    assert encoding.notes == ()
    written = Image.open(copied(source, encoding)[0]).getexif()
    assert written[0x010F] == "A camera"
    assert written.get_ifd(0x8769)[0x829A] == 0.25
    assert 0x0213 not in written
    assert written[0x0102] == (8, 8, 8, 8)


def test_several_frames_are_refused_by_a_format_for_one(pixels):
    """A format with a single frame refuses several when it is closed."""
    source, encoding = decided(saved([pixels, pixels // 2]), "jpg")
    with pytest.raises(WriteError, match="2 images, and JPEG holds one"):
        copied(source, encoding)


def test_a_part_yields_blocks_of_its_levels_and_its_tail(pixels):
    """A part yields its rows in order, in blocks of its levels, the last one shorter."""
    (part,) = BACKEND.open(saved(pixels[..., :3].copy()), "in", ImageReading()).parts()
    blocks = list(part.blocks(8))
    assert [len(block) for block in blocks] == [8, 8, 4]
    assert all(block.levels == UINT8 and block.times is None for block in blocks)
    whole = torch.from_numpy(pixels[..., :3].copy()).permute(2, 0, 1)[None]
    assert torch.equal(torch.cat([block.tensor for block in blocks], 2), whole)
    assert torch.equal(part.tail(3), whole[:, :, -3:])
    assert blocks[0].tensor.is_contiguous(memory_format=torch.channels_last)


# --- Pillow's process-wide limits ---


def entered(settings, *, truncated):
    """Enter the settings in a thread; return the events for leaving and entered, and the thread."""
    leave, inside = threading.Event(), threading.Event()

    def hold():
        with settings(truncated=truncated):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    return leave, inside, thread


def test_equal_settings_are_shared_and_restored():
    """Workers with equal settings decode at the same time."""
    found = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
    settings = SharedSettings()
    users = [entered(settings, truncated=True) for _ in range(3)]
    assert all(inside.wait(10) for _, inside, _ in users)
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES) == (None, True)
    for leave, _, thread in users:
        assert Image.MAX_IMAGE_PIXELS is None
        leave.set()
        thread.join(10)
    assert found == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)


def test_workers_decode_at_the_same_time(photo):
    """No lock is held while an image is decoded: each of two threads waits for the other inside."""
    inside = threading.Barrier(2)

    def decode():
        inside.wait(20)
        return Pixels(photo)

    header = Header(photo.shape[:2], channels=RGB, dtype=torch.uint8)
    parts = [ImagePart(header, decode) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda part: part.pixels.samples, parts)
    assert np.array_equal(first, second)


def test_other_settings_wait_and_are_not_starved():
    """Different settings wait for each other, and none is starved by later users."""
    settings = SharedSettings()
    first, second = (entered(settings, truncated=True) for _ in range(2))
    assert first[1].wait(10)
    assert second[1].wait(10)
    other = entered(settings, truncated=False)
    assert not other[1].wait(0.05)
    late = entered(settings, truncated=True)
    assert not late[1].wait(0.05)
    for leave, _, thread in (first, second):
        leave.set()
        thread.join(10)
    assert other[1].wait(10)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
    assert not late[1].wait(0.05)
    other[0].set()
    assert late[1].wait(10)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True
    late[0].set()
    late[2].join(10)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def test_an_error_restores_the_settings():
    """An error while decoding restores the settings."""
    found = Image.MAX_IMAGE_PIXELS
    settings = SharedSettings()
    with pytest.raises(ValueError, match="damaged"), settings(truncated=True):
        raise ValueError("damaged")
    assert found == Image.MAX_IMAGE_PIXELS


def test_threads_with_different_settings_read_correctly(rng):
    """Threads that do not allow truncated files always refuse them."""
    data = saved(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).getvalue()[:-3000]
    outcomes = {True: set(), False: set()}

    def read(*, allowed):
        for _ in range(20):
            reading = ImageReading(allow_truncated=allowed)
            try:
                (part,) = BACKEND.open(io.BytesIO(data), "in", reading).parts()
                outcomes[allowed].add(part.pixels.samples.shape)
            except ReadError:
                outcomes[allowed].add("refused")

    threads = [
        threading.Thread(target=read, kwargs={"allowed": allowed}) for allowed in (True, False) * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes == {True: {(64, 64, 3)}, False: {"refused"}}


# --- HEIC ---


def heic(pixels, **options):
    """Return a HEIC file, lossless apart from its colour space."""
    file = io.BytesIO()
    modes = {"uint8": ("L", "LA", "RGB", "RGBA"), "uint16": ("L;16", "LA;16", "RGB;16", "RGBA;16")}
    mode = modes[str(pixels.dtype)][(pixels.shape[2] if pixels.ndim == 3 else 1) - 1]
    size = pixels.shape[1::-1]
    pillow_heif.encode(mode, size, pixels.tobytes(), file, quality=-1, chroma=444, **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("shape", [(21, 33), (21, 33, 3), (21, 33, 4), (1, 1, 3)])
def test_heic_is_read_as_it_was_written(rng, shape):
    """Grey, colour and transparent HEIC of odd sizes is read as it was written."""
    pixels = rng.integers(0, 256, shape, dtype=np.uint8)
    source = BACKEND.open(heic(pixels), "in", ImageReading())
    (part,) = source.parts()
    colours = np.atleast_3d(pixels)[..., :3]
    assert part.size == shape[:2]
    assert part.channels == (("l",) if len(shape) == 2 else ("r", "g", "b"))
    assert np.abs(part.pixels.samples.astype(int) - colours).max() <= 2
    if shape[2:] == (4,):
        assert np.array_equal(part.pixels.alpha, pixels[..., 3])
    assert source.notes == []


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3)])
def test_heic_of_10_bits_is_read_as_16(shape):
    """10-bit HEIC is read as 16 bits, with black at 0 and white at 65535."""
    ramp = np.linspace(0, 65535, np.prod(shape)).reshape(shape).astype(np.uint16)
    (part,) = BACKEND.open(heic(ramp), "in", ImageReading()).parts()
    samples = part.pixels.samples.astype(int)
    assert part.levels == UINT16
    assert samples.min() == 0
    assert samples.max() == 65535
    assert np.abs(samples - np.atleast_3d(ramp)).max() <= 3 * 64


def test_a_rotated_heic_is_rotated_once(convtool, tmp_path, rng):
    """The file's own rotation is applied, and the EXIF orientation is not applied again."""
    pixels = np.repeat(np.repeat(rng.integers(0, 256, (4, 6, 3), dtype=np.uint8), 8, 0), 8, 1)
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "A camera"
    file = heic(pixels, exif=exif.tobytes())  # with the matching transformation
    assert pillow_heif.open_heif(file).size == (32, 48)
    assert exif.tobytes() in file.getvalue()
    (tmp_path / "in.heic").write_bytes(file.getvalue())
    for suffix in ("png", "heic"):
        out = tmp_path / f"out.{suffix}"
        result = convtool("image", tmp_path / "in.heic", out, "-k", "identity")
        assert result.code == 0, result.err
    with Image.open(tmp_path / "out.png") as image:
        assert np.abs(np.array(image).astype(int) - np.rot90(pixels, -1)).max() <= 2
        assert dict(image.getexif()) == {0x010F: "A camera"}
    again = pillow_heif.open_heif(tmp_path / "out.heic")
    assert again.size == (32, 48)
    assert b"A camera" in again.info["exif"]


def test_heic_through_the_command_line(convtool, tmp_path, photo):
    """HEIC is read and written with its profile; --quality counts, and 4 lost bits are noted."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(photo).save(tmp_path / "in.png", icc_profile=profile)
    sizes = []
    for quality in (20, 95):
        out = tmp_path / f"{quality}.heic"
        options = ["-k", "identity", "--quality", quality]
        assert convtool("image", tmp_path / "in.png", out, *options).code == 0
        sizes.append(out.stat().st_size)
    assert sizes[0] < sizes[1]
    assert pillow_heif.open_heif(out).info["icc_profile"] == profile
    assert convtool("image", out, tmp_path / "back.png", "-k", "identity").code == 0
    back = np.array(Image.open(tmp_path / "back.png")).astype(int)
    assert np.abs(back - photo).mean() < 3
    result = convtool("image", SAMPLES / "chart16.png", tmp_path / "deep.heic", "-k", "blur")
    assert "16-bit samples stored as 12-bit in HEIC" in result.err


def test_the_primary_image_of_a_heic_is_read(rng):
    """The primary image of a HEIC file is read, and the others are noted."""
    images = [
        Image.fromarray(rng.integers(0, 256, (16, 16 + n, 3), dtype=np.uint8)) for n in (0, 8)
    ]
    file = io.BytesIO()
    heif = pillow_heif.from_pillow(images[0])
    heif.add_from_pillow(images[1])
    heif.save(file, primary_index=1)
    file.seek(0)
    source = BACKEND.open(file, "in", ImageReading())
    assert next(source.parts()).size == (16, 24)
    assert source.notes == ["2 images in the file, the primary one read"]


def test_a_truncated_heic_is_refused(rng):
    """A truncated HEIC file is refused with a message, as no part of it can be decoded."""
    data = heic(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).getvalue()
    for end in (40, len(data) // 2):
        with pytest.raises(ReadError, match=r"^in: the image cannot be read: "):
            _ = next(BACKEND.open(io.BytesIO(data[:end]), "in", ImageReading()).parts()).pixels
