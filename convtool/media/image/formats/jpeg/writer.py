"""Write JPEG band by band: each is encoded by itself, and they are joined by restart markers.

A band is a whole number of rows of the units that JPEG codes, and no unit depends on another but by
what a restart marker resets, so that the pixels are those of an image encoded in one piece. Bands
are encoded in as many threads as torch uses.
Source: ITU-T T.81, sections B.2.1 and F.1.1.5.2
"""

from collections.abc import Iterable
from typing import BinaryIO

import numpy as np

from convtool.media.image.formats.jpeg.markers import (
    APP0,
    EOI,
    FRAMES,
    SOI,
    next_marker,
    payload_at,
    segment,
)
from convtool.media.image.formats.jpeg.segments import Frame as Header
from convtool.media.image.formats.jpeg.segments import parse
from convtool.media.image.row_writer import Ahead, Bands
from convtool.media.image.samples import Frame, Samples

BAND = 2**22  # bytes of rows that are encoded at once, about
UNIT, TALLEST = 8, 16  # rows of a unit, without chroma subsampling and with it
MOST_UNITS = 2**16 - 1  # between two restart markers
DRI, RST, RESTARTS = 0xDD, 0xD0, 8  # markers, and the number of those that count restarts
HEIGHT = slice(3, 5)  # in a segment with the header of a frame, behind its length


class JpegRows:
    """A JPEG file whose rows follow.

    Args:
        file: takes it.
        like: a frame of the same shape and type.
        quality: 1 to 100.
        chroma: how finely colours are sampled: `444`, `422` or `420`.
        beside: encoded segments with the metadata, which stand first.
    """

    def __init__(
        self, file: BinaryIO, like: Frame, quality: int, chroma: str, beside: bytes
    ) -> None:
        height: int = like.samples.shape[0]
        width: int = like.samples.shape[1]
        across = -(-width // UNIT)
        fitting = MOST_UNITS // (across * (TALLEST // UNIT))
        wanted = BAND // (like.samples[:1].nbytes * TALLEST)
        self._rows = TALLEST * max(1, min(fitting, wanted))
        self._file, self._height, self._width = file, height, width
        self._quality, self._chroma, self._beside = quality, chroma, beside
        self._bands, self._ahead = Bands(self._rows), Ahead(self._encoded)
        self._count = 0

    def write(self, rows: Samples) -> None:
        """Write the next rows. Shape: (h, W, C)"""
        for band in self._bands.add(rows):
            self._join(self._ahead.add(band))

    def close(self) -> None:
        """Write what is left, and complete the file."""
        for band in self._bands.rest():
            self._join(self._ahead.add(band))
        self._join(self._ahead.rest())
        self._file.write(bytes((0xFF, EOI)))

    def _encoded(self, band: Samples) -> bytes:
        """Return a band as a file of its own, without a restart marker."""
        from imagecodecs import jpeg8_encode  # noqa: PLC0415  # takes 10 ms

        if band.shape[2] == 1:
            return bytes(jpeg8_encode(np.squeeze(band, 2), self._quality))
        return bytes(
            jpeg8_encode(
                band,
                self._quality,
                colorspace="RGB",
                outcolorspace="YCBCR",
                subsampling=self._chroma,
            )
        )

    def _join(self, encoded: Iterable[bytes]) -> None:
        for data in encoded:
            segments = parse(data)
            assert segments.end is not None  # it has just been written
            _, start = payload_at(data, segments.scan + 2)
            if self._count:
                self._file.write(bytes((0xFF, RST + (self._count - 1) % RESTARTS)))
            else:
                head, scan = data[: segments.scan], data[segments.scan : start]
                self._file.write(bytes((0xFF, SOI)) + self._beside + _tables(head, self._height))
                if self._height > self._rows:
                    self._file.write(segment(DRI, self._interval(segments.frame).to_bytes(2)))
                self._file.write(scan)
            self._file.write(memoryview(data)[start : segments.end - 2])
            self._count += 1

    def _interval(self, frame: Header) -> int:
        """Return the units of a band. Those of grey images have one component."""
        first, *others = frame.components
        horizontal, vertical = (first.horizontal, first.vertical) if others else (1, 1)
        across = -(-self._width // (UNIT * horizontal))
        return across * (self._rows // (UNIT * vertical))


def _tables(head: bytes, height: int) -> bytes:
    """Return what lies between the start of an image, with JFIF's header, and its scan.

    Args:
        head: what lies before the scan.
        height: the frame's, in place of the one that stands there.
    """
    marker, place, _ = next_marker(head, 2)
    assert marker == APP0  # as libjpeg writes it
    _, start = payload_at(head, place)
    place = start
    while True:
        marker, place, _ = next_marker(head, place)
        if marker in FRAMES:
            end = place + HEIGHT.stop
            return head[start : place + HEIGHT.start] + height.to_bytes(2) + head[end:]
        _, place = payload_at(head, place)
