"""Arrays of NumPy: written are the raw responses of all channels; read are images of few kinds."""

import math
from collections.abc import Iterable, Sequence
from typing import BinaryIO

import numpy as np
import torch

from convtool.limits import refuse_larger
from convtool.media.contract import Tile
from convtool.media.image.format import Format, Row
from convtool.media.image.metadata import Metadata
from convtool.media.image.reader import ENDS_EARLY, ImageInput, Reader
from convtool.media.image.samples import GREY, RGB, Frame, Header, Pixels, Samples
from convtool.media.npy_file import SAMPLES, SIGNATURE, NpyFile

# The types of samples that are read, as NumPy writes them without their byte order.
TYPES = {"u1": torch.uint8, "u2": torch.uint16, "b1": torch.uint8}
TYPES |= dict.fromkeys(("f2", "f4", "f8"), torch.float32)
FEW = 4  # channels at most of an image whose axes are told apart by their lengths
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
        self._whole: Samples | None = None
        if self._array.is_fortran:
            refuse_larger(f"{file.name}: the array", self._array.bytes, file.reading.max_memory)

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of every image."""
        return [self._size] * self.count

    def header(self, index: int) -> Header:
        """Return what is known of an image before it is read."""
        del index  # they are alike
        return Header(self._size, self._channels, self._type)

    def decode(self, index: int) -> Pixels:
        """Return an image.

        Raises:
            ReadError: the file is truncated.
        """
        if "N" not in self._axes:
            page, axes = self._read(0, self._shape), self._axes
        elif self._array.is_fortran:
            page, axes = self._read(0, self._shape)[index], "CHW"
        else:
            page, axes = self._read(index, self._shape[1:]), "CHW"
        if axes == "CHW":
            page = page.transpose(1, 2, 0)
        page = page.reshape(*self._size, -1)
        if page.dtype.kind == "b":
            page = page.astype(np.uint8) * WHITE
        wanted = np.dtype(str(self._type).removeprefix("torch."))
        return Pixels(np.array(page, wanted, order="C"))

    def _read(self, index: int, shape: tuple[int, ...]) -> Samples:
        return self._array.read(index, shape, lambda: self._file.refuse_truncated(ENDS_EARLY))


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


FORMAT = Npy()
