"""A TIFF file being written: its header, its directories, and what is placed behind them."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from convtool.media.image.formats.tiff import exif
from convtool.media.image.formats.tiff.exif import Tables, Value
from convtool.media.image.formats.tiff.page_tags import LONG, PageTags
from convtool.media.image.formats.tiff.tags import Tag
from convtool.media.image.samples import Samples

LONG8 = 16


class Segment(NamedTuple):
    """Where a strip or a tile lies, and its bytes."""

    offset: int
    length: int


NOWHERE = Segment(0, 0)


@dataclass
class Output:
    """A file being written, whose header is not yet.

    Attributes:
        file: where the bytes go; seekable.
        tags: of its pages.
        tile: the rows and columns of a tile; None where there are strips.
        big: it is a BigTIFF.
        pyramid: its page is followed by reduced images.
        end: where the next byte goes.
    """

    file: BinaryIO
    tags: PageTags
    tile: tuple[int, int] | None
    big: bool
    pyramid: bool
    end: int = 0

    def head(self) -> None:
        """Write the header, behind which the first directory lies."""
        order = self.tags.found.order
        self.append(b"II" if order == "<" else b"MM")
        if self.big:
            self.append(struct.pack(order + "HHHQ", 43, 8, 0, 16))
        else:
            self.append(struct.pack(order + "HI", 42, 8))

    def append(self, data: bytes) -> Segment:
        """Write bytes, and return where they lie."""
        segment = Segment(self.end, len(data))
        self.file.write(data)
        self.end += len(data)
        return segment

    def put(self, place: int, data: bytes) -> None:
        """Write bytes where room was left for them."""
        self.file.seek(place)
        self.file.write(data)
        self.file.seek(self.end)

    def directory(
        self,
        tables: Tables,
        size: tuple[int, int],
        segments: Sequence[Segment],
        place: int,
        next: int,
        *,
        tiled: bool = False,
    ) -> bytes:
        """Return the directory of a page.

        Args:
            tables: all tags but those of its segments.
            size: the rows and columns of a segment.
            segments: where they lie.
            place: where the directory will lie.
            next: where the one of the next page will, or 0.
            tiled: they are tiles.
        """
        kind, value = LONG8 if self.big else LONG, self.tags.value
        offsets = value(kind, [segment.offset for segment in segments])
        counts = value(kind, [segment.length for segment in segments])
        rows, columns = (value(LONG, [count]) for count in size)
        where: dict[int, Value] = {
            Tag.ROWS_PER_STRIP: rows,
            Tag.STRIP_OFFSETS: offsets,
            Tag.STRIP_COUNTS: counts,
        }
        if tiled:
            where = {
                Tag.TILE_LENGTH: rows,
                Tag.TILE_WIDTH: columns,
                Tag.TILE_OFFSETS: offsets,
                Tag.TILE_COUNTS: counts,
            }
        whole = tables._replace(main={**tables.main, **where})
        return exif.nested(whole, place, next, big=self.big)

    def ordered(self, samples: Samples) -> Samples:
        """Return samples in the byte order of the file."""
        return samples.astype(f"{self.tags.found.order}{samples.dtype.char}", copy=False)
