"""PAM, Netpbm's format of any number of channels."""

import torch

from convtool.media.image.format import Row
from convtool.media.image.formats.ppm import WHITES, Netpbm, comments, white
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

    def head(self, like: Frame, metadata: Metadata) -> str:
        """Return the header of a file."""
        height, width, depth = like.samples.shape
        kind = TYPES.get(like.colours, "")
        named = f"TUPLTYPE {kind}{'_ALPHA' * like.transparent}\n" if kind else ""
        return (
            f"P7\n{comments(metadata)}WIDTH {width}\nHEIGHT {height}\nDEPTH {depth}\n"
            f"MAXVAL {white(like.samples)}\n{named}ENDHDR\n"
        )


FORMAT = Pam()
