"""Write PNG and animated PNG."""

import math
import struct
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import BinaryIO

import numpy as np

from convtool.media.image.canvas import Region, changed
from convtool.media.image.formats.png.animation import CONTROL
from convtool.media.image.formats.png.chunks import AROUND, SIGNATURE, write
from convtool.media.image.formats.png.layout import layout_of
from convtool.media.image.formats.png.metadata import write_before_pixels
from convtool.media.image.metadata import Metadata
from convtool.media.image.samples import Frame, Samples, alike
from convtool.media.image.timing import seconds

LEAST_SIZE = 4096  # bytes of a file, at most, of an image without pixels
LEVEL = 1  # level 6, the usual one, takes four times as long for files 5 % smaller
LARGEST = 2**16 - 1  # seconds, or parts of one, that a frame can be shown
HEADER = slice(len(SIGNATURE) + 8, len(SIGNATURE) + 8 + 13)  # of an encoded image


def save(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, exif: bytes) -> None:
    """Write finished images.

    Args:
        file: where the bytes go.
        frames: one; or several, of one size, which are shown after each other.
        metadata: the input's.
        exif: the encoded EXIF tags.
    """
    first, *others = alike(frames)
    still = _encoded(first.samples)
    layout = layout_of(still[HEADER])
    file.write(SIGNATURE)
    write(file, "IHDR", layout.header(layout.width, layout.height))
    write_before_pixels(file, metadata, exif, first.colours)
    if others:
        _Animation(file, metadata).write(first, others, still)
    else:
        _write_pixels(file, still)
    write(file, "IEND")


class _Animation:
    """The chunks of an animation, which are numbered throughout.

    Args:
        file: takes the chunks.
        metadata: says how many times the animation plays.
    """

    def __init__(self, file: BinaryIO, metadata: Metadata) -> None:
        self._file, self._plays = file, metadata.plays or 0
        self._number = 0

    def write(self, first: Frame, others: Sequence[Frame], still: bytes) -> None:
        """Write all frames; of each one after the first, what differs from the one before."""
        shown = len(others) + (not first.hidden)
        write(self._file, "acTL", struct.pack(">II", shown, self._plays))
        height, width = first.samples.shape[:2]
        screen = Region(0, 0, width, height)
        if not first.hidden:
            self._control(first, screen)
        _write_pixels(self._file, still)
        before = None if first.hidden else first.samples
        for frame in others:
            region = screen if before is None else changed(before, frame.samples)
            self._control(frame, region)
            for data in _pixels(_encoded(frame.samples[region.slices])):
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


def _encoded(samples: Samples) -> bytes:
    """Return an image as a file of its own, without metadata."""
    from imagecodecs import png_encode  # noqa: PLC0415  # takes 10 ms; only PNG needs it

    grey = samples.shape[2] == 1
    plane = np.ascontiguousarray(samples[..., 0] if grey else samples)
    filtered = plane.nbytes + len(plane)  # a byte per row says how it is filtered
    most = filtered + filtered // 100 + LEAST_SIZE  # blocks that do not compress, and chunks
    return bytes(png_encode(plane, level=LEVEL, out=most))


def _write_pixels(file: BinaryIO, encoded: bytes) -> None:
    for data in _pixels(encoded):
        write(file, "IDAT", data)


def _pixels(encoded: bytes) -> Iterator[memoryview]:
    """Yield the data of the chunks of pixels of an encoded image."""
    place, view = len(SIGNATURE), memoryview(encoded)
    while place < len(encoded):
        length = int.from_bytes(view[place : place + 4])
        if encoded[place + 4 : place + 8] == b"IDAT":
            yield view[place + 8 : place + 8 + length]
        place += AROUND + length
