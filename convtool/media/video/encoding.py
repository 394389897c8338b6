"""The one decision about an output: how it is stored, what it takes, and what is lost."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av

from convtool.errors import WriteError
from convtool.levels import Levels
from convtool.limits import VIDEO_ENCODED_FRAMES
from convtool.media.contract import Tile, Wanted
from convtool.media.video.frames import FramesEncoder
from convtool.media.video.header import Header
from convtool.media.video.pixels import depth_of
from convtool.media.video.storage import Storage, storage
from convtool.media.video.write import VideoEncoder


@dataclass(frozen=True)
class VideoEncoding(Storage):
    """How a video is stored, and the encoders for it.

    Attributes:
        memory: an estimate of the bytes that one output holds while it is made.
        notes: what the output cannot carry.
    """

    memory: int
    notes: tuple[str, ...]

    @property
    def levels(self) -> Levels:
        """How samples of the result are stored."""
        return self.packed.levels

    def open(self, place: BinaryIO | Path, tiles: Sequence[Tile]) -> VideoEncoder | FramesEncoder:
        """Begin an output: a video in a file, or images in a folder."""
        if isinstance(place, Path):
            return FramesEncoder(place, self, tiles)
        return VideoEncoder(place, self, tiles)


def encoding_of(header: Header, wanted: Wanted) -> VideoEncoding:
    """Return how the result of a video is stored.

    Args:
        header: of the input.
        wanted: what is wanted of the output.

    Raises:
        UsageError: an option does not fit the codec.
        WriteError: the format cannot hold what is wanted.
    """
    if wanted.raw:
        raise WriteError("--normalize none writes raw floats, which no video can hold")
    stored = storage(header, wanted)
    channels = sum(len(tile.channels) for tile in wanted.tiles)
    sample = stored.packed.levels.dtype.itemsize
    frame = math.prod(wanted.size[1:]) * channels * sample
    return VideoEncoding(
        **vars(stored),
        memory=VIDEO_ENCODED_FRAMES * frame,
        notes=_notes(header, stored),
    )


def _notes(header: Header, stored: Storage) -> tuple[str, ...]:
    before = depth_of(av.VideoFormat(header.format))
    after = depth_of(av.VideoFormat(stored.pixel_format))
    if after >= before:
        return ()
    return (f"{before}-bit samples stored as {after}-bit by {stored.codec.encoder}",)
