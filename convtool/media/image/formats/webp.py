"""WebP, still and animated."""

from convtool.media.image.format import Format


class WebP(Format):
    """WebP: 8 bits, lossy, with transparency, metadata and frames."""

    name = "WEBP"
    suffixes = (".webp",)
    alpha = True
    frames = True
    timed = True
    repeats = True
    quality = True
    holds = frozenset({"icc", "exif"})
    copies = 7

    def matches(self, start: bytes) -> bool:
        """Return True for RIFF files of the kind WEBP."""
        return start.startswith(b"RIFF") and start[8:12] == b"WEBP"


FORMAT = WebP()
