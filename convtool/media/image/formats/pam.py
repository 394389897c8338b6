"""PAM, Netpbm's format of any number of channels."""

from collections.abc import Sequence
from typing import BinaryIO

import torch

from convtool.media.image.format import Row
from convtool.media.image.formats.ppm import WHITES, Netpbm, big_endian, comments, white
from convtool.media.image.formats.ppm.header import PAM
from convtool.media.image.metadata import Metadata
from convtool.media.image.samples import Frame

TYPES = {1: "GRAYSCALE", 3: "RGB"}


class Pam(Netpbm):
    """PAM: 8 and 16 bits, with transparency, and images of any number of channels."""

    name = "PAM"
    suffixes = (".pam",)
    signatures = (PAM,)
    dtypes = (torch.uint8, torch.uint16)
    alpha = True
    banded = True
    reads = (
        Row("GRAYSCALE, BLACKANDWHITE, with ALPHA or without", WHITES, "grey"),
        Row("RGB, with ALPHA or without", WHITES, "RGB"),
        Row("no tuple type, or another", WHITES, "grey, RGB or bands"),
    )

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write a finished image."""
        del quality  # it is lossless
        (frame,) = frames
        height, width, depth = frame.samples.shape
        kind = TYPES.get(frame.colours, "")
        named = f"TUPLTYPE {kind}{'_ALPHA' * frame.transparent}\n" if kind else ""
        file.write(
            f"P7\n{comments(metadata)}WIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\n"
            f"MAXVAL {white(frame.samples)}\n{named}ENDHDR\n".encode()
        )
        file.write(big_endian(frame.samples))


FORMAT = Pam()
