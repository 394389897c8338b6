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

Samples = NDArray[Any]

# Chroma is repeated on the way in and averaged on the way out, so that unfiltered samples come
# back as they were. These are swscale's fast paths, too: exact rounding takes 6 ms instead of 0.5
# to read a 1080p frame, and 4 ms instead of 3 to write it.
REPEAT = Interpolation.BILINEAR
AVERAGE = Interpolation.AREA
DEPTHS = (8, 10, 12, 14, 16)
QUARTER_TURN = 90
RGB, BT709, SMPTE170M = 0, 1, 6  # FFmpeg's numbers of colour spaces
LIMITED, FULL = 1, 2  # FFmpeg's numbers of the ranges 16…235 and 0…255
# swscale's matrices (FFmpeg's libswscale/swscale.h) by the colour spaces that frames name
MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
UNKNOWN_MATRIX = 5  # BT.601


@dataclass(frozen=True)
class Colours:
    """What the numbers of a video mean, by FFmpeg's numbers: converted by, and kept in the output.

    Attributes:
        space: the matrix of luma and chroma.
        range: 1 for 16…235, 2 for 0…255, 0 where it is not stated.
        primaries: the colours of red, green, blue and white.
        transfer: the transfer curve.
    """

    space: int = 2
    range: int = 0
    primaries: int = 2
    transfer: int = 2


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
    """Return the bits per sample of a pixel format."""
    return 8 if format.has_palette else max(part.bits for part in format.components)


def channels_of(format: av.VideoFormat) -> int:
    """Return 1 for grey, 3 for colour."""
    return 1 if format.name.startswith(("gray", "ya", "mono")) else 3


def has_alpha(format: str) -> bool:
    """Return True for pixel formats with transparency.

    >>> has_alpha("yuva420p"), has_alpha("bgra"), has_alpha("gray"), has_alpha("yuv420p")
    (True, True, False, False)
    """
    return format.startswith(("yuva", "gbra", "ya", "ayuv", "rgba", "bgra", "argb", "abgr"))


class Unpacker:
    """Turns decoded frames into samples, upright.

    Args:
        packed: how the samples lie.
        colours: what the frames' numbers mean.
        rotation: degrees by which frames are turned, counter-clockwise.
    """

    def __init__(self, packed: Packed, colours: Colours, rotation: int) -> None:
        self._packed, self._rotation = packed, rotation
        self._matrix = MATRICES.get(colours.space, UNKNOWN_MATRIX)
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> Samples:
        """Return a frame's samples. Shape: (H, W, C)"""
        if frame.format.name != self._packed.format:
            frame = self._reformatter.reformat(
                frame,
                format=self._packed.format,
                src_colorspace=self._matrix,
                interpolation=REPEAT,
                dst_color_range=ColorRange.JPEG,
                threads=1,
            )
        samples = frame.to_ndarray()
        samples = samples.reshape(*samples.shape[:2], self._packed.channels)
        if self._rotation:
            return np.rot90(samples, self._rotation // QUARTER_TURN)
        return samples


class Packer:
    """Turns samples into frames of an encoder's pixel format.

    Args:
        packed: how the samples lie.
        format: the pixel format.
        colours: what the frames' numbers mean.
    """

    def __init__(self, packed: Packed, format: str, colours: Colours) -> None:
        self._packed, self._format = packed, format
        self._matrix = MATRICES.get(colours.space, UNKNOWN_MATRIX)
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
        return self._reformatter.reformat(
            frame,
            format=self._format,
            dst_colorspace=self._matrix,
            interpolation=AVERAGE,
            src_color_range=ColorRange.JPEG,
            dst_color_range=self._range,
            threads=1,
        )
