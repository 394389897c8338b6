"""Say how frames are turned upright: one of eight ways, by FFmpeg's display matrix."""

from dataclasses import dataclass
from typing import Any, Self

import av
import numpy as np
from av.sidedata.sidedata import Type
from numpy.typing import NDArray

from convtool.media.video.side_data import side_data

ONE = 1 << 16  # the matrix counts in parts of it
NEAR = 0.99  # cosine of an angle that counts as a whole number of quarter turns


@dataclass(frozen=True)
class Orientation:
    """How a stored frame becomes an upright one.

    Attributes:
        transposed: rows become columns, first of all.
        mirrored: then columns are reversed.
        flipped: then rows are reversed.
        exact: False for other angles, which are taken for the nearest.
    """

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False
    exact: bool = True

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Self:
        """Return the orientation that a frame states.

        A stored point (p, q) is shown at (a p + c q, b p + d q), up to a shift.
        """
        data = side_data(frame).get(Type.DISPLAYMATRIX)
        if data is None:
            return cls()
        a, b, _, c, d = np.frombuffer(data, np.int32)[:5] / ONE
        straight, turned = abs(a) + abs(d), abs(b) + abs(c)
        scale = np.hypot(a, b) + np.hypot(c, d)
        exact = bool(max(straight, turned) >= NEAR * scale)
        if turned > straight:
            return cls(True, bool(c < 0), bool(b < 0), exact)
        return cls(False, bool(a < 0), bool(d < 0), exact)

    def apply(self, samples: NDArray[Any]) -> NDArray[Any]:
        """Return samples upright, without a copy. Shape: (H, W, C) → (H, W, C) or (W, H, C)"""
        if self.transposed:
            samples = samples.swapaxes(0, 1)
        if self.mirrored:
            samples = samples[:, ::-1]
        return samples[::-1] if self.flipped else samples
