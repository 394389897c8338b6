"""What AVIF and HEIC have in common: depths, kinds of metadata, sampling and meaning of colours."""

from collections.abc import Iterable

import torch

from convtool.media.image.format import FULL_CHROMA, Format
from convtool.media.image.metadata import Metadata

SRGB = (1, 13)  # primaries and transfer function (ITU-T H.273)
MATRICES = {9: 9, 12: 12}  # the usual matrix of primaries; of all others BT.601's
BT601 = 6
DEEPEST = 12


class HeifFormat(Format):
    """A format of 8, 10 and 12 bits, lossy, with transparency and described colours."""

    dtypes: tuple[torch.dtype, ...] = (torch.uint8, torch.uint16)
    alpha = True
    quality = True
    holds = frozenset({"icc", "exif", "xmp", "colour"})

    def bits(self, dtype: torch.dtype, metadata: Metadata) -> int:
        """Return how many bits samples of a type have: as many as the input's, at most 12."""
        if dtype == torch.uint8:
            return 8
        return min(metadata.bits or DEEPEST, DEEPEST)

    def losses(self, metadata: Metadata) -> Iterable[str]:
        """Yield what is lost: parts of the colour description that only PNG has."""
        yield from super().losses(metadata)
        lost = sorted({"gAMA", "cHRM"} & set(metadata.colour))
        if lost and not metadata.is_srgb:
            names = " and ".join(lost)
            yield f"colour description ({names}) dropped, which {self.name} cannot hold"


def points(metadata: Metadata) -> tuple[int, int]:
    """Return the code points of primaries and transfer function."""
    described = metadata.colour.get("cICP")
    return (described[0], described[1]) if described else SRGB


def matrix(primaries: int) -> int:
    """Return the code point of the matrix by which colours of these primaries are stored."""
    return MATRICES.get(primaries, BT601)


def chroma(metadata: Metadata, quality: int, usual: str) -> str:
    """Return how finely colours are sampled: as in the input, and fully at high quality.

    Args:
        metadata: the input's.
        quality: 1 to 100.
        usual: the sampling where the input does not say.
    """
    return "4:4:4" if quality >= FULL_CHROMA else metadata.chroma or usual
