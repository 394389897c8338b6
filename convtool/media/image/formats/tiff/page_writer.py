"""Write a page of a TIFF file as its rows come, and the reduced images of a pyramid beside it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import imagecodecs
import numpy as np

from convtool.media.image.formats.tiff import pyramid
from convtool.media.image.formats.tiff.exif import Tables
from convtool.media.image.formats.tiff.output import NOWHERE, Output, Segment
from convtool.media.image.formats.tiff.page_tags import LONG, SHORT
from convtool.media.image.formats.tiff.pages import REDUCED
from convtool.media.image.formats.tiff.tags import Compression, Tag
from convtool.media.image.metadata import Metadata
from convtool.media.image.row_writer import Ahead, Bands
from convtool.media.image.samples import Frame, Samples

STRIP = 2**18  # bytes, about
LEVEL = 6  # of deflate
TOGETHER = 16  # rows that are halved at once; a row of tiles has a multiple of it


@dataclass
class _Image:
    """The page, or a reduced image.

    Attributes:
        tables: its tags but those of its segments.
        size: the rows and columns of a segment.
        bands: rows of which no segments were made yet.
        expected: how many segments it will have.
        segments: where those lie that were written.
    """

    tables: Tables
    size: tuple[int, int]
    bands: Bands
    expected: int
    segments: list[Segment] = field(default_factory=list)


class PageWriter:
    """A page being written: room for its directory, which is complete at the end, and its segments.

    Segments of reduced images lie between those of the page, and their directories behind all.

    Args:
        output: the file.
        like: a frame of the same shape and type.
        index: of the page.
        count: of all pages.
    """

    def __init__(self, output: Output, like: Frame, index: int, count: int) -> None:
        self._output, self._is_last = output, index + 1 == count
        self._transparent = like.transparent
        self._ahead = Ahead(self._deflated)
        self._images = [self._image(like, output.tags.of(like, index, count))]
        if output.pyramid:
            self._images += self._levels(like)
        self._place = output.end
        output.append(bytes(len(self._directory(self._images[0], self._place, 0))))

    def write(self, rows: Samples) -> None:
        """Write the next rows, alpha last. Shape: (h, W, C)"""
        self._add(0, rows)

    def close(self) -> None:
        """Write what is left, and the directories."""
        for level, image in enumerate(self._images):
            for band in image.bands.rest():
                self._write(level, band)
        self._place_segments(self._ahead.rest())
        output = self._output
        output.append(bytes(output.end % 2))
        page, *levels = self._images
        next = 0 if self._is_last and not levels else output.end
        output.put(self._place, self._directory(page, self._place, next))
        for image in levels:
            behind = output.end + len(self._directory(image, output.end, 0))
            next = 0 if image is levels[-1] else behind
            output.append(self._directory(image, output.end, next))

    def _levels(self, like: Frame) -> Iterator[_Image]:
        """Yield the reduced images, whose resolution is another; they have no metadata."""
        output = self._output
        assert output.tile is not None
        tags = replace(output.tags, metadata=Metadata(icc=output.tags.metadata.icc))
        height, width, depth = like.samples.shape
        for size in pyramid.sizes(height, width, output.tile):
            nothing = np.broadcast_to(like.samples[:1, :1], (*size, depth))
            level = Frame(nothing, like.transparent)
            tables = tags.of(level, 1, 1)
            tables.main[Tag.SUBFILE] = tags.value(LONG, [REDUCED])
            yield self._image(level, tables)

    def _image(self, like: Frame, tables: Tables) -> _Image:
        height, width = like.samples.shape[:2]
        size = self._output.tile or (max(1, STRIP // max(1, like.samples[:1].nbytes)), width)
        tables.main[Tag.COMPRESSION] = self._output.tags.value(SHORT, [Compression.DEFLATE])
        return _Image(tables, size, Bands(size[0]), -(-height // size[0]) * -(-width // size[1]))

    def _directory(self, image: _Image, place: int, next: int) -> bytes:
        """Return the directory of an image, of the same length before and after it is written."""
        segments = image.segments or [NOWHERE] * image.expected
        tiled = self._output.tile is not None
        return self._output.directory(image.tables, image.size, segments, place, next, tiled=tiled)

    def _add(self, level: int, rows: Samples) -> None:
        for band in self._images[level].bands.add(rows):
            self._write(level, band)

    def _write(self, level: int, band: Samples) -> None:
        """Write a row of segments, and what follows of it for the next level. Shape: (h, W, C)"""
        image = self._images[level]
        height, width = image.size
        for left in range(0, band.shape[1], width):
            segment = band[:, left : left + width]
            if self._output.tile:  # which is whole even where the image is not
                missing = height - segment.shape[0], width - segment.shape[1]
                segment = np.pad(segment, ((0, missing[0]), (0, missing[1]), (0, 0)), "edge")
            self._place_segments(self._ahead.add((image, segment)))
        if level + 1 < len(self._images):
            for top in range(0, len(band), TOGETHER):
                rows = band[top : top + TOGETHER]
                self._add(level + 1, pyramid.halved(rows, transparent=self._transparent))

    def _place_segments(self, deflated: Iterable[tuple[_Image, bytes]]) -> None:
        for image, data in deflated:
            image.segments.append(self._output.append(data))

    def _deflated(self, item: tuple[_Image, Samples]) -> tuple[_Image, bytes]:
        image, segment = item
        samples = self._output.ordered(segment)
        return image, bytes(imagecodecs.deflate_encode(samples.tobytes(), level=LEVEL))
