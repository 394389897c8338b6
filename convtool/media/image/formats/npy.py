"""Arrays of NumPy: written are the raw responses of all channels; read are images of few kinds."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import numpy as np
import torch
from numpy.lib.format import write_array_header_1_0

from convtool.limits import refuse_larger
from convtool.media.contract import Tile
from convtool.media.image.format import Format, Row
from convtool.media.image.metadata import Metadata
from convtool.media.image.reader import ENDS_EARLY, ImageInput, Reader
from convtool.media.image.row_writer import RowWriter
from convtool.media.image.samples import GREY, RGB, Frame, Header, Pixels, Samples
from convtool.media.npy_file import SAMPLES, SIGNATURE, NpyFile

# The types of samples that are read, as NumPy writes them without their byte order.
TYPES = {"u1": torch.uint8, "u2": torch.uint16, "b1": torch.uint8}
TYPES |= dict.fromkeys(("f2", "f4", "f8"), torch.float32)
FEW = 4  # channels at most of an image whose axes are told apart by their lengths
BAND = 2**22  # bytes that are read at once, where an image is read row by row
COPIES = 4  # of them: as read, of all planes, as samples
MOST_CHANNELS = 2**16
AXES = {2: "HW", 4: "NCHW"}
WHITE = 255  # what True is read as
UNTOLD = "which axis holds the channels cannot be told"


class NpyReader:
    """An array of one or several images.

    Args:
        file: the file.

    Attributes:
        count, metadata, tolerant: as of every Reader.

    Raises:
        ValueError: the array is not one of images, or it cannot be told which axis is which.
        LimitError: it is stored in an order that takes too much memory.
    """

    tolerant = True

    def __init__(self, file: ImageInput) -> None:
        self._file, self.metadata = file, Metadata()
        self._array = NpyFile(file.stream)
        shape, kind = self._array.shape, self._array.dtype.str[1:]
        if kind not in TYPES:
            raise ValueError(f"samples of type {self._array.dtype} are not supported")
        if kind == "f8":
            file.note("float64 samples read as float32")
        self._type, self._shape, self._axes = TYPES[kind], shape, _axes(shape)
        sizes = dict(zip(self._axes, shape, strict=True))
        self.count = sizes.get("N", 1)
        self._size = sizes["H"], sizes["W"]
        channels = sizes.get("C", 1)
        if channels > MOST_CHANNELS:
            raise ValueError(f"{channels} channels, more than {MOST_CHANNELS}")
        bands = tuple(map(str, range(1, channels + 1)))
        self._channels = {1: GREY, 3: RGB}.get(channels, bands)
        if channels in (2, FEW):
            file.note(f"{channels} channels read as bands, none as transparency")
        self._row = self._size[1] * channels * self._array.dtype.itemsize  # in bytes
        if self._array.is_fortran:
            refuse_larger(f"{file.name}: the array", self._array.bytes, file.reading.max_memory)

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of every image."""
        return [self._size] * self.count

    def header(self, index: int) -> Header:
        """Return what is known of an image before it is read."""
        del index  # they are alike
        held = None
        if not self._array.is_fortran:
            held = COPIES * self._row * self._band
        return Header(self._size, self._channels, self._type, by_rows=held)

    def decode(self, index: int) -> Pixels:
        """Return an image.

        Raises:
            ReadError: the file is truncated.
        """
        if self._array.is_fortran:
            whole = self._read(0, self._shape)
            return self._pixels(whole[index] if "N" in self._axes else whole)
        return self._pixels(self._rows_of(index, range(self._size[0])))

    def rows(self, index: int) -> Iterator[Pixels]:
        """Yield an image in bands."""
        height, length = self._size[0], self._band
        for start in range(0, height, length):
            yield self._pixels(self._rows_of(index, range(start, min(start + length, height))))

    @property
    def _band(self) -> int:
        """The rows that are read at once, where an image is read row by row."""
        return max(1, BAND // self._row)

    def _rows_of(self, index: int, rows: range) -> Samples:
        """Return rows of an image of an array in the order of C. Shape: as `_pixels` takes it"""
        height, width = self._size
        depth = len(self._channels)
        first = index * height * width * depth
        if self._axes[-1] == "C":
            return self._read(first + rows.start * width * depth, (len(rows), width, depth))
        planes = [
            self._read(first + (plane * height + rows.start) * width, (1, len(rows), width))
            for plane in range(depth)
        ]
        return planes[0] if depth == 1 else np.concatenate(planes)

    def _pixels(self, page: Samples) -> Pixels:
        """Return rows as samples. Shape: (h, W, C) or (C, h, W), or (h, W)"""
        if self._axes[-1] == "W" and page.ndim == 3:
            page = page.transpose(1, 2, 0)
        page = page.reshape(-1, self._size[1], len(self._channels))
        if page.dtype.kind == "b":
            page = page.astype(np.uint8) * WHITE
        wanted = np.dtype(str(self._type).removeprefix("torch."))
        return Pixels(np.array(page, wanted, order="C"))

    def _read(self, first: int, shape: tuple[int, ...]) -> Samples:
        return self._array.read(first, shape, lambda: self._file.refuse_truncated(ENDS_EARLY))


def _axes(shape: tuple[int, ...]) -> str:
    """Return which axis is which: N images, C channels, H rows, W columns.

    Raises:
        ValueError: it cannot be told.

    >>> _axes((480, 640)), _axes((480, 640, 3)), _axes((3, 480, 640)), _axes((9, 3, 480, 640))
    ('HW', 'HWC', 'CHW', 'NCHW')
    """
    if not math.prod(shape):
        raise ValueError(f"an array of shape {shape} holds no samples")
    if len(shape) == 4 and shape[-1] <= FEW < shape[1]:
        raise ValueError(f"an array of shape {shape}, {UNTOLD}: (N, C, H, W) is expected")
    if len(shape) in AXES:
        return AXES[len(shape)]
    expected = "(H, W), (H, W, C), (C, H, W) or (N, C, H, W) is expected"
    if len(shape) != 3:
        raise ValueError(f"an array of shape {shape}, and {expected}")
    first, last = shape[0] <= FEW, shape[-1] <= FEW
    if first == last:
        raise ValueError(f"an array of shape {shape}, {UNTOLD}: {expected}")
    return "CHW" if first else "HWC"


class Npy(Format):
    """NPY: one array of floats of shape (N, C, H, W), whose N are frames or pages."""

    name = "NPY"
    suffixes = (".npy",)
    signatures = (SIGNATURE,)
    dtypes = (torch.float32,)
    frames = True
    banded = True
    reads = (
        Row("(H, W), (H, W, C) or (C, H, W)", SAMPLES, "one image"),
        Row("(N, C, H, W)", SAMPLES, "N images"),
    )

    def layout(self, tiles: Sequence[Tile], *, sheet: bool = False) -> Sequence[Tile]:
        """Return one tile of all channels in the layer's order: an array needs no grid."""
        del sheet  # which an array cannot be
        return (Tile("", tuple(sorted(channel for tile in tiles for channel in tile.channels))),)

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading."""
        return NpyReader(file)

    def held(self, row: int, metadata: Metadata) -> int:
        """Return an estimate of the bytes held while an image is written row by row."""
        del metadata  # an array has none
        return row

    def rows(self, file: BinaryIO, like: Frame, metadata: Metadata, quality: int) -> RowWriter:
        """Begin an array of one image whose rows follow."""
        del metadata, quality  # an array has neither
        return _Planes(file, like)

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write the frames as one array.

        Raises:
            ValueError: they have different numbers of channels.
        """
        del metadata, quality  # an array has neither
        arrays = [frame.samples.transpose(2, 0, 1) for frame in frames]
        found = sorted({len(array) for array in arrays})
        if len(found) > 1:
            raise ValueError(f"pages of {found[0]} and {found[-1]} channels do not fit one array")
        np.save(file, np.stack(arrays), allow_pickle=False)


class _Planes:
    """An array of one image, (1, C, H, W), whose rows are written into each of its planes.

    Args:
        file: where it goes; seekable.
        like: a frame of the same shape and type.
    """

    def __init__(self, file: BinaryIO, like: Frame) -> None:
        height, width, channels = like.samples.shape
        shape, kind = (1, channels, height, width), like.samples.dtype
        head = {"descr": kind.str, "fortran_order": False, "shape": shape}
        write_array_header_1_0(file, head)
        self._file, self._start = file, file.tell()
        self._plane, self._row = height * width * kind.itemsize, width * kind.itemsize
        self._done = 0

    def write(self, rows: Samples) -> None:
        """Write the next rows. Shape: (h, W, C)"""
        for channel in range(rows.shape[2]):
            self._file.seek(self._start + channel * self._plane + self._done * self._row)
            self._file.write(np.ascontiguousarray(rows[..., channel]).tobytes())
        self._done += len(rows)

    def close(self) -> None:
        """Do nothing: nothing is left."""


FORMAT = Npy()
