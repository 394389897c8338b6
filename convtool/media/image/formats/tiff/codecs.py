"""Decode one segment of a page, a strip or a tile, into samples as they are stored.

A decoder that returns less than was declared, or anything else, is a fault here.
"""

import zlib
from collections.abc import Callable
from typing import NamedTuple

import imagecodecs
import numpy as np

from convtool.media.image.formats.tiff import fax, jpeg
from convtool.media.image.formats.tiff.layout import (
    DIFFERENCES,
    FLOAT_DIFFERENCES,
    PLAIN,
    Layout,
)
from convtool.media.image.formats.tiff.models import INTEGERS
from convtool.media.image.formats.tiff.tags import FAX, IMAGES, JPEG, Compression, Photometric
from convtool.media.image.samples import Samples

PIECE = 8  # bytes of damaged data that are inflated at once
ANOTHER_SIZE = "an image of another size than declared"


class Decoded(NamedTuple):
    """The samples of a segment.

    Attributes:
        samples: (rows, columns, samples of a pixel); 0 where there is nothing.
        complete: nothing is damaged or missing.
    """

    samples: Samples
    complete: bool


def decode(data: bytes, layout: Layout, rows: int, order: str, options: int) -> Decoded:
    """Return the samples of a segment.

    Args:
        data: its bytes.
        layout: of its page.
        rows: how many it has.
        order: the byte order of the file.
        options: of fax compression.

    Raises:
        Exception: of any kind, where nothing of it can be decoded.
    """
    shape = rows, layout.tile[1], layout.depth
    if layout.compression in IMAGES:
        return _image(data, layout, shape)
    if layout.reversed:
        data = bytes(imagecodecs.bitorder_decode(data))
    if layout.compression in FAX:
        samples, intact = fax.decode(data, layout.compression, rows, shape[1], options)
        return Decoded(samples[..., None], intact == rows)
    if layout.subsampling != (1, 1):
        return _chroma(data, layout, shape, order)
    whole, complete = _bytes(data, layout, rows * layout.row_bytes)
    return Decoded(_unpacked(whole, layout, shape, order), complete)


def _bytes(data: bytes, layout: Layout, length: int) -> tuple[bytes, bool]:
    """Return uncompressed bytes, as many as declared, and whether all of them were there."""
    found = BYTES[layout.compression](data, length)
    if not found:
        raise ValueError("nothing of a segment can be decoded")
    return found[:length].ljust(length, b"\0"), len(found) >= length


def _inflated(data: bytes, length: int) -> bytes:
    """Return deflated bytes; of damaged ones those before the fault."""
    try:
        return bytes(imagecodecs.deflate_decode(data, out=length))
    except imagecodecs.DeflateError:
        inflater, found = zlib.decompressobj(), bytearray()
        for at in range(0, len(data), PIECE):
            try:
                found += inflater.decompress(data[at : at + PIECE], length - len(found) + 1)
            except zlib.error:
                return bytes(found[: length - 1])
            if len(found) > length:
                break  # it goes on beyond the segment
        return bytes(found)


def _by(name: str) -> Callable[[bytes, int], bytes]:
    def decompress(data: bytes, length: int) -> bytes:
        return bytes(getattr(imagecodecs, f"{name}_decode")(data, out=length))

    return decompress


def _packbits(data: bytes, length: int) -> bytes:
    """Return unpacked bytes; some programs pack a few more than the segment has."""
    return bytes(imagecodecs.packbits_decode(data, out=2 * length + 256))


BYTES: dict[Compression, Callable[[bytes, int], bytes]] = {
    Compression.NONE: lambda data, _: data,
    Compression.LZW: _by("lzw"),
    Compression.DEFLATE: _inflated,
    Compression.OLD_DEFLATE: _inflated,
    Compression.PACKBITS: _packbits,
    Compression.LZMA: _by("lzma"),
    Compression.ZSTD: _by("zstd"),
    Compression.OLD_ZSTD: _by("zstd"),
}


