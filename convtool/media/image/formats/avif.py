"""AVIF, still and animated."""

from convtool.media.image.brands import brands
from convtool.media.image.format import Format


class Avif(Format):
    """AVIF: 8 bits, lossy, with transparency, metadata and frames."""

    name = "AVIF"
    suffixes = (".avif", ".avifs")
    alpha = True
    frames = True
    timed = True
    quality = True
    holds = frozenset({"icc", "exif"})
    copies = 12

    def matches(self, start: bytes) -> bool:
        """Return True for files of the brands of AVIF images and sequences."""
        return not {b"avif", b"avis"}.isdisjoint(brands(start))


FORMAT = Avif()
