"""What is kept of an image beside its pixels, and the names of its kinds.

Nothing here reads or writes a file.
"""

from collections.abc import Container
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

from convtool.media.image import xmp
from convtool.media.image.exif import Exif

# Kinds of metadata, and what messages call them. What `plays` says belongs to animations.
KINDS = {
    "icc": "colour profile",
    "exif": "EXIF tags",
    "dpi": "resolution",
    "xmp": "XMP",
    "iptc": "IPTC",
    "text": "text",
    "colour": "colour description",
    "geo": "GeoTIFF tags",
    "density": "resolution without a unit",
    "stack": "description of a stack",
    "pyramid": "reduced images",
}

# The colour space that the ICC header of a matching profile names, by channels without alpha.
PROFILE_SPACES = {1: b"GRAY", 3: b"RGB "}

SRGB_POINTS = bytes([1, 13, 0, 1])  # what cICP says of sRGB
COMMENT = "Comment"  # the keyword of a text without a keyword


@dataclass
class Metadata:
    """What is kept of an image beside its pixels, of the upright image.

    Attributes:
        icc: the colour profile.
        exif: all tags but the orientation; None where there are none or they are damaged.
        dpi: resolution, horizontal and vertical.
        xmp: the XMP packet, in UTF-8.
        iptc: the IPTC-IIM records.
        text: keywords and their texts, as PNG has them; a comment is named `Comment`.
        colour: chunks that say what samples mean, by the names that PNG gives them: `cICP`,
            `sRGB`, `gAMA`, `cHRM`, `mDCV`, `cLLI`.
        chunks: further chunks that only PNG has, and that stay true whatever a filter does.
        geo: GeoTIFF tags by their numbers: type, count, value.
        density: resolution without a unit: the shape of a pixel, or what `stack` says of it.
        stack: the description of a stack of images, as ImageJ or OME has it.
        plays: how many times an animation plays, 0 for ever; None where the file does not say.
        bits: per sample, where the file has fewer than its samples are kept in; None otherwise.
        chroma: how finely the file samples its colours, such as `4:2:0`; None where that is as
            finely as the pixels.
        lossless: the file is of a format that can be lossy, and is not.
        tile: height and width of the tiles that the file is stored in; None where it has none.
        big: its places are counted in 64 bits, as those of a BigTIFF are.
        pyramid: it holds the image in reduced sizes, too.
    """

    icc: bytes | None = None
    exif: Image.Exif | None = None
    dpi: tuple[float, float] | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    text: tuple[tuple[str, str], ...] = ()
    colour: dict[str, bytes] = field(default_factory=dict)
    chunks: dict[str, bytes] = field(default_factory=dict)
    geo: dict[int, tuple[int, int, Any]] = field(default_factory=dict)
    density: tuple[float, float] | None = None
    stack: bytes | None = None
    plays: int | None = None
    bits: int | None = None
    chroma: str | None = None
    lossless: bool = False
    tile: tuple[int, int] | None = None
    big: bool = False
    pyramid: bool = False

    def lost(self, held: Container[str]) -> list[str]:
        """Return the names of what a format drops that can hold only some kinds.

        Args:
            held: names of attributes.

        >>> Metadata(dpi=(72, 72), xmp=b"<x:xmpmeta/>").lost({"dpi"})
        ['XMP']
        """
        told = (
            {"dpi"} if "exif" in held and isinstance(self.exif, Exif) and self.exif.dpi else set()
        )
        if self.is_srgb:
            told |= {"colour"}
        lost = [
            word
            for kind, word in KINDS.items()
            if getattr(self, kind) and kind not in held and kind not in told
        ]
        if "chunks" not in held:
            lost += [f"the chunk {name}" for name in self.chunks]
        return lost

    def fitted(self, width: int, height: int) -> "Metadata":
        """Return the metadata of a result of this size."""
        exif = None if self.exif is None else Exif.of(self.exif).fitted(width, height)
        packet = self.xmp and xmp.fitted(self.xmp, width, height)
        return replace(self, exif=exif, xmp=packet)

    @property
    def is_srgb(self) -> bool:
        """True where the colour description says what every format means without one."""
        points = self.colour.get("cICP", SRGB_POINTS if "sRGB" in self.colour else b"")
        return points[:2] == SRGB_POINTS[:2] and not {"mDCV", "cLLI"} & set(self.colour)

    def profile(self, channels: int) -> bytes | None:
        """Return the colour profile if it fits images with this many channels without alpha."""
        if self.icc and self.icc[16:20] == PROFILE_SPACES.get(channels):
            return self.icc
        return None
