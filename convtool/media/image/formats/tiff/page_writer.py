"""Write a page of a TIFF file as its rows come."""

from collections.abc import Iterable

import imagecodecs
import numpy as np

from convtool.media.image.formats.tiff.output import NOWHERE, Output, Segment
from convtool.media.image.formats.tiff.page_tags import SHORT
from convtool.media.image.formats.tiff.tags import Compression, Tag
from convtool.media.image.row_writer import Ahead, Bands
from convtool.media.image.samples import Frame, Samples

STRIP = 2**18  # bytes, about
LEVEL = 6  # of deflate


class PageWriter:
    """A page being written: room for its directory, which is complete at the end, and its segments.

    Args:
        output: the file.
        like: a frame of the same shape and type.
        index: of the page.
        count: of all pages.
    """

    def __init__(self, output: Output, like: Frame, index: int, count: int) -> None:
        self._output, self._place, self._is_last = output, output.end, index + 1 == count
        height, width = like.samples.shape[:2]
        self._size = output.tile or (max(1, STRIP // max(1, like.samples[:1].nbytes)), width)
        self._bands, self._ahead = Bands(self._size[0]), Ahead(self._deflated)
        self._tables = output.tags.of(like, index, count)
        self._tables.main[Tag.COMPRESSION] = output.tags.value(SHORT, [Compression.DEFLATE])
        self._segments: list[Segment] = [NOWHERE] * (
            -(-height // self._size[0]) * -(-width // self._size[1])
        )
        directory = self._directory(next=0)
        self._segments.clear()
        output.append(bytes(len(directory)))

    def write(self, rows: Samples) -> None:
        """Write the next rows, alpha last. Shape: (h, W, C)"""
        for band in self._bands.add(rows):
            self._write(band)

    def close(self) -> None:
        """Write what is left, and the directory."""
        for band in self._bands.rest():
            self._write(band)
        self._place_segments(self._ahead.rest())
        output = self._output
        output.append(bytes(output.end % 2))
        output.put(self._place, self._directory(next=0 if self._is_last else output.end))

    def _directory(self, next: int) -> bytes:
        tiled = self._output.tile is not None
        return self._output.directory(
            self._tables, self._size, self._segments, self._place, next, tiled=tiled
        )

    def _write(self, band: Samples) -> None:
        """Write a row of segments. Shape: (h, W, C)"""
        height, width = self._size
        for left in range(0, band.shape[1], width):
            segment = band[:, left : left + width]
            if self._output.tile:  # which is whole even where the image is not
                missing = height - segment.shape[0], width - segment.shape[1]
                segment = np.pad(segment, ((0, missing[0]), (0, missing[1]), (0, 0)), "edge")
            self._place_segments(self._ahead.add(segment))

    def _place_segments(self, deflated: Iterable[bytes]) -> None:
        for data in deflated:
            self._segments.append(self._output.append(data))

    def _deflated(self, segment: Samples) -> bytes:
        samples = self._output.ordered(segment)
        return bytes(imagecodecs.deflate_encode(samples.tobytes(), level=LEVEL))
