"""Write GIF: each frame with a palette of its own."""

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import BinaryIO

from convtool.media.image.canvas import Region, changed
from convtool.media.image.formats.gif.blocks import LOOPS, PROFILE, XMP
from convtool.media.image.formats.gif.palette import MOST, indexed
from convtool.media.image.formats.gif.pixels import encode, sub_blocks
from convtool.media.image.metadata import COMMENT, Metadata
from convtool.media.image.samples import Frame
from convtool.media.image.timing import CENTISECONDS

KEEP, CLEAR = 1, 2  # disposal methods
EIGHT_BITS = 7  # of a palette of 256 colours, and of its samples
LARGEST = 2**16 - 1
# What lies behind an XMP packet: whichever byte is taken for a length leads to the end.
XMP_TRAILER = bytes([1, *range(255, -1, -1), 0])


def save(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata) -> None:
    """Write finished images.

    A frame with transparency is drawn whole on an empty screen, and shows nothing of the one
    before it. Of other frames, only what differs is drawn.

    Args:
        file: where the bytes go.
        frames: of 8 bits, alike, and of one size.
        metadata: the input's.
    """
    height, width = frames[0].samples.shape[:2]
    if max(height, width) > LARGEST:
        raise ValueError(f"{width}×{height} pixels, and GIF holds up to {LARGEST} each way")
    file.write(b"GIF89a" + struct.pack("<HHBBB", width, height, EIGHT_BITS << 4, 0, 0))
    _write_metadata(file, frames, metadata)
    disposal = CLEAR if frames[0].transparent else KEEP
    delays = CENTISECONDS.ticks([frame.duration for frame in frames])
    for frame, region, delay in zip(frames, regions(frames), delays, strict=True):
        _write_frame(file, part_of(frame, region), region, delay, disposal)
    file.write(b";")


def regions(frames: Sequence[Frame]) -> Iterator[Region]:
    """Yield the region of each frame that is drawn: all of it where there is transparency."""
    height, width = frames[0].samples.shape[:2]
    yield (whole := Region(0, 0, width, height))
    for before, frame in pairwise(frames):
        yield whole if frame.transparent else changed(before.samples, frame.samples)


def part_of(frame: Frame, region: Region) -> Frame:
    """Return a region of a frame."""
    return Frame(frame.samples[region.slices], frame.transparent)


def _write_metadata(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata) -> None:
    if len(frames) > 1 and metadata.plays != 1:
        again = min(metadata.plays - 1, LARGEST) if metadata.plays else 0
        _write_application(file, LOOPS[0], sub_blocks(struct.pack("<BH", 1, again)))
    profile = metadata.profile(frames[0].colours)
    if profile:
        _write_application(file, PROFILE, sub_blocks(profile))
    if metadata.xmp:
        _write_application(file, XMP, metadata.xmp + XMP_TRAILER)
    for keyword, words in metadata.text:
        if keyword == COMMENT:
            file.write(b"!\xfe" + sub_blocks(words.encode()))


def _write_application(file: BinaryIO, name: bytes, data: bytes) -> None:
    file.write(b"!\xff" + bytes([len(name)]) + name + data)


def _write_frame(file: BinaryIO, frame: Frame, region: Region, delay: int, disposal: int) -> None:
    made = indexed(frame)
    clear = made.clear is not None
    flags = disposal << 2 | clear
    file.write(b"!\xf9\4" + struct.pack("<BHBB", flags, delay, made.clear or 0, 0))
    file.write(b"," + struct.pack("<HHHH", region.left, region.top, region.width, region.height))
    file.write(bytes([0x80 | EIGHT_BITS]))
    assert made.palette.shape == (MOST, 3)
    file.write(made.palette.tobytes())
    file.write(encode(made.indices))
