"""The headers of a Windows bitmap, of all versions; what is not known to be read right is refused.

Source: Microsoft, Bitmap Header Types; OS/2 Presentation Manager, bitmap file format
"""

import struct
from dataclasses import dataclass

import numpy as np

from convtool.media.image.format import Row
from convtool.media.image.samples import Samples
from convtool.sizes import counted

FILE_HEADER = 14
CORE = 12  # bytes of the oldest header, of OS/2 and Windows 2
OS2 = (16, 64)
INFO = 40
WITH_MASKS = (52, 56, 108, 124)  # the second has a mask of alpha, and so have the later ones
KNOWN = (CORE, *OS2, INFO, *WITH_MASKS)
CUT = "the header is cut"
PLAIN, RLE8, RLE4, FIELDS, ALPHA_FIELDS = 0, 1, 2, 3, 6
INDEXED = (1, 2, 4, 8)  # bits
DEFAULT_MASKS = {
    16: (0x7C00, 0x03E0, 0x001F, 0),
    24: (0xFF0000, 0xFF00, 0xFF, 0),
    32: (0xFF0000, 0xFF00, 0xFF, 0),
}
LONG_PROFILE = 124  # bytes of the header that has room for a profile
EMBEDDED, LINKED, CALIBRATED = b"DEBM", b"KNIL", b"\0\0\0\0"
METRES_PER_INCH = 0.0254

ROWS = (
    Row("palette", "1, 2, 4 and 8 bits, plain; 4 and 8 bits, run-length", "grey or RGB"),
    Row("RGB", "16 bits (5 per colour), 24 and 32 bits", "RGB"),
    Row("bit fields", "16 and 32 bits, of 1 to 16 bits per colour", "RGB, with alpha of its own"),
)


@dataclass(frozen=True)
class Header:
    """What a bitmap says before its pixels.

    Attributes:
        height, width: in pixels.
        upward: the last row comes first.
        bits: per pixel.
        compression: `PLAIN`, or by runs.
        masks: the bits of red, green, blue and alpha.
        palette: colours, (N, 3) uint8; none for pixels of colours.
        pixels: where they begin.
        dpi: the resolution.
        profile: the place and length of the colour profile; None without one.
        calibrated: its colours are described by primaries and gamma.
    """

    height: int
    width: int
    upward: bool
    bits: int
    compression: int
    masks: tuple[int, int, int, int]
    palette: Samples
    pixels: int
    dpi: tuple[float, float] | None = None
    profile: tuple[int, int] | None = None
    calibrated: bool = False

    @property
    def indexed(self) -> bool:
        """True where pixels are indices of the palette."""
        return self.bits in INDEXED

    @property
    def grey(self) -> bool:
        """True where all colours of the palette are grey."""
        return self.indexed and bool((self.palette == self.palette[:, :1]).all())

    @property
    def row_bytes(self) -> int:
        """The bytes of a row without compression."""
        return (self.width * self.bits + 31) // 32 * 4

    @property
    def depths(self) -> tuple[int, ...]:
        """The bits of red, green, blue and alpha."""
        return tuple(mask.bit_count() for mask in self.masks)


def read(data: bytes) -> Header:
    """Return the headers of a file.

    Args:
        data: its first bytes, up to the pixels at least.

    Raises:
        ValueError: it is damaged, or not of a kind that is known to be read right.
    """
    if len(data) < FILE_HEADER + CORE:
        raise ValueError(CUT)
    pixels, size = struct.unpack_from("<II", data, 10)
    if size not in KNOWN:
        raise ValueError(f"a header of {size} bytes is not supported")
    if len(data) < FILE_HEADER + size:
        raise ValueError(CUT)
    if size == CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", data, FILE_HEADER + 4)
        compression = PLAIN
    else:
        width, height, _, bits = struct.unpack_from("<iiHH", data, FILE_HEADER + 4)
        compression = struct.unpack_from("<I", data, FILE_HEADER + 16)[0] if size > OS2[0] else 0
    if width < 1 or height == 0:
        raise ValueError(f"an image of {width}×{abs(height)} pixels")
    _check(bits, compression, size, upward=height > 0)
    masks, after = _masks(data, size, bits, compression)
    later = _later(data, size)
    return Header(
        abs(height),
        width,
        height > 0,
        bits,
        compression,
        masks,
        _palette(data, after, size, bits, pixels),
        pixels,
        *later,
    )


