"""Windows bitmaps of every header and layout, made by hand: the right values."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from convtool.errors import ReadError
from convtool.media.image.source import ImageSource
from convtool.options.reading import ImageReading

VALUES = np.arange(6 * 5, dtype=np.uint32).reshape(6, 5)


def bmp(pixels, width, height, bits, *, size=40, compression=0, masks=(), palette=b"", more=b""):
    """Return a bitmap; `more` is what a longer header has after its 40 bytes and masks."""
    if size == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        resolution = 11811, 5906  # pixels per metre, 300 and 150 per inch
        info = struct.pack(
            "<IiiHHIIiiII", size, width, height, 1, bits, compression, len(pixels), *resolution,
            len(palette) // 4, 0,
        )  # fmt: skip
        info += struct.pack(f"<{len(masks)}I", *masks) + more
        info = info.ljust(size, b"\0")
    place = 14 + len(info) + len(palette)
    head = struct.pack("<2sIHHI", b"BM", place + len(pixels), 0, 0, place)
    return head + info + palette + pixels


def rows(values, dtype, *, upward=True):
    """Return rows, each filled up to whole words."""
    stored = values[::-1] if upward else values
    lines = [row.astype(dtype).tobytes() for row in stored]
    return b"".join(line + bytes(-len(line) % 4) for line in lines)


def opened(data, **reading):
    """Return the source of a file's bytes, and its image."""
    source = ImageSource(io.BytesIO(data), "in.bmp", ImageReading(**reading))
    (part,) = source.parts()
    return source, part.pixels


