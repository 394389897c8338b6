"""Turn FFmpeg's frames into samples, red, green and blue or grey, and back; choose how outputs store them."""

from dataclasses import dataclass
from typing import Any

import av
import numpy as np
import torch
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from convtool.levels import UINT8, Levels

Samples = NDArray[Any]

# Chroma is repeated on the way in and averaged on the way out, so that what is not filtered comes back as it was.
# These are swscale's fast ways, too: rounded exactly, a 1080p frame takes 6 ms in instead of 0.5, 4 out instead of 3.
REPEAT, AVERAGE = Interpolation.BILINEAR, Interpolation.AREA
DEPTHS = (8, 10, 12, 14, 16)
QUARTER_TURN = 90
FULL = 2  # the range 0…255, by FFmpeg's number
# swscale's matrices (FFmpeg's libswscale/swscale.h) by the colour spaces that frames name; others are as 601
MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
UNKNOWN_MATRIX = 5


@dataclass(frozen=True)
class Colours:
    """What a film's numbers mean, by FFmpeg's numbers: it is kept, and converted by.

    Attributes:
        space: the matrix of luma and chroma.
        range: 1 for 16…235, 2 for 0…255, 0 where nobody says.
        primaries: the colours of red, green, blue and white.
        transfer: the curve.
    """

    space: int = 2
    range: int = 0
    primaries: int = 2
    transfer: int = 2


@dataclass(frozen=True)
class Packed:
    """How samples of a depth lie in memory: FFmpeg's format, channels, levels."""

    format: str
    channels: int
    levels: Levels


def packed(depth: int, channels: int) -> Packed:
    """Return how samples of `depth` bits are held.

    >>> packed(8, 3).format, packed(10, 3).format, packed(10, 1).levels.scale
    ('rgb24', 'gbrp10le', 1023)
    """
    if depth == 8:
        return Packed("gray" if channels == 1 else "rgb24", channels, UINT8)
    held = next(own for own in DEPTHS if own >= depth)
    levels = Levels(torch.uint16, 2**held - 1)
    return Packed(f"{'gray' if channels == 1 else 'gbrp'}{held}le", channels, levels)


def depth_of(format: av.VideoFormat) -> int:
    """Return the bits of a sample in FFmpeg's format."""
    return 8 if format.has_palette else max(part.bits for part in format.components)


def channels_of(format: av.VideoFormat) -> int:
    """Return 1 for grey, 3 for colour."""
    return 1 if format.name.startswith(("gray", "ya", "mono")) else 3


def has_alpha(format: str) -> bool:
    """Return True for FFmpeg's formats that have transparency.

    >>> has_alpha("yuva420p"), has_alpha("bgra"), has_alpha("gray"), has_alpha("yuv420p")
    (True, True, False, False)
    """
    return format.startswith(("yuva", "gbra", "ya", "ayuv", "rgba", "bgra", "argb", "abgr"))


class Unpacker:
    """Turns decoded frames into samples, upright.

    Args:
        packed: how the samples shall lie.
        colours: what the frames' numbers mean.
        rotation: by how many degrees they must be turned, counter-clockwise.
    """

    def __init__(self, packed: Packed, colours: Colours, rotation: int) -> None:
        self._packed, self._rotation = packed, rotation
        self._matrix = MATRICES.get(colours.space, UNKNOWN_MATRIX)
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> Samples:
        """Return a frame's samples. Shape: (H, W, C)"""
        if frame.format.name != self._packed.format:
            frame = self._reformatter.reformat(
                frame, format=self._packed.format, src_colorspace=self._matrix, interpolation=REPEAT,
                dst_color_range=ColorRange.JPEG, threads=1,
            )  # fmt: skip
        samples = frame.to_ndarray()
        samples = samples.reshape(*samples.shape[:2], self._packed.channels)
        return np.rot90(samples, self._rotation // QUARTER_TURN) if self._rotation else samples


class Packer:
    """Turns samples into frames as an encoder takes them.

    Args:
        packed: how the samples lie.
        format: the encoder's format.
        colours: what the frames' numbers shall mean.
    """

    def __init__(self, packed: Packed, format: str, colours: Colours) -> None:
        self._packed, self._format, self._colours = packed, format, colours
        self._matrix = MATRICES.get(colours.space, UNKNOWN_MATRIX)
        self._range = ColorRange.JPEG if colours.range == ColorRange.JPEG else ColorRange.MPEG
        self._reformatter = VideoReformatter()

    def __call__(self, samples: Samples) -> av.VideoFrame:
        """Return a frame. Shape: (H, W, C)"""
        if self._packed.channels == 1:
            samples = samples[..., 0]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(samples), self._packed.format)
        if self._format == self._packed.format:
            return frame
        target = av.VideoFormat(self._format)
        plain = target.is_rgb or channels_of(target) == 1
        return self._reformatter.reformat(
            frame, format=self._format, dst_colorspace=self._matrix, interpolation=AVERAGE,
            src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.JPEG if plain else self._range, threads=1,
        )  # fmt: skip
