"""Write JPEG band by band: each is encoded by itself, and they are joined by restart markers.

A band is a whole number of rows of the units that JPEG codes, and no unit depends on another but by
what a restart marker resets, so that the pixels are those of an image encoded in one piece.
Source: ITU-T T.81, sections B.2.1 and F.1.1.5.2
"""

import io
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from convtool.media.image.format import as_image
from convtool.media.image.formats.jpeg.markers import EOI, FRAMES, next_marker, payload_at, segment
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
        coding: Pillow's options for the pixels.
        beside: those for the metadata.
    """

    def __init__(
        self, file: BinaryIO, like: Frame, coding: Mapping[str, Any], beside: Mapping[str, Any]
    ) -> None:
        height: int = like.samples.shape[0]
        width: int = like.samples.shape[1]
        across = -(-width // UNIT)
        fitting = MOST_UNITS // (across * (TALLEST // UNIT))
        wanted = BAND // (like.samples[:1].nbytes * TALLEST)
        self._rows = TALLEST * max(1, min(fitting, wanted))
        self._file, self._height, self._width = file, height, width
        self._coding, self._beside = coding, beside
        self._bands, self._ahead = Bands(self._rows), Ahead(_encoded)
        self._count = 0

    def write(self, rows: Samples) -> None:
        """Write the next rows. Shape: (h, W, C)"""
        for band in self._bands.add(rows):
            self._join(self._ahead.add(self._item(band)))

    def close(self) -> None:
        """Write what is left, and complete the file."""
        for band in self._bands.rest():
            self._join(self._ahead.add(self._item(band)))
        self._join(self._ahead.rest())
        self._file.write(bytes((0xFF, EOI)))

    def _item(self, band: Samples) -> tuple[Samples, Mapping[str, Any]]:
        """Return a band, and the options by which it is encoded."""
        beside, self._beside = self._beside, {}
        return band, {**self._coding, **beside}

    def _join(self, encoded: Iterable[bytes]) -> None:
        for data in encoded:
            segments = parse(data)
            assert segments.end is not None  # Pillow has just written it
            _, start = payload_at(data, segments.scan + 2)
            if self._count:
                self._file.write(bytes((0xFF, RST + (self._count - 1) % RESTARTS)))
            else:
                interval = segment(DRI, self._interval(segments.frame).to_bytes(2))
                head, scan = data[: segments.scan], data[segments.scan : start]
                self._file.write(_of_height(head, self._height) + interval + scan)
            self._file.write(memoryview(data)[start : segments.end - 2])
            self._count += 1

    def _interval(self, frame: Header) -> int:
        """Return the units of a band. Those of grey images have one component."""
        first, *others = frame.components
        horizontal, vertical = (first.horizontal, first.vertical) if others else (1, 1)
        across = -(-self._width // (UNIT * horizontal))
        return across * (self._rows // (UNIT * vertical))


def _encoded(item: tuple[Samples, Mapping[str, Any]]) -> bytes:
    """Return a band as a file of its own."""
    band, options = item
    file = io.BytesIO()
    as_image(Frame(band)).save(file, "JPEG", **options)
    return file.getvalue()


def _of_height(head: bytes, height: int) -> bytes:
    """Return what lies before a scan, with another height of the frame."""
    place = 2
    while True:
        marker, place, _ = next_marker(head, place)
        if marker in FRAMES:
            return head[: place + HEIGHT.start] + height.to_bytes(2) + head[place + HEIGHT.stop :]
        _, place = payload_at(head, place)
