"""Read all segments of a page into one array; what is damaged is refused or counted."""

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
    dtype = np.dtype(f"{layout.kind}{_bytes_of(layout.bits)}")
    shape = layout.height, layout.width, layout.samples
    tile = math.prod(layout.tile) * layout.depth
    needed = (math.prod(shape) * 2 + tile * 2) * dtype.itemsize
    refuse_larger(f"{file.name}: the image", needed, file.reading.max_memory)
    result = np.zeros(shape, dtype)
    total = math.prod(layout.grid) * (layout.samples if layout.planar else 1)
    stated = min(total, len(layout.offsets))
    damaged, decoded, empty = total - stated, 0, 0
    for index, where in zip(range(stated), _places(layout), strict=False):
        target = result[where]
        try:
            found = _segment(directory, layout, index, where)
        except LimitError:
            raise
        except Exception:  # noqa: BLE001  # each library has errors of its own
            damaged += 1
            continue
        decoded += 1
        if found is None:
            empty += 1
            continue
        damaged += not found.complete
        target[...] = found.samples[: target.shape[0], : target.shape[1]]
    if damaged:
        kind = "tiles" if layout.tiled else "strips"
        if not decoded:
            raise ValueError(f"none of its {total} {kind} can be decoded")
        loss = f"{damaged} of {total} {kind} of the image damaged or missing"
        refuse_truncated(file, file.name, loss, file.reading)
    if empty:
        file.note(f"{counted(empty, 'empty tile')} read as 0")
    return result


def _bytes_of(bits: int) -> int:
    return next(size for size in (1, 2, 4, 8) if bits <= 8 * size)


def _places(layout: Layout) -> Iterator[tuple[slice, slice, slice]]:
    """Yield the rows, columns and samples of each segment."""
    down, across = layout.grid
    height, width = layout.tile
    planes = [slice(s, s + 1) for s in range(layout.samples)] if layout.planar else [slice(None)]
    for plane in planes:
        for row in range(down):
            rows = slice(row * height, min((row + 1) * height, layout.height))
            for column in range(across):
                yield rows, slice(column * width, min((column + 1) * width, layout.width)), plane


def _segment(
    directory: Directory, layout: Layout, index: int, where: tuple[slice, slice, slice]
) -> codecs.Decoded | None:
    """Return a segment; None where it is left out because all are 0."""
    rows = layout.tile[0] if layout.tiled else where[0].stop - where[0].start
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
