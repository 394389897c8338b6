"""Write TIFF files: deflated strips, pages of any kinds, and the metadata of the input."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

import imagecodecs

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
    return _Writer(file, tags, big=sum(frame.samples.nbytes for frame in frames) > MOST)


class Strip(NamedTuple):
    """Where a strip lies, and its bytes."""

    offset: int
    length: int


NOWHERE = Strip(0, 0)


@dataclass
class _Writer:
    """Places directories and strips one after the other."""

    file: BinaryIO
    tags: PageTags
    big: bool

    def pages(self, frames: Sequence[Frame]) -> None:
        """Write each page's directory, and its strips behind it."""
        place = self.head()
        for index, frame in enumerate(frames):
            page = _Page(self, frame, index, len(frames), place)
            page.write(frame.samples)
            page.close()
            place = page.end

    def stack(self, frames: Sequence[Frame]) -> None:
        """Write all directories, then all samples in one piece, as ImageJ expects them."""
        place, height = self.head(), len(frames[0].samples)
        length = frames[0].samples.nbytes
        every = [self.tags.of(frame, index, len(frames)) for index, frame in enumerate(frames)]
        sizes = [len(self.directory(tables, height, [NOWHERE], 0, 0)) for tables in every]
        samples = place + sum(sizes)
        for index, (tables, size) in enumerate(zip(every, sizes, strict=True)):
            next = place + size if index + 1 < len(every) else 0
            strip = Strip(samples + index * length, length)
            self.file.write(self.directory(tables, height, [strip], place, next))
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
        self, tables: Tables, rows: int, strips: Sequence[Strip], place: int, next: int
    ) -> bytes:
        """Return the directory of a page.

        Args:
            tables: all tags but those of its strips.
            rows: of a strip.
            strips: where they lie.
            place: where the directory will lie.
            next: where the one of the next page will, or 0.
        """
        kind, value = LONG8 if self.big else LONG, self.tags.value
        where: dict[int, Value] = {
            Tag.ROWS_PER_STRIP: value(LONG, [rows]),
            Tag.STRIP_OFFSETS: value(kind, [strip.offset for strip in strips]),
            Tag.STRIP_COUNTS: value(kind, [strip.length for strip in strips]),
        }
        whole = tables._replace(main={**tables.main, **where})
        return exif.nested(whole, place, next, big=self.big)

    def ordered(self, samples: Samples) -> Samples:
        """Return samples in the byte order of the file."""
        return samples.astype(f"{self.tags.found.order}{samples.dtype.char}", copy=False)


class _Page:
    """A page being written: room for its directory, which is known at the end, then its strips.

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
        self._rows = max(1, STRIP // max(1, like.samples[:1].nbytes))
        self._bands, self._ahead = Bands(self._rows), Ahead(self._deflated)
        self._tables = writer.tags.of(like, index, count)
        self._tables.main[Tag.COMPRESSION] = writer.tags.value(SHORT, [Compression.DEFLATE])
        self._strips: list[Strip] = []
        expected = [NOWHERE] * -(-len(like.samples) // self._rows)
        size = len(writer.directory(self._tables, self._rows, expected, place, 0))
        writer.file.write(bytes(size))
        self.end = place + size

    def write(self, rows: Samples) -> None:
        """Write the next rows, alpha last. Shape: (h, W, C)"""
        for band in self._bands.add(rows):
            self._write(self._ahead.add(band))

    def close(self) -> None:
        """Write what is left, and the directory."""
        for band in self._bands.rest():
            self._write(self._ahead.add(band))
        self._write(self._ahead.rest())
        file, odd, place = self._writer.file, self.end % 2, self._place
        file.write(bytes(odd))
        self.end += odd
        next = 0 if self._is_last else self.end
        file.seek(place)
        file.write(self._writer.directory(self._tables, self._rows, self._strips, place, next))
        file.seek(self.end)

    def _write(self, deflated: Iterable[bytes]) -> None:
        for data in deflated:
            self._strips.append(Strip(self.end, len(data)))
            self._writer.file.write(data)
            self.end += len(data)

    def _deflated(self, band: Samples) -> bytes:
        samples = self._writer.ordered(band)
        return bytes(imagecodecs.deflate_encode(samples.tobytes(), level=LEVEL))
