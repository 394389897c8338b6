"""PFM, Netpbm's format of floats."""

from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import torch

from convtool.media.image.format import Row
from convtool.media.image.formats.ppm import Netpbm
from convtool.media.image.formats.ppm.header import FLOATS
from convtool.media.image.metadata import Metadata
from convtool.media.image.samples import Frame


class Pfm(Netpbm):
    """PFM: floats, in grey or RGB, without anything beside them."""

    name = "PFM"
    suffixes = (".pfm",)
    signatures = FLOATS
    dtypes = (torch.float32,)
    holds = frozenset()
    reads = (Row("floats", "32 bits, both byte orders", "grey or RGB"),)

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write a finished image, its lowest row first."""
        del quality, metadata  # it is lossless, and its header has no room for comments
        (frame,) = frames
        height, width = frame.samples.shape[:2]
        magic = "PF" if frame.channels == 3 else "Pf"
        file.write(f"{magic}\n{width} {height}\n-1.0\n".encode())
        file.write(np.ascontiguousarray(frame.samples[::-1]).astype("<f4", copy=False).tobytes())


FORMAT = Pfm()
