"""Convert frames by matrices that swscale does not have: planes of G, B and R, and YCgCo."""

from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter
from numpy.typing import NDArray

from convtool.media.video.accepted import GBR, UNSPECIFIED

Planes = NDArray[np.floating]

BLACK, LUMA, CHROMA = 16, 219, 224  # of 8 bits in limited range: black, and the two spans
FULL_SPAN = 255


def colours_of_planes(frame: av.VideoFrame) -> NDArray[Any]:
    """Return the red, green and blue planes of a frame as they are. Shape: (H, W, 3)

    swscale leaves a part of the last row out where it drops the transparency of such frames.
    """
    green, blue, red = (_rows(plane, frame.format) for plane in frame.planes[:3])
    return np.stack([red, green, blue], axis=2)


def _rows(plane: Any, format: av.VideoFormat) -> NDArray[Any]:
    """Return the numbers of a plane. Shape: (H, W)"""
    width = format.components[0].bits
    dtype = np.dtype(np.uint8 if width == 8 else ">u2" if format.is_big_endian else "<u2")
    rows = np.frombuffer(plane, dtype).reshape(plane.height, -1)[:, : plane.width]
    return rows.astype(dtype.newbyteorder("="), copy=False)


class PlaneReader:
    """Turns frames of YUV into red, green and blue.

    Args:
        matrix: GBR or YCGCO.
        depth: bits per sample.
        full: the range is full, not 16…235.

    Source: ITU-T H.273, equations 17 to 30 and 39 to 46.
    """

    def __init__(self, matrix: int, depth: int, *, full: bool) -> None:
        self._matrix, self._depth, self._full = matrix, depth, full
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> Planes:
        """Return a frame's samples, 0 to 1. Shape: (H, W, 3)"""
        format = "yuv444p" if self._depth == 8 else f"yuv444p{self._depth}le"
        if frame.format.name.replace("yuvj", "yuv") != format:
            frame = self._full_chroma(frame, format)
        planes = (_rows(plane, frame.format) / self._unit for plane in frame.planes)
        first, second, third = planes
        if self._matrix == GBR:
            red, green, blue = self._luma(third), self._luma(first), self._luma(second)
        else:
            luma, green_chroma, orange = (
                self._luma(first),
                self._chroma(second),
                self._chroma(third),
            )
            rest = luma - green_chroma
            red, green, blue = rest + orange, luma + green_chroma, rest - orange
        return np.stack([red, green, blue], axis=2).clip(0, 1)

    def _full_chroma(self, frame: av.VideoFrame, format: str) -> av.VideoFrame:
        """Return a frame with its chroma repeated, its numbers as they are."""
        space, frame.colorspace = frame.colorspace, UNSPECIFIED  # swscale refuses YCgCo by name
        full = self._reformatter.reformat(
            frame,
            format=format,
            src_color_range=frame.color_range,
            dst_color_range=frame.color_range,
            interpolation=Interpolation.POINT,
            threads=1,
        )
        frame.colorspace = space
        return full

    @property
    def _unit(self) -> float:
        """The numbers per level of 8 bits."""
        return (2**self._depth - 1) / FULL_SPAN if self._full else 2.0 ** (self._depth - 8)

    def _luma(self, plane: Planes) -> Planes:
        return (plane - (0 if self._full else BLACK)) / (FULL_SPAN if self._full else LUMA)

    def _chroma(self, plane: Planes) -> Planes:
        middle = (1 << (self._depth - 1)) / self._unit
        return (plane - middle) / (FULL_SPAN if self._full else CHROMA)