def _unpacked(data: bytes, layout: Layout, shape: tuple[int, int, int], order: str) -> Samples:
    rows, columns, depth = shape
    if layout.bits not in INTEGERS:
        wide = "u1" if layout.bits < 8 else "u2"  # a byte
        packed = imagecodecs.packints_decode(data, wide, layout.bits, runlen=columns * depth)
        return np.asarray(packed).reshape(shape)
    size = layout.bits // 8
    if layout.predictor == FLOAT_DIFFERENCES:
        # Bytes of the same weight lie together, most significant first, as differences.
        found = np.frombuffer(data, np.uint8).reshape(rows, size * columns, depth)
        planes = np.add.accumulate(found, axis=1, dtype=np.uint8)
        planes = planes.reshape(rows, size, columns * depth).transpose(0, 2, 1)
        return np.ascontiguousarray(planes).view(f">f{size}").reshape(shape).astype(f"f{size}")
    stored = np.frombuffer(data, f"{order}{layout.kind}{size}").reshape(shape)
    samples = stored.astype(stored.dtype.newbyteorder("="), copy=False)
    if layout.predictor == PLAIN:
        return samples
    assert layout.predictor == DIFFERENCES
    whole = samples.view(f"u{size}")
    summed: Samples = np.add.accumulate(whole, axis=1, dtype=whole.dtype)
    return summed.view(samples.dtype)


def _chroma(data: bytes, layout: Layout, shape: tuple[int, int, int], order: str) -> Decoded:
    """Return Y, Cb and Cr of every pixel, from units of several Y with one Cb and one Cr.

    Source: TIFF 6.0, section 21
    """
    rows, columns, _ = shape
    across, down = layout.subsampling
    tall, wide = -(-rows // down), -(-columns // across)
    unit, size = across * down + 2, layout.bits // 8
    found, complete = _bytes(data, layout, tall * wide * unit * size)
    units = np.frombuffer(found, f"{order}u{size}").reshape(tall, wide, unit)
    blocks = units[..., :-2].reshape(tall, wide, down, across).swapaxes(1, 2)
    luma = blocks.reshape(tall * down, wide * across)
    chroma = units[..., -2:].repeat(down, 0).repeat(across, 1)
    samples = np.concatenate([luma[..., None], chroma], 2)[:rows, :columns]
    return Decoded(samples.astype(f"u{size}"), complete)


def _image(data: bytes, layout: Layout, shape: tuple[int, int, int]) -> Decoded:
    """Return the samples of a segment that is an image of another format."""
    complete = True
    if layout.compression in JPEG:
        ycbcr = layout.photometric == Photometric.YCBCR and not layout.planar
        found, complete = jpeg.decode(data, shape, ycbcr=ycbcr)
    else:
        _refuse_size(data, layout.compression, shape)
        found = np.asarray(OTHERS[layout.compression](data))
    found = found[..., None] if found.ndim == 2 else found  # rows and columns
    wanted = np.dtype(f"{layout.kind}{-(-layout.bits // 8)}")
    if found.shape[1:] != shape[1:] or len(found) < shape[0] or found.dtype != wanted:
        raise ValueError(ANOTHER_SIZE)
    return Decoded(found[: shape[0]], complete)


def _lerc(data: bytes) -> Samples:
    for magic, name in ((b"\x28\xb5\x2f\xfd", "zstd"), (b"\x78", "zlib")):
        if data.startswith(magic):
            data = getattr(imagecodecs, f"{name}_decode")(data)
    found: Samples = imagecodecs.lerc_decode(data)
    return found


OTHERS: dict[Compression, Callable[[bytes], Samples]] = {
    Compression.JPEG_2000: imagecodecs.jpeg2k_decode,
    Compression.JPEG_2000_RGB: imagecodecs.jpeg2k_decode,
    Compression.LERC: _lerc,
    Compression.PNG: imagecodecs.png_decode,
    Compression.WEBP: imagecodecs.webp_decode,
    Compression.OLD_WEBP: imagecodecs.webp_decode,
}


def _refuse_size(data: bytes, compression: Compression, shape: tuple[int, int, int]) -> None:
    """Check the size that an image states, before memory is taken for it."""
    stated = _stated(data, compression)
    if stated is not None and stated[0] * stated[1] > 2 * (shape[0] + 64) * shape[1]:
        raise ValueError(ANOTHER_SIZE)


def _stated(data: bytes, compression: Compression) -> tuple[int, int] | None:
    """Return the height and width that an image states, where its format does so simply."""
    if compression == Compression.PNG:
        return int.from_bytes(data[20:24]), int.from_bytes(data[16:20])
    if compression in (Compression.JPEG_2000, Compression.JPEG_2000_RGB):
        at = data.find(b"\xff\x4f\xff\x51") + 8
        width, height, left, top = np.frombuffer(data[at : at + 16], ">u4").astype(int)
        return height - top, width - left
    if compression == Compression.LERC and data.startswith(b"Lerc2 "):
        height, width = np.frombuffer(data[14:22], "<u4").astype(int)
        return height, width
    return None