@pytest.mark.parametrize(
    ("bits", "masks"),
    [
        (16, (0xF800, 0x07E0, 0x001F)),
        (16, (0x7C00, 0x03E0, 0x001F)),
        (16, (0x0F00, 0x00F0, 0x000F, 0xF000)),
        (32, (0xFF000000, 0xFF0000, 0xFF00)),
        (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
        (32, (0x3FF00000, 0xFFC00, 0x3FF)),
        (32, (0x3FF, 0xFFC00, 0x3FF00000, 0xC0000000)),
    ],
)
@pytest.mark.parametrize("size", [40, 56, 124])
@pytest.mark.parametrize("upward", [True, False])
def test_bit_fields_of_any_order_and_length(bits, masks, size, upward):
    """Each colour is scaled from its own bits to 8, or to 16 where one has more than 8."""
    values = (VALUES * 2654435761 & (2**bits - 1)).astype(np.uint32)
    compression = 6 if len(masks) == 4 and size == 40 else 3
    data = bmp(
        rows(values, f"<u{bits // 8}", upward=upward),
        5,
        6 if upward else -6,
        bits,
        size=size,
        compression=compression,
        masks=(*masks, 0)[:4] if size > 40 else masks,
    )
    if size == 40:  # the masks come after the header
        place = 14 + 40 + 4 * len(masks)
        data = data[:10] + place.to_bytes(4, "little") + data[14:]
    _, pixels = opened(data)
    white = 65535 if max(mask.bit_count() for mask in masks) > 8 else 255
    for channel, mask in enumerate(masks):
        low, highest = (mask & -mask).bit_length() - 1, 2 ** mask.bit_count() - 1
        expected = np.rint((values & mask) / 2**low * (white / highest))
        found = pixels.alpha if channel == 3 else pixels.samples[..., channel]
        assert np.array_equal(found, expected)
    assert (pixels.alpha is None) == (len(masks) == 3)


def test_16_bits_without_masks_have_5_per_colour():
    """Plain 16-bit pixels are 555."""
    values = VALUES * 1000 % 32768
    _, pixels = opened(bmp(rows(values, "<u2"), 5, 6, 16))
    for channel, shift in enumerate((10, 5, 0)):
        assert np.array_equal(
            pixels.samples[..., channel], np.rint((values >> shift & 31) * 255 / 31)
        )


def test_the_fourth_byte_is_no_transparency_unless_it_is_declared():
    """Plain 32-bit pixels are opaque; what the fourth byte holds is named."""
    values = VALUES << 24 | 0x123456
    source, pixels = opened(bmp(rows(values, "<u4"), 5, 6, 32))
    assert (pixels.samples == [0x12, 0x34, 0x56]).all()
    assert pixels.alpha is None
    assert source.notes == ["fourth byte of pixels dropped: it is not declared as transparency"]
    source, _ = opened(bmp(rows(VALUES, "<u4"), 5, 6, 32))
    assert source.notes == []


@pytest.mark.parametrize("size", [12, 40, 64, 108])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palettes_of_every_header(bits, size):
    """Palettes of three bytes per colour (OS/2) and of four."""
    count = 1 << bits
    colours = np.random.default_rng(1).integers(0, 256, (count, 3), np.uint8)
    entry = colours[:, ::-1] if size == 12 else np.pad(colours[:, ::-1], ((0, 0), (0, 1)))
    values = VALUES % count
    packed = np.packbits(
        (values[..., None] >> np.arange(bits)[::-1] & 1).reshape(6, -1).astype(np.uint8), axis=1
    )
    data = bmp(rows(packed, "u1"), 5, 6, bits, size=size, palette=entry.tobytes())
    source, pixels = opened(data)
    assert np.array_equal(pixels.samples, colours[values])
    assert source.notes == ["palette converted to RGB"]
    if bits != 2:
        assert np.array_equal(np.array(Image.open(io.BytesIO(data)).convert("RGB")), pixels.samples)


def test_a_grey_palette_is_grey():
    """A palette of greys in any order gives a grey image without a note."""
    palette = bytes(level for grey in range(255, -1, -1) for level in (grey, grey, grey, 0))
    source, pixels = opened(bmp(rows(VALUES, "u1"), 5, 6, 8, palette=palette))
    assert np.array_equal(pixels.samples[..., 0], 255 - VALUES)
    assert source.notes == []


RUNS_8 = bytes([3, 7, 0, 0, 0, 3, 1, 2, 3, 0, 0, 0, 2, 9, 0, 1])
RUNS_4 = bytes([3, 0x12, 0, 0, 0, 3, 0x34, 0x50, 0, 0, 0, 1])


@pytest.mark.parametrize(
    ("runs", "bits", "height", "expected"),
    [
        (RUNS_8, 8, 3, [[9, 9, 0, 0], [1, 2, 3, 0], [7, 7, 7, 0]]),
        (RUNS_4, 4, 2, [[3, 4, 5, 0], [1, 2, 1, 0]]),
    ],
)
def test_runs(runs, bits, height, expected):
    """Runs, literal pixels, skipped ones and ends, whose pixels are the last row first."""
    count = 1 << bits
    palette = bytes(level for grey in range(count) for level in (grey, grey, grey, 0))
    _, pixels = opened(
        bmp(runs, 4, height, bits, compression=1 if bits == 8 else 2, palette=palette)
    )
    assert pixels.samples[..., 0].tolist() == expected


def test_skipped_pixels_are_the_first_colour():
    """A delta moves to the right and up."""
    palette = bytes(level for grey in range(256) for level in (grey, grey, grey, 0))
    data = bmp(bytes([1, 5, 0, 2, 2, 1, 1, 6, 0, 1]), 4, 2, 8, compression=1, palette=palette)
    assert opened(data)[1].samples[..., 0].tolist() == [[0, 0, 0, 6], [5, 0, 0, 0]]


def test_cut_pixels_and_runs_are_refused_or_noted():
    """Rows that are missing are not filled up in silence."""
    for data in (
        bmp(rows(VALUES, "<u4")[:70], 5, 6, 32),
        bmp(bytes([3, 7]), 4, 3, 8, compression=1, palette=bytes(1024)),
        bmp(rows(VALUES, "u1"), 5, 6, 8, palette=bytes(40)),
    ):
        with pytest.raises(ReadError, match="truncated"):
            opened(data)
        assert opened(data, allow_truncated=True)[0].notes[-1].startswith("truncated")


def test_a_bitmap_without_a_row_is_refused_even_with_leave():
    """A header alone is no image, and a cut one is refused in words."""
    whole = bmp(rows(VALUES, "<u4"), 5, 6, 32)
    with pytest.raises(ReadError, match="not a single row"):
        opened(whole[:60], allow_truncated=True)
    for length in (10, 20, 40):
        with pytest.raises(ReadError, match="the header is cut"):
            opened(whole[:length], allow_truncated=True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"bits": 32, "compression": 4}, "compression 4"),
        ({"bits": 24, "compression": 3}, "24 bits per pixel with compression 3"),
        ({"bits": 64}, "64 bits"),
        ({"bits": 8, "size": 50}, "a header of 50 bytes"),
        ({"bits": 32, "size": 56, "compression": 3, "masks": (5, 2, 8, 0)}, "bit fields"),
        ({"bits": 32, "size": 56, "compression": 3, "masks": (1, 2, 0, 0)}, "one of the colours"),
        ({"bits": 8, "compression": 1, "height": -6}, "begins with its first row"),
        ({"bits": 24, "width": -5}, "an image of -5×6 pixels"),
        ({"bits": 8}, "a palette without colours"),
    ],
)
def test_what_is_not_known_to_be_read_right_is_refused(options, words):
    """The allowlist refuses, and says what it found."""
    given = {"width": 5, "height": 6} | options
    with pytest.raises(ReadError, match=words):
        opened(bmp(bytes(300), **given))


def test_resolution_and_profile_are_read():
    """The last header has room for a profile; resolutions are per metre."""
    profile = b"a profile of some length"
    more = struct.pack("<I", 0x4D424544) + bytes(48) + struct.pack("<III", 4, 124 + 120, 24)
    data = bmp(rows(VALUES, "<u4"), 5, 6, 32, size=124, masks=(0,) * 4, more=more) + profile
    source, _ = opened(data)
    assert source.metadata.icc == profile
    assert source.metadata.dpi == pytest.approx((300, 150), abs=0.02)
