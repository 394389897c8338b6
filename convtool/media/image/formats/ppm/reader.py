"""Read Netpbm's formats: every image of a file, in the full range of 8 or 16 bits, or as floats."""

import io
from collections.abc import Iterable, Iterator

import numpy as np
import torch

from convtool.errors import ConvtoolError
from convtool.media.image.formats.ppm.header import BITS, FLOATS, PLAIN, SPACE, Layout
from convtool.media.image.formats.ppm.header import Header as Start
from convtool.media.image.metadata import COMMENT, Metadata
from convtool.media.image.reader import ENDS_EARLY, ImageInput
from convtool.media.image.samples import MAX_UINT8, MAX_UINT16, Header, Pixels, Samples, full_range
from convtool.sizes import counted

MOST = 2**20  # images of a file
BAND = 2**20  # bytes that are read at once, where an image is read row by row
COPIES = 16  # of them: bits become bytes, and numbers are scaled in 32 bits
DIGITS = b"0123456789"


class NetpbmReader:
    """A file of one of Netpbm's formats.

    Args:
        file: the file.

    Attributes:
        count, metadata, tolerant: as of every Reader.

    Raises:
        ReadError: it is truncated, or goes on behind its end.
        ValueError: a header is damaged.
    """

    tolerant = True

    def __init__(self, file: ImageInput) -> None:
        self._file = file
        self._size = file.stream.seek(0, io.SEEK_END)
        self._layouts: list[Layout] = []
        comments: list[str] = []
        place: int | None = 0
        while place is not None:
            file.stream.seek(place)
            start = _started(file)
            self._layouts.append(start.layout)
            comments += start.comments
            if len(self._layouts) > MOST:
                raise ValueError(f"more than {MOST} images")
            place = self._next(start.layout)
        self.count = len(self._layouts)
        self.metadata = Metadata(text=tuple((COMMENT, words) for words in comments if words))

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of every image."""
        return [(layout.height, layout.width) for layout in self._layouts]

    def header(self, index: int) -> Header:
        """Return what is known of an image before it is decoded."""
        layout = self._layouts[index]
        size = layout.height, layout.width
        dtype = torch.uint8 if layout.highest <= MAX_UINT8 else torch.uint16
        held = None if layout.magic in PLAIN else COPIES * layout.row * layout.rows_of(BAND)
        return Header(
            size, layout.channels, dtype if layout.highest else torch.float32, layout.alpha, held
        )

    def decode(self, index: int) -> Pixels:
        """Return an image.

        Raises:
            ReadError: it is damaged or truncated.
        """
        (pixels,) = self._bands(self._layouts[index], self._layouts[index].height)
        return pixels

    def rows(self, index: int) -> Iterator[Pixels]:
        """Yield an image in bands."""
        return self._bands(self._layouts[index], self._layouts[index].rows_of(BAND))

    def _bands(self, layout: Layout, length: int) -> Iterator[Pixels]:
        """Yield an image in bands of `length` rows."""
        if layout.magic not in PLAIN and self._size - layout.place < layout.size:
            self._file.refuse_truncated(ENDS_EARLY)
        most = 0
        for start in range(0, layout.height, length):
            rows = range(start, min(start + length, layout.height))
            if layout.magic in FLOATS:
                yield Pixels(self._floats(layout, rows))
                continue
            numbers = self._plain(layout) if layout.magic in PLAIN else self._binary(layout, rows)
            most = max(most, int(numbers.max()))
            yield _pixels(numbers, layout)
        if most > layout.highest:
            self._file.refuse_damaged(f"a sample of {most}, and white is {layout.highest}")

    def _next(self, layout: Layout) -> int | None:
        """Return where the next image begins; None where there is none."""
        if layout.magic in PLAIN:
            return None
        stream, end = self._file.stream, layout.place + layout.size
        stream.seek(end)
        start = stream.read(2)
        if start == layout.magic:
            return end
        if start.strip(SPACE):
            self._file.refuse_damaged(
                f"{counted(self._size - end, 'byte')} after the end of the image"
            )
        return None

    def _floats(self, layout: Layout, rows: range) -> Samples:
        """Return rows of floats, the last of which is stored first. Shape: (h, W, C)"""
        height = layout.height
        stored = self._binary(layout, range(height - rows.stop, height - rows.start))
        return np.ascontiguousarray(stored[::-1].astype(np.float32))

    def _binary(self, layout: Layout, rows: range) -> Samples:
        """Return the stored numbers of rows of a binary file, 0 behind its end.

        Shape: (h, W, C)
        """
        stream, place, size = self._file.stream, rows.start * layout.row, len(rows) * layout.row
        stream.seek(layout.place + place)
        data = stream.read(min(size, self._size)).ljust(size, b"\0")
        if layout.magic in BITS:
            packed = np.frombuffer(data, np.uint8).reshape(len(rows), layout.row)
            return np.unpackbits(packed, axis=1)[:, : layout.width, None]
        numbers = np.frombuffer(data, layout.dtype)
        return numbers.reshape(len(rows), layout.width, layout.depth)

    def _plain(self, layout: Layout) -> Samples:
        """Return the stored numbers of a text file. Shape: (H, W, C)"""
        self._file.stream.seek(layout.place)
        text = self._file.stream.read()
        if text.translate(None, DIGITS + SPACE):
            raise ValueError("there is something else than numbers among the pixels")
        if layout.magic in BITS:
            digits = np.frombuffer(text.translate(None, SPACE), np.uint8)
            numbers = digits - np.uint8(DIGITS[0])
        else:
            numbers = np.fromstring(text.decode(), np.int64, sep=" ")
        count = layout.height * layout.width * layout.depth
        if len(numbers) > count:
            self._file.refuse_damaged(f"{counted(len(numbers), 'sample')}, and {count} declared")
        elif len(numbers) < count:
            self._file.refuse_truncated(ENDS_EARLY)
            numbers = np.pad(numbers, (0, count - len(numbers)))
        return numbers[:count].reshape(layout.height, layout.width, layout.depth)


def _pixels(numbers: Samples, layout: Layout) -> Pixels:
    """Return stored numbers as samples, alpha apart."""
    samples = _scaled(numbers, layout.highest)
    if layout.magic in BITS:
        samples = MAX_UINT8 - samples  # 1 is black
    if not layout.alpha:
        return Pixels(np.ascontiguousarray(samples))
    alpha = np.ascontiguousarray(samples[..., -1])
    return Pixels(np.ascontiguousarray(samples[..., :-1]), alpha)


def _scaled(numbers: Samples, highest: int) -> Samples:
    """Return numbers of 0 to `highest`, larger ones as that, in the full range of 8 or 16 bits."""
    if highest not in (MAX_UINT8, MAX_UINT16):
        numbers = numbers.clip(0, highest)
    if highest > MAX_UINT8:
        return full_range(numbers, highest)
    if highest == MAX_UINT8:
        return numbers.astype(np.uint8)
    levels = np.rint(np.arange(highest + 1) * (MAX_UINT8 / highest)).astype(np.uint8)
    scaled: Samples = levels[numbers]
    return scaled


def _started(file: ImageInput) -> Start:
    try:
        return Start(file.stream)
    except ConvtoolError:
        raise
    except (ValueError, KeyError, IndexError) as exc:
        raise ValueError("the header is damaged") from exc
