"""Video as numbers: arrays of NumPy of shape (D, H, W) or (D, H, W, C), C being 1 or 3.

They are packed without loss into a video in memory, which is read as any other. They state no rate.
"""

import math
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import IO, Any, BinaryIO

import av
import numpy as np
from numpy.typing import NDArray

from convtool.errors import ReadError
from convtool.limits import refuse_larger
from convtool.media.inputs import spool
from convtool.media.npy_file import NpyFile
from convtool.media.policies import Notes, finite
from convtool.options.reading import VideoReading

RATE = 25  # frames per second
MOST = 65535  # the largest sample of 16 bits
CODEC, CONTAINER = "ffv1", "matroska"
# How frames are given, and how they are packed, by bytes per sample and channels.
FORMATS = {
    (1, 1): ("gray", "gray"),
    (1, 3): ("rgb24", "bgr0"),
    (2, 1): ("gray16le", "gray16le"),
    (2, 3): ("gbrp16le", "gbrp16le"),
}
TYPES = "uint8, uint16 and floats from 0 to 1"
Samples = NDArray[Any]


def as_video(file: BinaryIO, name: str, reading: VideoReading, notes: Notes) -> IO[bytes]:
    """Return the bytes of a video with the frames of an array.

    Args:
        file: of NumPy, seekable.
        name: of the file, for messages.
        reading: its limits.
        notes: where conversions are noted.

    Raises:
        ReadError: the array is no video, or is truncated.
        LimitError: it takes too much memory.
    """
    try:
        frames = _Frames(file, name, reading)
        packed = _packed(frames)
    except ValueError as exc:
        raise ReadError(f"{name}: {exc}") from exc
    notes.note(f"no rate is stated: read at {RATE} frames per second")
    if frames.dtype.kind == "f":
        notes.note(f"{frames.dtype} samples read as 16-bit")
    return packed


class _Frames:
    """The frames of an array, read one by one.

    Raises:
        ValueError: the array is no video.
    """

    def __init__(self, file: BinaryIO, name: str, reading: VideoReading) -> None:
        self._array, self._name, self._reading = NpyFile(file), name, reading
        self.dtype, shape = self._array.dtype, self._array.shape
        if self.dtype.str[1:] not in ("u1", "u2", "f2", "f4", "f8"):
            raise ValueError(f"samples of type {self.dtype} are not supported; {TYPES} are")
        channels = shape[3] if len(shape) == 4 else 1
        if len(shape) not in (3, 4) or channels not in (1, 3) or not all(shape):
            raise ValueError(
                f"an array of shape {shape}, and (D, H, W) or (D, H, W, C) is expected, of 1 or 3 "
                "channels"
            )
        self.count, self.size, self.channels = shape[0], shape[1:3], channels
        self.given, self.packed = FORMATS[(1 if self.dtype.itemsize == 1 else 2), channels]
        held = self._array.bytes // (1 if self._array.is_fortran else self.count)
        refuse_larger(f"{name}: the array", held, reading.max_memory)

    def __iter__(self) -> Iterator[Samples]:
        shape = self._array.shape
        if self._array.is_fortran:
            yield from map(self._frame, self._array.read(0, shape, _truncated))
            return
        frame = math.prod(shape[1:])
        for index in range(self.count):
            yield self._frame(self._array.read(index * frame, shape[1:], _truncated))

    def _frame(self, samples: Samples) -> Samples:
        """Return a frame as it is given to FFmpeg."""
        if self.dtype.kind == "f":
            samples = finite(samples, self._reading, self._name)
            low, high = float(samples.min()), float(samples.max())
            if low < 0 or high > 1:
                raise ValueError(f"floats from 0 to 1 are expected, found {low:g} to {high:g}")
            samples = np.rint(samples.astype(np.float64) * MOST)
        wanted = np.uint8 if self.dtype.itemsize == 1 else np.uint16
        shape = self.size if self.channels == 1 else (*self.size, self.channels)
        return np.ascontiguousarray(samples.reshape(shape), wanted)


def _truncated() -> None:
    raise ValueError("truncated: the array ends early")


def _packed(frames: _Frames) -> IO[bytes]:
    """Return frames as a video that loses nothing."""
    held = spool()
    with ExitStack() as failed, closing(av.open(held, "w", format=CONTAINER)) as video:
        failed.callback(held.close)
        stream = video.add_stream(CODEC, rate=RATE)
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = frames.size
        stream.pix_fmt = frames.packed
        for number, samples in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(samples, frames.given)
            frame = frame.reformat(format=frames.packed)
            frame.pts = number
            video.mux(stream.encode(frame))
        video.mux(stream.encode(None))
        failed.pop_all()
    held.seek(0)
    return held
