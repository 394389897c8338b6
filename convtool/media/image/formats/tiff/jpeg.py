"""Decode JPEG streams in TIFF files, whose tables may be stored apart.

Any fault that the decoder meets is reported, unlike what libjpeg does by itself.
"""

import imagecodecs
import numpy as np
import simplejpeg

from convtool.media.image.samples import Samples

START, END = b"\xff\xd8", b"\xff\xd9"
ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"  # and the number of a colour transform
SPACES = {1: "GRAY", 3: "RGB", 4: "CMYK"}
FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
ALONE = frozenset({0x01, *range(0xD0, 0xDA)})
SCAN = 0xDA
BYTE = 8


def joined(tables: bytes, data: bytes) -> bytes:
    """Return a whole stream of tables and a stream without them."""
    if not tables:
        return data
    return tables.removesuffix(END) + data.removeprefix(START)


def frame(data: bytes) -> tuple[int, int, int, int]:
    """Return the precision, height, width and number of components.

    Raises:
        ValueError: there is no such header.
    """
    for place, marker in _markers(data):
        if marker in FRAMES:
            header = data[place + 4 : place + 10]
            return (
                header[0],
                int.from_bytes(header[1:3]),
                int.from_bytes(header[3:5]),
                header[5],
            )
    raise ValueError("no header of a frame")


def decode(data: bytes, shape: tuple[int, int, int], *, ycbcr: bool) -> tuple[Samples, bool]:
    """Return the samples of a stream, YCbCr as RGB, and whether it is intact.

    Args:
        data: a whole stream.
        shape: rows, columns and samples that it should have.
        ycbcr: the file says that its colours are YCbCr.

    Raises:
        ValueError: nothing of it can be decoded, or it is of another size.
    """
    precision, height, width, components = frame(data)
    if (width, components) != shape[1:] or height < shape[0]:
        raise ValueError("an image of another size than declared")
    if height > 2 * shape[0] + 64:
        raise ValueError("an image of another size than declared")
    if precision != BYTE:
        return np.asarray(imagecodecs.jpeg_decode(data)), True
    if components == 3 and not _names_colours(data):  # colours
        data = START + ADOBE + bytes([ycbcr]) + data.removeprefix(START)
    for strict in (True, False):
        try:
            samples = simplejpeg.decode_jpeg(
                data, SPACES[components], fastdct=False, fastupsample=False, strict=strict
            )
        except ValueError:
            if not strict:
                raise
        else:
            break
    return samples, strict


def _names_colours(data: bytes) -> bool:
    """Return True where a stream says itself whether its colours are YCbCr."""
    for place, marker in _markers(data):
        start = data[place + 4 : place + 9]
        if (marker, start[:4]) == (0xE0, b"JFIF") or (marker, start) == (0xEE, b"Adobe"):
            return True
    return False


def _markers(data: bytes) -> list[tuple[int, int]]:
    """Return the places of the markers before the first scan, and their numbers."""
    found, place = [], 2
    while place + 4 <= len(data) and data[place] == 0xFF:  # begins a marker
        marker = data[place + 1]
        if marker in ALONE or marker == 0xFF:  # a byte to fill
            place += 1 if marker == 0xFF else 2  # the same
            continue
        if marker == SCAN:
            break
        found.append((place, marker))
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    return found
