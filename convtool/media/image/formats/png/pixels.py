"""Decode the pixels of PNG: inflate them here, where damage shows, and let libpng undo filters.

Its own way around damage is to print a warning, or nothing.
"""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from convtool.media.image.formats.png.chunks import SIGNATURE, write
from convtool.media.image.formats.png.layout import PALETTE_TYPE, RGB_TYPE, Layout
from convtool.media.image.reader import ENDS_EARLY, ImageInput
from convtool.media.image.samples import MAX_UINT8, Pixels, Samples

CHECKSUM = 4  # bytes at the end of a deflated stream
STORED_MOST = 2**16 - 1  # bytes of a block of deflate that is not compressed
LAST_FILTER = 4  # Paeth

Passes = Sequence[tuple[int, int]]


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
    from imagecodecs import png_decode  # noqa: PLC0415  # takes 10 ms; only PNG needs it

    height, width = size
    rows = bytearray(_inflated(b"".join(data), layout.size(width, height), file))
    _check_filters(rows, layout.passes(width, height), file)
    whole = io.BytesIO()
    whole.write(SIGNATURE)
    write(whole, "IHDR", layout.header(width, height))
    write(whole, "IDAT", *_stored(rows))
    write(whole, "IEND")
    del rows
    samples: Samples = png_decode(whole.getvalue())
    return samples.reshape(height, width, -1)


def _check_filters(rows: bytearray, passes: Passes, file: ImageInput) -> None:
    """Check the first byte of every row, which states its filter."""
    place = 0
    for count, length in passes:
        kinds = np.frombuffer(rows, np.uint8)[place : place + count * length : length]
        if kinds.max() > LAST_FILTER:
            file.refuse_damaged(f"filter {kinds.max()} of a row, which PNG does not have")
            kinds[kinds > LAST_FILTER] = 0
        place += count * length


def _stored(rows: bytearray) -> Iterator[bytes | memoryview]:
    """Yield the pieces of a stream of deflate that compresses nothing (RFC 1950 and 1951)."""
    yield b"\x78\x01"
    view = memoryview(rows)
    for start in range(0, len(rows), STORED_MOST):
        piece = view[start : start + STORED_MOST]
        size = len(piece)
        last = start + size == len(rows)
        yield struct.pack("<BHH", last, size, size ^ STORED_MOST)
        yield piece
    yield zlib.adler32(rows).to_bytes(4)


def _inflated(data: bytes, size: int, file: ImageInput) -> bytes:
    """Return rows of filtered samples; missing ones are black where that is allowed."""
    from imagecodecs import DeflateError, deflate_decode  # noqa: PLC0415  # see above

    try:
        rows = bytes(deflate_decode(data, out=size))
    except DeflateError:
        return _rescued(data, size, file)
    if len(rows) < size:
        return _rescued(data, size, file)
    if zlib.adler32(rows) != int.from_bytes(data[-CHECKSUM:]):
        file.refuse_damaged("there are bytes after the end of the compressed pixels")
    return rows


def _rescued(data: bytes, size: int, file: ImageInput) -> bytes:
    """Return what can be inflated of damaged data, filled up with zeros."""
    stream, rows = zlib.decompressobj(), bytearray()
    reason = ""
    for start in range(0, len(data), 2**12):  # a small step loses little at the first fault
        try:
            rows += stream.decompress(data[start : start + 2**12], size + 1 - len(rows))
        except zlib.error:
            reason = "the compressed pixels are damaged"
            break
        if len(rows) > size:
            reason = "there are more pixels than the header declares"
            break
    if reason:
        file.refuse_damaged(reason)
    elif len(rows) < size:
        file.refuse_truncated(ENDS_EARLY)
    elif not stream.eof:
        file.refuse_truncated("the compressed pixels end before their checksum")
    return bytes(rows[:size].ljust(size, b"\0"))
