"""Write PNG and animated PNG."""

import math
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import BinaryIO

from convtool.media.image.canvas import Region, changed
from convtool.media.image.formats.png.animation import CONTROL
from convtool.media.image.formats.png.chunks import SIGNATURE, write
from convtool.media.image.formats.png.deflating import Deflater
from convtool.media.image.formats.png.layout import (
    GREY_ALPHA_TYPE,
    GREY_TYPE,
    RGB_ALPHA_TYPE,
    RGB_TYPE,
    Layout,
)
from convtool.media.image.formats.png.metadata import write_before_pixels
from convtool.media.image.metadata import Metadata
from convtool.media.image.row_writer import RowWriter
from convtool.media.image.samples import Frame, Samples, alike
from convtool.media.image.timing import seconds

# The colour types of images, by the number of their channels.
COLOURS = {1: GREY_TYPE, 2: GREY_ALPHA_TYPE, 3: RGB_TYPE, 4: RGB_ALPHA_TYPE}
LARGEST = 2**16 - 1  # seconds, or parts of one, that a frame can be shown


def save(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, exif: bytes) -> None:
    """Write finished images.

    Args:
        file: where the bytes go.
        frames: one; or several, of one size, which are shown after each other.
        metadata: the input's.
        exif: the encoded EXIF tags.
    """
    first, *others = alike(frames)
    if others:
        _begin(file, first, metadata, exif)
        _Animation(file, metadata).write(first, others)
        write(file, "IEND")
        return
    writer = rows(file, first, metadata, exif)
    writer.write(first.samples)
    writer.close()


def rows(file: BinaryIO, like: Frame, metadata: Metadata, exif: bytes) -> RowWriter:
    """Begin a file of one image, whose rows follow.

    Args:
        file: where the bytes go.
        like: a frame of the same shape and type.
        metadata: the input's.
        exif: the encoded EXIF tags.
    """
    _begin(file, like, metadata, exif)
    return _Rows(file, like)


def _begin(file: BinaryIO, like: Frame, metadata: Metadata, exif: bytes) -> None:
    """Write what lies before the pixels."""
    height, width = like.samples.shape[:2]
    layout = Layout(width, height, 8 * like.samples.itemsize, COLOURS[like.channels], False)
    file.write(SIGNATURE)
    write(file, "IHDR", layout.header(width, height))
    write_before_pixels(file, metadata, exif, like.colours)


class _Rows:
    """The pixels of a still image, and the end of the file.

    Args:
        file: takes the chunks.
        like: a frame of the same shape and type.
    """

    def __init__(self, file: BinaryIO, like: Frame) -> None:
        self._file, self._deflater = file, _deflater(like.samples)

    def write(self, rows: Samples) -> None:
        """Write the next rows, alpha last. Shape: (h, W, C)"""
        for data in self._deflater.add(rows):
            write(self._file, "IDAT", data)

    def close(self) -> None:
        """Write what is left, and complete the file."""
        for data in self._deflater.rest():
            write(self._file, "IDAT", data)
        write(self._file, "IEND")


class _Animation:
    """The chunks of an animation, which are numbered throughout.

    Args:
        file: takes the chunks.
        metadata: says how many times the animation plays.
    """

    def __init__(self, file: BinaryIO, metadata: Metadata) -> None:
        self._file, self._plays = file, metadata.plays or 0
        self._number = 0

    def write(self, first: Frame, others: Sequence[Frame]) -> None:
        """Write all frames; of each one after the first, what differs from the one before."""
        shown = len(others) + (not first.hidden)
        write(self._file, "acTL", struct.pack(">II", shown, self._plays))
        height, width = first.samples.shape[:2]
        screen = Region(0, 0, width, height)
        if not first.hidden:
            self._control(first, screen)
        for data in _pixels(first.samples):
            write(self._file, "IDAT", data)
        before = None if first.hidden else first.samples
        for frame in others:
            region = screen if before is None else changed(before, frame.samples)
            self._control(frame, region)
            for data in _pixels(frame.samples[region.slices]):
                write(self._file, "fdAT", self._next(), data)
            before = frame.samples

    def _control(self, frame: Frame, region: Region) -> None:
        number = int.from_bytes(self._next())
        time = min(seconds(frame.duration), Fraction(LARGEST))
        time = time.limit_denominator(LARGEST // max(1, math.ceil(time)))
        size = region.width, region.height, region.left, region.top
        data = CONTROL.pack(number, *size, time.numerator, time.denominator, 0, 0)
        write(self._file, "fcTL", data)

    def _next(self) -> bytes:
        self._number += 1
        return (self._number - 1).to_bytes(4)


def _pixels(samples: Samples) -> Iterator[bytes]:
    """Yield the data of the chunks of pixels of an image."""
    deflater = _deflater(samples)
    yield from deflater.add(samples)
    yield from deflater.rest()


def _deflater(like: Samples) -> Deflater:
    _, width, channels = like.shape
    return Deflater(width * channels * like.itemsize)
