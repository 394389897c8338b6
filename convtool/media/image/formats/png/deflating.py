"""Filter and deflate the rows of PNG, band by band, several bands at a time.

Each band is deflated by itself, so that threads share the work; joined, they are one stream.
"""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from convtool.media.image.row_writer import Ahead, Bands
from convtool.media.image.samples import Samples

BAND = 2**20  # bytes of rows that are deflated at once, about
TRIED = 16  # of so many rows, one is deflated in each way, to choose one
HEADER = b"\x78\x01"  # of a stream of deflate (RFC 1950)
LEVEL = 1  # level 6, the usual one, takes four times as long for files 5 % smaller
UP, AVERAGE = 2, 3  # filters
# Graphics repeat themselves, and are predicted by the row above; the noise of photos has nothing
# but runs to find, which is faster, and is predicted by the mean of two neighbours.
WAYS = ((UP, zlib.Z_DEFAULT_STRATEGY), (AVERAGE, zlib.Z_RLE))


class _Band(NamedTuple):
    """Rows, and the row above them, as bytes. Shape: (h, B), (B,)"""

    rows: Samples
    above: Samples
    pixel: int


class _Deflated(NamedTuple):
    """A band deflated, and its filtered rows."""

    data: bytes
    filtered: bytes


class Deflater:
    """The rows of an image, as the data of PNG's chunks of pixels.

    Args:
        row: bytes of a row.
        pixel: bytes of a pixel.
    """

    def __init__(self, row: int, pixel: int) -> None:
        self._pixel = pixel
        self._above = np.zeros(row, np.uint8)
        self._bands = Bands(max(1, BAND // row))
        self._ahead = Ahead(_deflated)
        self._checksum = zlib.adler32(b"")
        self._begun = False

    def add(self, rows: Samples) -> Iterator[bytes]:
        """Take rows, and yield data. Shape: (h, W, C)"""
        for band in self._bands.add(rows):
            for done in self._ahead.add(self._band(band)):
                yield self._joined(done)

    def rest(self) -> Iterator[bytes]:
        """Yield the data of what is left, and the end of the stream."""
        for band in self._bands.rest():
            for done in self._ahead.add(self._band(band)):
                yield self._joined(done)
        for done in self._ahead.rest():
            yield self._joined(done)
        yield zlib.compress(b"", wbits=-zlib.MAX_WBITS) + self._checksum.to_bytes(4)

    def _band(self, samples: Samples) -> _Band:
        whole = np.ascontiguousarray(samples, samples.dtype.newbyteorder(">"))
        rows = whole.reshape(len(samples), -1).view(np.uint8)
        band = _Band(rows, self._above, self._pixel)
        self._above = rows[-1]
        return band

    def _joined(self, done: _Deflated) -> bytes:
        self._checksum = zlib.adler32(done.filtered, self._checksum)
        head, self._begun = b"" if self._begun else HEADER, True
        return head + done.data


def _deflated(band: _Band) -> _Deflated:
    """Return a band, filtered and deflated in the way that is better for a few of its rows."""
    few = max(1, len(band.rows) // TRIED)
    tried = _Band(band.rows[:few], band.above, band.pixel)
    filter, strategy = min(WAYS, key=lambda way: len(_compressed(_filtered(tried, way[0]), way[1])))
    filtered = _filtered(band, filter)
    return _Deflated(_compressed(filtered, strategy), filtered)


def _compressed(data: bytes, strategy: int) -> bytes:
    """Return blocks that end at a whole byte, none of which is the last of its stream."""
    stream = zlib.compressobj(LEVEL, wbits=-zlib.MAX_WBITS, strategy=strategy)
    return stream.compress(data) + stream.flush(zlib.Z_SYNC_FLUSH)


def _filtered(band: _Band, filter: int) -> bytes:
    """Return the differences of rows to what a filter predicts, a byte for it before each.

    Source: PNG Specification (Third Edition), section 9
    """
    rows, above, pixel = band
    filtered = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = filter
    up = np.concatenate([above[None], rows[:-1]])
    if filter == AVERAGE:
        left = np.zeros_like(rows)
        left[:, pixel:] = rows[:, :-pixel]
        up = (left & up) + ((left ^ up) >> 1)  # their mean, rounded down, without more bits
    np.subtract(rows, up, out=filtered[:, 1:])
    return filtered.tobytes()
