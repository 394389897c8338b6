"""Write TIFF files: deflated strips or tiles, pages of any kinds, and the metadata of the input."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import imagecodecs
import numpy as np

from convtool.media.image.formats.tiff import exif, stacks
from convtool.media.image.formats.tiff.exif import Tables, Value
from convtool.media.image.formats.tiff.page_tags import ASCII, LONG, SHORT, PageTags
from convtool.media.image.formats.tiff.tags import Compression, Tag
from convtool.media.image.metadata import Metadata
from convtool.media.image.row_writer import Ahead, Bands, RowWriter
from convtool.media.image.samples import Frame, Samples

LONG8 = 16
STRIP = 2**18  # bytes, about
LEVEL = 6  # of deflate
MOST = 2**32 - 2**20  # bytes of a file that is no BigTIFF
IMAGEJ = b"ImageJ="


def save(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata) -> None:
    """Write finished images.

    Args:
        file: where the bytes go; seekable.
        frames: the pages.
        metadata: the input's.
    """
    writer = _begun(file, frames, metadata)
    if is_imagej(metadata) and stacks.describes(metadata.stack, frames):
        writer.stack(frames)
    else:
        writer.pages(frames)


def rows(file: BinaryIO, like: Frame, metadata: Metadata) -> RowWriter:
    """Begin a file of one page, whose rows follow.

    Args:
        file: where the bytes go; seekable.
        like: a frame of the same shape and type.
        metadata: the input's, without a description by ImageJ.
    """
    writer = _begun(file, [like], metadata)
    return _Page(writer, like, 0, 1, writer.head())


def is_imagej(metadata: Metadata) -> bool:
    """Return whether ImageJ described the images, which then lie in one piece."""
    return metadata.stack is not None and metadata.stack.startswith(IMAGEJ)


def _begun(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata) -> "_Writer":
    found = Tables("<", {}, {})
    if metadata.exif is not None:
        found = exif.from_pillow(metadata.exif)
    if metadata.stack and stacks.describes(metadata.stack, frames):
        text = stacks.without_range(metadata.stack) + b"\0"
        found.main[Tag.DESCRIPTION] = Value(ASCII, len(text), text)
    tags = PageTags(found, metadata)
    tags.state_size(frames[0])
    big = metadata.big or sum(frame.samples.nbytes for frame in frames) > MOST
    return _Writer(file, tags, metadata.tile, big=big)


class Segment(NamedTuple):
    """Where a strip or a tile lies, and its bytes."""

    offset: int
    length: int


NOWHERE = Segment(0, 0)


@dataclass
class _Writer:
    """Places directories and segments one after the other."""

    file: BinaryIO
    tags: PageTags
    tile: tuple[int, int] | None
    big: bool

    def pages(self, frames: Sequence[Frame]) -> None:
        """Write each page's directory, and its strips or tiles behind it."""
        place = self.head()
        for index, frame in enumerate(frames):
            page = _Page(self, frame, index, len(frames), place)
            page.write(frame.samples)
            page.close()
            place = page.end

    def stack(self, frames: Sequence[Frame]) -> None:
        """Write all directories, then all samples in one piece, as ImageJ expects them."""
        place, whole = self.head(), frames[0].samples.shape[:2]
        length = frames[0].samples.nbytes
        every = [self.tags.of(frame, index, len(frames)) for index, frame in enumerate(frames)]
        sizes = [len(self.directory(tables, whole, [NOWHERE], 0, 0)) for tables in every]
        samples = place + sum(sizes)
        for index, (tables, size) in enumerate(zip(every, sizes, strict=True)):
            next = place + size if index + 1 < len(every) else 0
            strip = Segment(samples + index * length, length)
            self.file.write(self.directory(tables, whole, [strip], place, next))
            place += size
        for frame in frames:
            self.file.write(self.ordered(frame.samples).tobytes())

    def head(self) -> int:
        """Write the header, and return where the first directory lies."""
        order = self.tags.found.order
        self.file.write(b"II" if order == "<" else b"MM")
        if self.big:
            self.file.write(struct.pack(order + "HHHQ", 43, 8, 0, 16))
            return 16
        self.file.write(struct.pack(order + "HI", 42, 8))
        return 8

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


class _Page:
    """A page being written: room for its directory, which is complete at the end, and its segments.

    Args:
        writer: of the file.
        like: a frame of the same shape and type.
        index: of the page.
        count: of all pages.
        place: where it begins.

    Attributes:
        end: where the next page begins; known after `close`.
    """

    def __init__(self, writer: _Writer, like: Frame, index: int, count: int, place: int) -> None:
        self._writer, self._place, self._is_last = writer, place, index + 1 == count
        height, width = like.samples.shape[:2]
        self._size = writer.tile or (max(1, STRIP // max(1, like.samples[:1].nbytes)), width)
        self._bands, self._ahead = Bands(self._size[0]), Ahead(self._deflated)
        self._tables = writer.tags.of(like, index, count)
        self._tables.main[Tag.COMPRESSION] = writer.tags.value(SHORT, [Compression.DEFLATE])
        self._segments = [NOWHERE] * (-(-height // self._size[0]) * -(-width // self._size[1]))
        directory = self._directory(next=0)
        self._segments.clear()
        writer.file.write(bytes(len(directory)))
        self.end = place + len(directory)

    def write(self, rows: Samples) -> None:
        """Write the next rows, alpha last. Shape: (h, W, C)"""
        for band in self._bands.add(rows):
            self._write(band)

    def close(self) -> None:
        """Write what is left, and the directory."""
        for band in self._bands.rest():
            self._write(band)
        self._place_segments(self._ahead.rest())
        file, odd = self._writer.file, self.end % 2
        file.write(bytes(odd))
        self.end += odd
        file.seek(self._place)
        file.write(self._directory(next=0 if self._is_last else self.end))
        file.seek(self.end)

    def _directory(self, next: int) -> bytes:
        tiled = self._writer.tile is not None
        return self._writer.directory(
            self._tables, self._size, self._segments, self._place, next, tiled=tiled
        )

    def _write(self, band: Samples) -> None:
        """Write a row of segments. Shape: (h, W, C)"""
        height, width = self._size
        for left in range(0, band.shape[1], width):
            segment = band[:, left : left + width]
            if self._writer.tile:  # which is whole even where the image is not
                missing = height - segment.shape[0], width - segment.shape[1]
                segment = np.pad(segment, ((0, missing[0]), (0, missing[1]), (0, 0)), "edge")
            self._place_segments(self._ahead.add(segment))

    def _place_segments(self, deflated: Iterable[bytes]) -> None:
        for data in deflated:
            self._segments.append(Segment(self.end, len(data)))
            self._writer.file.write(data)
            self.end += len(data)

    def _deflated(self, segment: Samples) -> bytes:
        samples = self._writer.ordered(segment)
        return bytes(imagecodecs.deflate_encode(samples.tobytes(), level=LEVEL))
