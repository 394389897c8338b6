"""Images as arrays: headers, decoded pixels, finished frames, and the metadata beside them.

Nothing here reads or writes a file.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image

from convtool.media.image import xmp
from convtool.media.image.exif import Exif

Samples = NDArray[Any]

# Tags that describe an image whatever its encoding; the rest of a TIFF's tags describe its layout.
DESCRIPTIVE_TAGS = (
    ExifTags.Base.ImageDescription,
    ExifTags.Base.Make,
    ExifTags.Base.Model,
    ExifTags.Base.Software,
    ExifTags.Base.DateTime,
    ExifTags.Base.Artist,
    ExifTags.Base.Copyright,
)

MAX_UINT8 = 2**8 - 1
MAX_UINT16 = 2**16 - 1

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
}

# The colour space that the ICC header of a matching profile names, by channels without alpha.
PROFILE_SPACES = {1: b"GRAY", 3: b"RGB "}

COMMENT = "Comment"  # the keyword of a text without a keyword

GREY = ("l",)
RGB = ("r", "g", "b")


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
        return "sRGB" in self.colour and not {"cICP", "mDCV", "cLLI"} & set(self.colour)

    def profile(self, channels: int) -> bytes | None:
        """Return the colour profile if it fits images with this many channels without alpha."""
        if self.icc and self.icc[16:20] == PROFILE_SPACES.get(channels):
            return self.icc
        return None


@dataclass(frozen=True)
class Header:
    """What is known of an image before it is decoded.

    Attributes:
        size: height and width, upright.
        channels: names of its channels without alpha: `GREY`, `RGB`, or numbers from 1.
        dtype: of its samples.
        transparent: it has alpha.
    """

    size: tuple[int, int]
    channels: tuple[str, ...]
    dtype: torch.dtype
    transparent: bool = False


@dataclass
class Pixels:
    """A decoded image.

    Attributes:
        samples: (H, W, C) grey, RGB or bands; uint8, uint16 or float32.
        alpha: (H, W) of the same type; None where the format states that all is opaque.
        duration: how long it is shown, in milliseconds; None where the file does not say.
        hidden: it is shown instead of an animation, not as one of its frames.
    """

    samples: Samples
    alpha: Samples | None = None
    duration: float | None = None
    hidden: bool = False


@dataclass(frozen=True)
class Frame:
    """A finished image of an output.

    Attributes:
        samples: (H, W, C), alpha last.
        transparent: the last channel is alpha.
        duration: how long it is shown, in milliseconds; None where nothing says.
        hidden: it is shown instead of an animation, not as one of its frames.
    """

    samples: Samples
    transparent: bool = False
    duration: float | None = None
    hidden: bool = False

    @property
    def channels(self) -> int:
        """The number of channels, alpha included."""
        return int(self.samples.shape[2])

    @property
    def colours(self) -> int:
        """The number of channels without alpha."""
        return self.channels - self.transparent

    @property
    def fits_pillow(self) -> bool:
        """True where Pillow has a mode for it: deep samples only in grey without alpha."""
        if self.samples.dtype != np.uint8:
            return self.channels == 1
        return self.colours in (1, 3)


def alike(frames: Sequence[Frame]) -> list[Frame]:
    """Return frames of the same channels and depth, those of the richest, without a loss."""
    colours = max(frame.colours for frame in frames)
    transparent = any(frame.transparent for frame in frames)
    deep = any(frame.samples.dtype == np.uint16 for frame in frames)
    return [_enriched(frame, colours, transparent=transparent, deep=deep) for frame in frames]


def _enriched(frame: Frame, colours: int, *, transparent: bool, deep: bool) -> Frame:
    samples = frame.samples
    if deep and samples.dtype == np.uint8:
        samples = samples.astype(np.uint16) * (MAX_UINT16 // MAX_UINT8)
    picture, alpha = samples[..., : frame.colours], samples[..., frame.colours :]
    if frame.colours == 1 < colours:
        picture = np.repeat(picture, colours, 2)
    if transparent and not frame.transparent:
        alpha = np.full((*samples.shape[:2], 1), np.iinfo(samples.dtype).max, samples.dtype)
    unchanged = colours == frame.colours and transparent == frame.transparent
    joined = samples if unchanged else np.concatenate([picture, alpha], 2)
    return replace(frame, samples=joined, transparent=transparent)


def descriptive(exif: Image.Exif) -> Image.Exif:
    """Return the tags that describe an image whatever its encoding."""
    kept = Image.Exif()
    kept.update({tag: exif[tag] for tag in DESCRIPTIVE_TAGS if tag in exif})
    return kept


def full_range(samples: Samples, highest: int) -> Samples:
    """Return samples of 0 to `highest` in the full range of 16 bits, rounded.

    >>> full_range(np.array([0, 512, 1023]), 1023)
    array([    0, 32800, 65535], dtype=uint16)
    """
    return _scaled(samples, MAX_UINT16, highest).clip(max=MAX_UINT16).astype(np.uint16)


def narrowed(samples: Samples, bits: int) -> Samples:
    """Return samples of the full range of 16 bits in fewer bits, rounded.

    >>> narrowed(np.array([0, 32800, 65535]), 10)
    array([   0,  512, 1023], dtype=uint16)
    """
    return _scaled(samples, 2**bits - 1, MAX_UINT16).astype(np.uint16)


def _scaled(samples: Samples, numerator: int, denominator: int) -> Samples:
    """Return samples times a fraction, rounded; all in 32 bits, where no product overflows."""
    scaled: Samples = samples.astype(np.uint32)
    scaled *= np.uint32(numerator)
    scaled += np.uint32(denominator // 2)
    scaled //= np.uint32(denominator)
    return scaled


def straight(samples: Samples, alpha: Samples, white: int) -> Samples:
    """Return colours that were multiplied by alpha as they were before.

    Args:
        samples: (H, W, C).
        alpha: (H, W).
        white: the number that stands for 1.
    """
    least = 1 if samples.dtype.kind == "u" else 1e-6
    divided: Samples = samples * (white / np.maximum(alpha, least))[..., None]
    if samples.dtype.kind == "f":
        return divided.astype(np.float32)
    whole: Samples = np.rint(divided.clip(0, white)).astype(samples.dtype)
    return whole