def _check(bits: int, compression: int, size: int, *, upward: bool) -> None:
    allowed = {
        PLAIN: (*INDEXED, 16, 24, 32),
        RLE8: (8,),
        RLE4: (4,),
        FIELDS: (16, 32) if size not in OS2 else (),
        ALPHA_FIELDS: (16, 32) if size not in OS2 else (),
    }
    if bits not in allowed.get(compression, ()):
        raise ValueError(
            f"{counted(bits, 'bit')} per pixel with compression {compression}: not supported"
        )
    if compression in (RLE8, RLE4) and not upward:
        raise ValueError("runs in an image that begins with its first row")


def _masks(
    data: bytes, size: int, bits: int, compression: int
) -> tuple[tuple[int, int, int, int], int]:
    """Return the masks, and where the palette begins."""
    after, place = FILE_HEADER + size, FILE_HEADER + INFO
    if compression not in (FIELDS, ALPHA_FIELDS):
        return DEFAULT_MASKS.get(bits, (0, 0, 0, 0)), after
    count = 4 if size > WITH_MASKS[0] or compression == ALPHA_FIELDS else 3
    if size == INFO:
        after += 4 * count
    if len(data) < place + 4 * count:
        raise ValueError(CUT)
    found = (*struct.unpack_from(f"<{count}I", data, place), 0)
    masks = found[0], found[1], found[2], found[3]
    _check_masks(masks, bits)
    return masks, after


def _check_masks(masks: tuple[int, int, int, int], bits: int) -> None:
    taken = 0
    for mask in masks:
        low = mask & -mask
        is_whole = mask and (mask // low + 1) & (mask // low) == 0
        if (mask and not is_whole) or mask & taken or mask >> bits or mask.bit_count() > 16:
            raise ValueError("bit fields that are cut, overlap or are too long")
        taken |= mask
    if not all(masks[:3]):
        raise ValueError("bit fields without one of the colours")


def _palette(data: bytes, after: int, size: int, bits: int, pixels: int) -> Samples:
    """Return the colours, red first; black ones where fewer are stored than pixels can name."""
    if bits not in INDEXED:
        return np.zeros((0, 3), np.uint8)
    entry = 3 if size == CORE else 4
    stated = 0 if size in (CORE, OS2[0]) else struct.unpack_from("<I", data, FILE_HEADER + 32)[0]
    room = max(0, min(pixels, len(data)) - after)
    count = min(stated or 1 << bits, 1 << bits, room // entry)
    if not count:
        raise ValueError("a palette without colours")
    table = np.frombuffer(data, np.uint8, count * entry, after).reshape(count, entry)
    return np.ascontiguousarray(table[:, 2::-1])


def _later(
    data: bytes, size: int
) -> tuple[tuple[float, float] | None, tuple[int, int] | None, bool]:
    """Return the resolution, where the profile lies, and whether colours are calibrated."""
    if size < INFO:
        return None, None, False
    across, down = struct.unpack_from("<ii", data, FILE_HEADER + 24)
    dpi = None
    if min(across, down) > 0:
        dpi = round(across * METRES_PER_INCH, 4), round(down * METRES_PER_INCH, 4)
    if size not in WITH_MASKS[2:]:
        return dpi, None, False
    space = data[FILE_HEADER + 56 : FILE_HEADER + 60]
    described = any(data[FILE_HEADER + 60 : FILE_HEADER + 108])
    if size == LONG_PROFILE and space == EMBEDDED:
        place, length = struct.unpack_from("<II", data, FILE_HEADER + 112)
        return dpi, (FILE_HEADER + place, length), False
    return dpi, None, space == LINKED or (space == CALIBRATED and described)
