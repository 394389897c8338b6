"""Image formats as the pipeline uses them, and Pillow's process-wide limits, contained."""

import io
import threading

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image, ImageFile
from torch import nn

from convtool.block import Block
from convtool.convolve.geometry import Placement
from convtool.errors import ReadError, UsageError, WriteError
from convtool.levels import UINT8, UINT16
from convtool.media.contract import Tile, Wanted
from convtool.media.image import BACKEND
from convtool.media.image.formats import FORMATS, format_of, recognized
from convtool.media.image.pillow import SharedSettings
from convtool.options.output import ImageOutput
from convtool.options.reading import ImageReading

READ = [format for format in FORMATS if format.readable]
COLOUR = (Tile("colour", (0, 1, 2)),)


@pytest.fixture
def pixels(rng):
    """Return random RGBA pixels."""
    return rng.integers(0, 256, (20, 24, 4), dtype=np.uint8)


def saved(pixels, suffix="png", **options):
    """Return a file of pixels, or of several frames."""
    file = io.BytesIO()
    first, *others = map(Image.fromarray, pixels if isinstance(pixels, list) else [pixels])
    if others:
        options |= {"save_all": True, "append_images": others, "duration": 50}
    first.save(file, Image.registered_extensions()[f".{suffix}"], **options)
    file.seek(0)
    return file


def deep(shape=(20, 24, 3)):
    """Return a TIFF of 16 bits, or several pages of it."""
    file = io.BytesIO()
    tifffile.imwrite(file, np.full(shape, 1000, np.uint16), photometric="rgb")
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
    """Encode every page in blocks of 6 rows, as a layer of one tap would make it."""
    file = io.BytesIO()
    encoder = encoding.open(file, tiles)
    for part in source.parts():
        conv = nn.Conv2d(len(part.channels), 1, 1, stride=stride)
        encoder.begin(part, Placement(conv, part.size))
        for block in part.blocks(6):
            rows = block.tensor[:, :, ::stride, ::stride] if stride > 1 else block.tensor
            levels = encoding.levels
            shift = levels.scale // block.levels.scale
            encoder.write(encoder.prepare(Block(rows.to(levels.dtype) * shift, levels)))
    encoder.close()
    encoder.drop()
    file.seek(0)
    return file, encoder


@pytest.mark.parametrize("format", READ, ids=lambda each: each.name)
def test_a_format_recognizes_its_own_files_alone(format, pixels):
    """By their first bytes, not by a name."""
    start = saved(np.ascontiguousarray(pixels[..., :3]), format.suffixes[0][1:]).read(64)
    assert [each.name for each in FORMATS if each.matches(start)] == [format.name]
    assert recognized(start) is format


@pytest.mark.parametrize("format", FORMATS, ids=lambda each: each.name)
def test_a_format_is_found_by_its_suffixes(format):
    """With a dot and without, in any case; folders are searched for those that can be read."""
    for suffix in format.suffixes:
        assert format_of(suffix.upper()) is format_of(suffix[1:]) is format
        assert suffix in BACKEND.writable
        assert (suffix in BACKEND.readable) == format.readable
        BACKEND.check_suffix(suffix)


def test_an_unknown_suffix_is_refused():
    """By its own words."""
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
def test_damaged_files_are_refused_in_words(data, message):
    """Empty, of another kind, or damaged from the beginning."""
    with pytest.raises(ReadError) as caught:
        BACKEND.open(io.BytesIO(data), "in", ImageReading())
    assert caught.value.message == message


def test_a_truncated_image_is_refused_with_the_flag_that_reads_it(rng):
    """And read with it."""
    data = saved(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).getvalue()
    source = BACKEND.open(io.BytesIO(data[:-3000]), "in", ImageReading())
    with pytest.raises(ReadError, match="^in: truncated: the image data ends early$") as caught:
        _ = next(source.parts()).tensor
    assert "--allow-truncated" in caught.value.hint
    reading = ImageReading(allow_truncated=True)
    (part,) = BACKEND.open(io.BytesIO(data[:-3000]), "in", reading).parts()
    assert part.tensor.shape == (1, 3, 64, 64)


@pytest.mark.parametrize(
    ("suffix", "levels"),
    [("png", UINT16), ("ppm", UINT16), ("tif", UINT16), ("jpg", UINT8), ("bmp", UINT8)],
)
def test_the_encoding_keeps_the_depth_where_the_format_can(suffix, levels):
    """And notes the loss where it cannot."""
    _, encoding = decided(deep(), suffix)
    assert encoding.levels == levels
    assert encoding.notes == (
        () if levels == UINT16 else (f"16-bit samples stored as 8-bit in {format_of(suffix).name}",)
    )


