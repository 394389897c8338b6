"""Decode the pixels of PNG: they are inflated here, and libpng undoes the filters of rows.

libpng is given what is known to be whole, each pass of an interlaced image on its own: about
anything else it prints warnings, or says nothing.
"""

import io
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from convtool.media.image.formats.png.chunks import SIGNATURE, write
from convtool.media.image.formats.png.inflate import in_pieces, inflated
from convtool.media.image.formats.png.layout import GREY_TYPE, PALETTE_TYPE, RGB_TYPE, Layout, Pass
from convtool.media.image.reader import ImageInput
from convtool.media.image.samples import MAX_UINT8, Pixels, Samples

BAND = 2**20  # bytes of rows that are decoded at once, where an image is read by rows
BYTE = 8  # bits
STORED_MOST = 2**16 - 1  # bytes of a block of deflate that is not compressed
LAST_FILTER = 4  # Paeth


@dataclass(frozen=True)
class Colours:
    """What samples mean beside the header.

    Attributes:
        layout: the header.
        palette: (N, 3) uint8, of images that have indices.
        clear: alpha by index, or the one grey level or colour that is transparent.
    """

    layout: Layout
    palette: Samples | None = None
    clear: tuple[int, ...] = ()

    @property
    def transparent(self) -> bool:
        """True where there is alpha, or a transparent level or index."""
        return self.layout.has_alpha or bool(self.clear)

    def pixels(self, samples: Samples, file: ImageInput) -> Pixels:
        """Return decoded samples with alpha apart. Shape: (H, W, C) → (H, W, C')"""
        if self.layout.colour == PALETTE_TYPE:
            return self._looked_up(samples[..., 0], file)
        if self.layout.has_alpha:
            alpha = np.ascontiguousarray(samples[..., -1])
            return Pixels(np.ascontiguousarray(samples[..., :-1]), alpha)
        if not self.clear:
            return Pixels(samples)
        white = np.iinfo(samples.dtype).max
        levels = [level * (white // (2**self.layout.bits - 1)) for level in self.clear]
        matches = (samples == np.array(levels, samples.dtype)).all(2)
        return Pixels(samples, np.where(matches, 0, white).astype(samples.dtype))

    def _looked_up(self, levels: Samples, file: ImageInput) -> Pixels:
        assert self.palette is not None
        indices = levels // (MAX_UINT8 // (2**self.layout.bits - 1))
        found, count = int(indices.max()), len(self.palette)
        if found >= count:
            file.refuse_damaged(f"a pixel has index {found} in a palette of {count} colours")
        table = np.zeros((256, 3), np.uint8)
        table[:count] = self.palette
        if not self.clear:
            return Pixels(table[indices])
        alpha = np.full(256, MAX_UINT8, np.uint8)
        alpha[: len(self.clear)] = self.clear
        return Pixels(table[indices], alpha[indices])


def colours_of(layout: Layout, palette: bytes | None, clear: bytes | None) -> Colours:
    """Return what samples mean, by the data of the chunks PLTE and tRNS.

    Raises:
        ValueError: they do not fit the header.
    """
    if layout.colour == PALETTE_TYPE:
        if not palette or len(palette) % 3 or len(palette) > 3 * 2**layout.bits:
            size = len(palette or b"")
            raise ValueError(f"a palette of {size} bytes for {layout.bits}-bit indices")
        table = np.frombuffer(palette, np.uint8).reshape(-1, 3)
        return Colours(layout, table, tuple(clear or b"")[: len(table)])
    if clear is None:
        return Colours(layout)
    samples = 3 if layout.colour == RGB_TYPE else 1
    if layout.has_alpha or len(clear) != 2 * samples:
        raise ValueError(f"a tRNS chunk of {len(clear)} bytes, which does not fit the header")
    mask = 2**layout.bits - 1
    levels = np.frombuffer(clear, ">u2")
    return Colours(layout, None, tuple(int(level) & mask for level in levels))


def decode(
    layout: Layout, size: tuple[int, int], data: Sequence[bytes], file: ImageInput
) -> Samples:
    """Return the samples of an image, those of less than 8 bits in the full range of 8.

    Args:
        layout: the file's header.
        size: of the image, which may be a part of it: height and width.
        data: of its chunks.
        file: takes the notes of damage.

    Shape: (H, W, C) uint8 or uint16, alpha last

    Raises:
        ReadError: it is damaged or truncated.
    """
    height, width = size
    rows = memoryview(inflated(b"".join(data), layout.size(width, height), file))
    first, *others = layout.passes(width, height)
    found = _unfiltered(rows[: first.size], first, layout, file)
    if not layout.interlaced:
        return found
    samples = np.zeros((height, width, found.shape[2]), found.dtype)
    samples[first.slices] = found
    place = first.size
    for each in others:
        found = _unfiltered(rows[place : place + each.size], each, layout, file)
        samples[each.slices] = found
        place += each.size
    return samples


def bands(
    layout: Layout, size: tuple[int, int], data: Iterable[bytes], file: ImageInput
) -> Iterator[Samples]:
    """Yield what `decode` returns of an intact image in one pass, in bands.

    Each band is decoded as an image that begins with the row above it.

    Args:
        layout: the file's header.
        size: of the image: height and width.
        data: of its chunks, in pieces.
        file: takes the notes of damage.

    Shape: (h, W, C)

    Raises:
        ReadError: it is damaged or truncated.
    """
    height, width = size
    (whole,) = layout.passes(width, height)
    bits, packed = layout.bits, layout.bits < BYTE
    if packed:  # filters see bytes, of which the last may hold bits of no pixel
        layout = replace(layout, bits=BYTE, colour=GREY_TYPE)
        whole = replace(whole, columns=whole.row - 1)
    above = b""
    for piece in in_pieces(data, whole.size, file, _rows_of(whole) * whole.row):
        rows = memoryview(above + piece)
        shape = replace(whole, rows=len(rows) // whole.row)
        stored = _unfiltered(rows, shape, layout, file)[bool(above) :]
        order = stored.dtype.newbyteorder(">")
        above = b"\0" + stored[-1].astype(order, copy=False).tobytes()
        yield _unpacked(stored, width, bits) if packed else stored


def band_bytes(layout: Layout) -> int:
    """Return the bytes of a band of an image in one pass, as it is stored."""
    (whole,) = layout.passes(layout.width, layout.height)
    return _rows_of(whole) * whole.row


def _rows_of(shape: Pass) -> int:
    """Return the rows of a band."""
    return max(1, BAND // shape.row)


def _unpacked(stored: Samples, width: int, bits: int) -> Samples:
    """Return samples of less than 8 bits in their full range. Shape: (h, B, 1) → (h, W, 1)"""
    shifts = np.arange(BYTE - bits, -1, -bits, dtype=np.uint8)
    levels = stored >> shifts & (2**bits - 1)
    samples: Samples = levels.reshape(len(stored), -1, 1)[:, :width]
    return samples * np.uint8(MAX_UINT8 // (2**bits - 1))


def _unfiltered(rows: memoryview, shape: Pass, layout: Layout, file: ImageInput) -> Samples:
    """Return the samples of rows, as an image that libpng decodes."""
    from imagecodecs import png_decode  # noqa: PLC0415  # takes 10 ms; only PNG needs it

    whole = io.BytesIO()
    whole.write(SIGNATURE)
    write(whole, "IHDR", layout.header(shape.columns, shape.rows))
    write(whole, "IDAT", *_stored(_checked(rows, shape, file)))
    write(whole, "IEND")
    samples: Samples = png_decode(whole.getvalue())
    return samples.reshape(shape.rows, shape.columns, -1)


def _checked(rows: memoryview, shape: Pass, file: ImageInput) -> memoryview:
    """Return rows whose first bytes state filters that there are."""
    kinds = np.frombuffer(rows, np.uint8)[:: shape.row]
    most = int(kinds.max())
    if most <= LAST_FILTER:
        return rows
    file.refuse_damaged(f"filter {most} of a row, which PNG does not have")
    mended = bytearray(rows)
    mended[:: shape.row] = np.where(kinds > LAST_FILTER, 0, kinds).tobytes()
    return memoryview(mended)


def _stored(rows: memoryview) -> Iterator[bytes | memoryview]:
    """Yield the pieces of a stream of deflate that compresses nothing (RFC 1950 and 1951)."""
    yield b"\x78\x01"
    for start in range(0, len(rows), STORED_MOST):
        piece = rows[start : start + STORED_MOST]
        size = len(piece)
        last = start + size == len(rows)
        yield struct.pack("<BHH", last, size, size ^ STORED_MOST)
        yield piece
    yield zlib.adler32(rows).to_bytes(4)
