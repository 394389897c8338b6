"""Read the segments of a page, whole or row by row; what is damaged is refused or counted."""

import math
from collections.abc import Iterator

import numpy as np

from convtool.errors import LimitError
from convtool.limits import refuse_larger
from convtool.media.image.formats.tiff import codecs, jpeg
from convtool.media.image.formats.tiff.directory import Directory
from convtool.media.image.formats.tiff.layout import Layout
from convtool.media.image.formats.tiff.tags import Compression, Tag
from convtool.media.image.reader import ImageInput
from convtool.media.image.samples import Samples
from convtool.media.policies import refuse_truncated
from convtool.sizes import counted

MISSING = "a segment is missing"


def read(file: ImageInput, directory: Directory, layout: Layout) -> Samples:
    """Return the samples of a page as they are stored, JPEG's YCbCr as RGB.

    Shape: (H, W, S)

    Raises:
        ReadError: segments are damaged or missing, and that is not allowed.
        LimitError: it takes too much memory.
    """
    page = _Page(file, directory, layout)
    shape = layout.height, layout.width, layout.samples
    tile = math.prod(layout.tile) * layout.depth
    needed = (math.prod(shape) * 2 + tile * 2) * page.dtype.itemsize
    refuse_larger(f"{file.name}: the image", needed, file.reading.max_memory)
    result = np.zeros(shape, page.dtype)
    for number in range(layout.grid[0]):
        page.fill(result[page.rows(number)], number)
    page.settle()
    return result


def bands(
    file: ImageInput, directory: Directory, layout: Layout, *, upwards: bool = False
) -> Iterator[Samples]:
    """Yield what `read` returns, one row of segments after the other.

    Args:
        file: the file.
        directory: of the page.
        layout: of the page.
        upwards: begin with the last one.

    Shape: (h, W, S)
    """
    page = _Page(file, directory, layout)
    numbers = range(layout.grid[0])
    for number in reversed(numbers) if upwards else numbers:
        rows = page.rows(number)
        band = np.zeros((rows.stop - rows.start, layout.width, layout.samples), page.dtype)
        page.fill(band, number)
        yield band
    page.settle()


def band_bytes(layout: Layout) -> int:
    """Return the bytes of a row of segments."""
    return layout.tile[0] * layout.width * layout.samples * _bytes_of(layout.bits)


class _Page:
    """The segments of a page, counted while they are read.

    Args:
        file: the file.
        directory: of the page.
        layout: of the page.

    Attributes:
        dtype: of samples as they are stored.
    """

    def __init__(self, file: ImageInput, directory: Directory, layout: Layout) -> None:
        self._file, self._directory, self._layout = file, directory, layout
        self.dtype = np.dtype(f"{layout.kind}{_bytes_of(layout.bits)}")
        self._damaged, self._decoded, self._empty = 0, 0, 0

    def rows(self, number: int) -> slice:
        """Return the rows of the page that a row of segments holds."""
        height = self._layout.tile[0]
        return slice(number * height, min((number + 1) * height, self._layout.height))

    def fill(self, band: Samples, number: int) -> None:
        """Write the samples of a row of segments. Shape: (h, W, S)

        Args:
            band: takes them; it holds zeros, which stay where there is nothing.
            number: of the row.

        Raises:
            LimitError: a segment takes too much memory.
        """
        layout = self._layout
        down, across = layout.grid
        width = layout.tile[1]
        for plane in range(layout.samples if layout.planar else 1):
            samples = slice(plane, plane + 1) if layout.planar else slice(None)
            for column in range(across):
                index = (plane * down + number) * across + column
                left = column * width
                self._place(band[:, left : left + width, samples], index)

    def _place(self, target: Samples, index: int) -> None:
        layout = self._layout
        if index >= len(layout.offsets):
            self._damaged += 1
            return
        rows = layout.tile[0] if layout.tiled else len(target)
        try:
            found = _segment(self._directory, layout, index, rows)
        except LimitError:
            raise
        except Exception:  # noqa: BLE001  # each library has errors of its own
            self._damaged += 1
            return
        self._decoded += 1
        if found is None:
            self._empty += 1
            return
        self._damaged += not found.complete
        target[...] = found.samples[: target.shape[0], : target.shape[1]]

    def settle(self) -> None:
        """Refuse what was damaged or missing, or note it where that is allowed.

        Raises:
            ReadError: it is not allowed.
            ValueError: nothing could be decoded.
        """
        layout, kind = self._layout, "tiles" if self._layout.tiled else "strips"
        total = math.prod(layout.grid) * (layout.samples if layout.planar else 1)
        if self._damaged:
            if not self._decoded:
                raise ValueError(f"none of its {total} {kind} can be decoded")
            loss = f"{self._damaged} of {total} {kind} of the image damaged or missing"
            refuse_truncated(self._file, self._file.name, loss, self._file.reading)
        if self._empty:
            self._file.note(f"{counted(self._empty, 'empty tile')} read as 0")


def _bytes_of(bits: int) -> int:
    return next(size for size in (1, 2, 4, 8) if bits <= 8 * size)


def _segment(directory: Directory, layout: Layout, index: int, rows: int) -> codecs.Decoded | None:
    """Return a segment of so many rows; None where it is left out because all are 0."""
    if layout.compression == Compression.OLD_JPEG:
        data, complete = _old_jpeg(directory, layout, index), True
    else:
        found = _data(directory, layout, index, rows)
        if found is None:
            return None
        data, complete = found
    if layout.compression == Compression.JPEG:
        data = jpeg.joined(directory.raw(Tag.JPEG_TABLES), data)
    options = directory.number(Tag.T4_OPTIONS, 0)
    decoded = codecs.decode(data, layout, rows, directory.data.order, options)
    return decoded._replace(complete=decoded.complete and complete)


def _data(directory: Directory, layout: Layout, index: int, rows: int) -> tuple[bytes, bool] | None:
    """Return the bytes of a segment, and whether the file holds all of them."""
    offset = int(layout.offsets[index])
    count = int(layout.counts[index]) if index < len(layout.counts) else 0
    if layout.tiled and offset == 0 and count == 0:
        return None
    if layout.compression == Compression.NONE and not count:
        count = rows * layout.row_bytes
    there = min(count, directory.data.size - offset)
    if offset <= 0 or there <= 0:
        raise ValueError(MISSING)
    return directory.data.read(offset, there), there == count


def _old_jpeg(directory: Directory, layout: Layout, index: int) -> bytes:
    """Return the stream of a page in the old style, which is stored in one piece or in two."""
    if math.prod(layout.grid) > 1 and Tag.JPEG_STREAM not in directory.entries:
        return directory.data.read(int(layout.offsets[index]), int(layout.counts[index]))
    start = directory.number(Tag.JPEG_STREAM, 0)
    length = directory.number(Tag.JPEG_LENGTH, 0)
    head = directory.data.read(start, length) if start else b""
    if layout.offsets and layout.counts and len(layout.offsets) == 1:
        body = directory.data.read(int(layout.offsets[0]), int(layout.counts[0]))
        if body.startswith(jpeg.START):
            return body
        if jpeg.END not in head[-4:]:
            return head + body + jpeg.END
    return head
