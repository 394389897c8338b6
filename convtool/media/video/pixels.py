"""Turn FFmpeg's frames into samples, red, green and blue or grey, and samples into frames.

It must not decide how an output is stored.
"""

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import torch
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from convtool.levels import UINT8, Levels
from convtool.media.video.accepted import GBR, KINDS, MATRICES, UNSPECIFIED, matrix_of
from convtool.media.video.orientation import Orientation
from convtool.media.video.planes import PlaneReader, colours_of_planes

Samples = NDArray[Any]

# Chroma of 8 bits is repeated on the way in and averaged on the way out, so that unfiltered samples
# come back as they were; that of higher depths is interpolated, as by FFmpeg. These are swscale's
# fast paths, too: exact rounding takes 6 ms instead of 0.5 to read a 1080p frame, and 4 ms instead
# of 3 to write it.
REPEAT = Interpolation.BILINEAR
AVERAGE = Interpolation.AREA
DEPTHS = (8, 10, 12, 14, 16)
ANY = 5  # swscale's number of a matrix where none is used
LIMITED, FULL = 1, 2  # FFmpeg's numbers of the ranges 16…235 and 0…255

# FFmpeg's numbers of primaries and transfer curves beyond those of usual displays
WIDE = {9: "BT.2020", 11: "DCI-P3", 12: "Display P3"}
BRIGHT = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True)
class Colours:
    """What the numbers of a video mean, by FFmpeg's numbers: converted by, and kept in the output.

    Attributes:
        space: the matrix of luma and chroma.
        range: 1 for 16…235, 2 for 0…255, 0 where it is not stated.
        primaries: the colours of red, green, blue and white.
        transfer: the transfer curve.
    """

    space: int = UNSPECIFIED
    range: int = 0
    primaries: int = 2
    transfer: int = 2

    def matrix(self, height: int, width: int) -> int:
        """Return the matrix of frames of a size, by its key in MATRICES."""
        matrix = matrix_of(self.space, self.primaries, height, width)
        assert matrix is not None
        return matrix


@dataclass(frozen=True)
class Packed:
    """How samples of a depth lie in memory.

    Attributes:
        format: FFmpeg's pixel format.
        channels: 1 or 3.
        levels: how the samples are stored.
    """

    format: str
    channels: int
    levels: Levels


def packed(depth: int, channels: int) -> Packed:
    """Return how samples of `depth` bits lie in memory.

    >>> packed(8, 3).format, packed(10, 3).format, packed(10, 1).levels.scale
    ('rgb24', 'gbrp10le', 1023)
    """
    if depth == 8:
        return Packed("gray" if channels == 1 else "rgb24", channels, UINT8)
    held = next(own for own in DEPTHS if own >= depth)
    levels = Levels(torch.uint16, 2**held - 1)
    return Packed(f"{'gray' if channels == 1 else 'gbrp'}{held}le", channels, levels)


def depth_of(format: av.VideoFormat) -> int:
    """Return the bits per sample of a pixel format, at least 8."""
    return 8 if format.has_palette else max(8, *(part.bits for part in format.components))


def channels_of(format: av.VideoFormat) -> int:
    """Return 1 for grey, 3 for colour."""
    return 1 if format.name.startswith(("gray", "ya", "mono")) else 3


def has_alpha(format: str) -> bool:
    """Return True for pixel formats with transparency.

    >>> has_alpha("yuva420p"), has_alpha("bgra"), has_alpha("gray"), has_alpha("yuv420p")
    (True, True, False, False)
    """
    return format.startswith(("yuva", "gbra", "ya", "ayuv", "rgba", "bgra", "argb", "abgr"))


def colours_of(frame: av.VideoFrame) -> Colours:
    """Return what a frame's numbers mean; the name of an old JPEG format states their range."""
    full = frame.format.name.startswith("yuvj")
    # only 4:4:4 can be GBR; the number is forbidden in MPEG-2, whose encoders write it all the same
    kind = KINDS.get(frame.format.name, "")
    halved = kind.startswith("YUV") and kind != "YUV 4:4:4"
    return Colours(
        UNSPECIFIED if frame.colorspace == GBR and halved else frame.colorspace,
        FULL if full else frame.color_range,
        frame.color_primaries,
        frame.color_trc,
    )


class Unpacker:
    """Turns decoded frames into samples, upright.

    Args:
        packed: how the samples lie.
        orientation: how frames are turned.
    """

    def __init__(self, packed: Packed, orientation: Orientation) -> None:
        self._packed, self._orientation = packed, orientation
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> Samples:
        """Return a frame's samples. Shape: (H, W, C)"""
        return self._orientation.apply(self._samples(frame))

    def _samples(self, frame: av.VideoFrame) -> Samples:
        matrix = colours_of(frame).matrix(frame.height, frame.width)
        swscale = MATRICES[matrix].swscale
        if swscale is None and KINDS[frame.format.name].startswith("YUV"):
            return self._by_planes(frame, matrix)
        if frame.format.name.startswith("gbrap") and self._packed.levels != UINT8:
            return colours_of_planes(frame)
        if frame.format.name != self._packed.format:
            frame = self._reformatter.reformat(
                frame,
                format=self._packed.format,
                src_colorspace=swscale or ANY,
                interpolation=REPEAT,
                dst_color_range=ColorRange.JPEG,
                threads=1,
            )
        samples = frame.to_ndarray()
        return samples.reshape(*samples.shape[:2], self._packed.channels)

    def _by_planes(self, frame: av.VideoFrame, matrix: int) -> Samples:
        """Return the samples of a frame whose matrix swscale does not have."""
        levels, full = self._packed.levels, colours_of(frame).range == FULL
        read = PlaneReader(matrix, depth_of(frame.format), full=full)
        dtype = np.uint8 if levels.scale == UINT8.scale else np.uint16
        return np.rint(read(frame) * levels.scale).astype(dtype)


class Packer:
    """Turns samples into frames of an encoder's pixel format.

    Args:
        packed: how the samples lie.
        format: the pixel format.
        colours: what the frames' numbers mean.
    """

    def __init__(self, packed: Packed, format: str, colours: Colours) -> None:
        self._packed, self._format = packed, format
        self._colours = colours
        target = av.VideoFormat(format)
        full = target.is_rgb or channels_of(target) == 1 or colours.range == FULL
        self._range = ColorRange.JPEG if full else ColorRange.MPEG
        self._reformatter = VideoReformatter()

    def __call__(self, samples: Samples) -> av.VideoFrame:
        """Return a frame. Shape: (H, W, C)"""
        if self._packed.channels == 1:
            samples = samples[..., 0]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(samples), self._packed.format)
        if self._format == self._packed.format:
            return frame
        matrix = MATRICES[self._colours.matrix(frame.height, frame.width)]
        return self._reformatter.reformat(
            frame,
            format=self._format,
            dst_colorspace=matrix.swscale or ANY,
            interpolation=AVERAGE,
            src_color_range=ColorRange.JPEG,
            dst_color_range=self._range,
            threads=1,
        )
