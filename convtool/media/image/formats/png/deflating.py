"""Filter and deflate the rows of PNG, band by band, several bands at a time.

Each band is deflated by itself, so that threads share the work; joined, they are one stream.
"""

import zlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from isal import isal_zlib

from convtool.media.image.row_writer import Ahead, Bands
from convtool.media.image.samples import Samples

BAND = 2**20  # bytes of rows that are deflated at once, about
HEADER = b"\x78\x01"  # of a stream of deflate (RFC 1950)
LEVEL = 1  # of ISA-L's: as small as zlib's level 1, in a quarter of its time
UP = 2  # the filter: rows are predicted by those above them


class _Band(NamedTuple):
    """Rows, and the row above them, as bytes. Shape: (h, B), (B,)"""

    rows: Samples
    above: Samples


class _Deflated(NamedTuple):
    """A band deflated, and its filtered rows."""

    data: bytes
    filtered: bytes


class Deflater:
    """The rows of an image, as the data of PNG's chunks of pixels.

    Args:
        row: bytes of a row.
    """

    def __init__(self, row: int) -> None:
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
        band = _Band(rows, self._above)
        self._above = rows[-1]
        return band

    def _joined(self, done: _Deflated) -> bytes:
        self._checksum = zlib.adler32(done.filtered, self._checksum)
        head, self._begun = b"" if self._begun else HEADER, True
        return head + done.data


def _deflated(band: _Band) -> _Deflated:
    """Return a band filtered, and in blocks that end at a byte; none is the last of its stream."""
    filtered = _filtered(band)
    stream = isal_zlib.compressobj(LEVEL, wbits=-zlib.MAX_WBITS)
    return _Deflated(stream.compress(filtered) + stream.flush(zlib.Z_SYNC_FLUSH), filtered)


def _filtered(band: _Band) -> bytes:
    """Return the differences of rows to those above them, the number of the filter before each.

    Source: PNG Specification (Third Edition), section 9
    """
    rows, above = band
    filtered = np.empty((len(rows), rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = UP
    np.subtract(rows[:1], above, out=filtered[:1, 1:])
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    return filtered.tobytes()