def test_animated_png_and_sheets_have_8_bits():
    """Sheets of any format."""
    assert decided(deep((2, 20, 24, 3)), "png")[1].levels == UINT8
    assert decided(deep((2, 20, 24, 3)), "tif")[1].levels == UINT16
    assert decided(deep(), "tif", sheet=True)[1].levels == UINT8


def test_raw_floats_and_sheets_are_refused_where_they_cannot_be_held(pixels):
    """Before anything is written."""
    with pytest.raises(WriteError, match="raw floats, which png cannot hold"):
        decided(saved(pixels), "png", raw=True)
    assert decided(saved(pixels), "tif", raw=True)[1].levels.floats
    with pytest.raises(UsageError, match="--sheet draws an image, which NPY cannot hold"):
        decided(saved(pixels), "npy", sheet=True)


def test_the_memory_of_an_encoding_counts_pages_tiles_and_copies(pixels):
    """Of the result, by the format."""
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
    """And alpha follows the positions of the result."""
    pixels[..., 3] = 255
    pixels[3, 5, 3] = pixels[6, 6, 3] = 254  # too little to change colours around it
    source, encoding = decided(saved(pixels), "png", stride=stride)
    file, encoder = copied(source, encoding, stride=stride)
    written = np.array(Image.open(file))
    np.testing.assert_allclose(written, pixels[::stride, ::stride], atol=1)
    assert np.array_equal(written[..., 3], pixels[::stride, ::stride, 3])
    assert encoder.notes == []


def test_losses_of_an_output_are_notes_of_its_encoder(pixels):
    """Not of the input, which may have other outputs."""
    source, encoding = decided(saved(pixels), "jpg")
    _, encoder = copied(source, encoding)
    assert encoder.notes == ["transparency dropped, JPEG has none"]
    assert source.notes == []


def test_tags_that_a_tiff_cannot_hold_are_noted_before_it_is_made(pixels):
    """Those that describe the image stay."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0213] = "A camera", 1
    source, encoding = decided(saved(pixels, exif=exif), "tif")
    assert encoding.notes == (
        "EXIF dropped except the tags that describe the image and its camera",
    )
    assert dict(Image.open(copied(source, encoding)[0]).getexif())[0x010F] == "A camera"


def test_several_frames_are_refused_by_a_format_of_one(pixels):
    """At the end, in words."""
    source, encoding = decided(saved([pixels, pixels // 2]), "jpg")
    with pytest.raises(WriteError, match="2 images, and JPEG holds one"):
        copied(source, encoding)


def test_a_part_yields_blocks_of_its_levels_and_its_tail(pixels):
    """Rows in order, the last block shorter."""
    (part,) = BACKEND.open(saved(pixels[..., :3].copy()), "in", ImageReading()).parts()
    blocks = list(part.blocks(8))
    assert [len(block) for block in blocks] == [8, 8, 4]
    assert all(block.levels == UINT8 and block.times is None for block in blocks)
    assert torch.equal(torch.cat([block.tensor for block in blocks], 2), part.tensor)
    assert torch.equal(part.tail(3), part.tensor[:, :, -3:])
    assert blocks[0].tensor.is_contiguous(memory_format=torch.channels_last)


# --- Pillow's process-wide limits ---


def entered(settings, *, truncated):
    """Enter the settings in a thread, and return what ends it, when it is in, and the thread."""
    leave, inside = threading.Event(), threading.Event()

    def hold():
        with settings(truncated=truncated):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    return leave, inside, thread


def test_equal_settings_are_shared_and_restored():
    """Workers of one run decode at the same time."""
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


def test_other_settings_wait_and_are_not_kept_out():
    """Nobody decodes by another's setting, and later users of the first one queue behind it."""
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


def test_a_fault_leaves_the_settings_as_they_were():
    """Damaged files are common."""
    found = Image.MAX_IMAGE_PIXELS
    settings = SharedSettings()
    with pytest.raises(ValueError, match="damaged"), settings(truncated=True):
        raise ValueError("damaged")
    assert found == Image.MAX_IMAGE_PIXELS


def test_threads_of_both_settings_read_as_they_were_told(rng):
    """Truncated files are refused by those that do not allow them, at any time."""
    data = saved(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).getvalue()[:-3000]
    outcomes = {True: set(), False: set()}

    def read(*, allowed):
        for _ in range(20):
            reading = ImageReading(allow_truncated=allowed)
            try:
                (part,) = BACKEND.open(io.BytesIO(data), "in", reading).parts()
                outcomes[allowed].add(tuple(part.tensor.shape))
            except ReadError:
                outcomes[allowed].add("refused")

    threads = [
        threading.Thread(target=read, kwargs={"allowed": allowed}) for allowed in (True, False) * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert outcomes == {True: {(1, 3, 64, 64)}, False: {"refused"}}
