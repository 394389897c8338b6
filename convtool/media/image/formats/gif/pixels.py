"""Decode and encode the pixels of one image of a GIF, by Pillow's coder of LZW."""

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
from PIL import Image

from convtool.media.image.formats.gif.blocks import Picture
from convtool.media.image.reader import ENDS_EARLY, ImageInput
from convtool.media.image.samples import MAX_UINT8, Pixels, Samples

MOST_BITS = 8  # of an index
BLOCK = 255  # bytes of a sub-block


def decode(picture: Picture, file: ImageInput) -> Pixels:
    """Return an image of a file in colour, with alpha where one index is transparent.

    Raises:
        ReadError: it is damaged or truncated.
    """
    region = picture.drawing.region
    bits, codes = _codes(file.stream, picture)
    if not 1 <= bits <= MOST_BITS:
        raise ValueError(f"{bits} bits of an index, which GIF does not have")
    image = Image.new("L", (region.width, region.height), picture.clear or 0)
    try:
        image.frombytes(b"".join(_sub_blocks(codes)), "gif", bits, int(picture.interlaced))
    except ValueError as exc:
        if "not enough" in str(exc):
            file.refuse_truncated(ENDS_EARLY)
        else:
            file.refuse_damaged("the compressed pixels are damaged")
    indices: Samples = np.asarray(image)
    found, count = int(indices.max()), len(picture.palette)
    if found >= count and found != picture.clear:
        file.refuse_damaged(f"a pixel has index {found} in a palette of {count} colours")
    table = np.zeros((256, 3), np.uint8)
    table[:count] = picture.palette
    if picture.clear is None:
        return Pixels(table[indices])
    alpha = np.where(indices == picture.clear, 0, MAX_UINT8).astype(np.uint8)
    return Pixels(table[indices], alpha)


def encode(indices: Samples) -> bytes:
    """Return the data of an image with 8 bits per index. Shape: (H, W) uint8"""
    codes: bytes = Image.fromarray(indices).tobytes("gif", "L", MOST_BITS, 0)
    return bytes([MOST_BITS]) + codes + b"\0"


def sub_blocks(data: bytes) -> bytes:
    """Return data in sub-blocks, with their end.

    >>> sub_blocks(b"abc").hex()
    '0361626300'
    """
    return b"".join(_sub_blocks(data))


def _sub_blocks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), BLOCK):
        piece = data[start : start + BLOCK]
        yield bytes([len(piece)])
        yield piece
    yield b"\0"


def _codes(stream: BinaryIO, picture: Picture) -> tuple[int, bytes]:
    """Return the bits of an index, and the codes that were made of the indices."""
    stream.seek(picture.place)
    bits, pieces = stream.read(1), []
    while size := int.from_bytes(stream.read(1)):
        pieces.append(stream.read(size))
    return int.from_bytes(bits), b"".join(pieces)
