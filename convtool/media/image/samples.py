"""Images as arrays: headers, decoded pixels, finished frames, and the metadata beside them.

Nothing here reads or writes a file.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image

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

MAX_UINT16 = 2**16 - 1

# The colour space that the ICC header of a matching profile names, by the number of channels.
PROFILE_SPACES = {1: b"GRAY", 2: b"GRAY", 3: b"RGB ", 4: b"RGB "}


@dataclass
class Metadata:
    """What is kept of an image beside its pixels.

    Attributes:
        icc: the colour profile.
        exif: all tags but the orientation; None where there are none or they are damaged.
        dpi: resolution, horizontal and vertical.
        loop: how often an animation repeats, 0 for ever; None where the file does not say.
    """

    icc: bytes | None = None
    exif: Image.Exif | None = None
    dpi: tuple[float, float] | None = None
    loop: int | None = None

    def profile(self, channels: int) -> bytes | None:
        """Return the colour profile if it fits images with this many channels, alpha included."""
        if self.icc and self.icc[16:20] == PROFILE_SPACES[channels]:
            return self.icc
        return None


@dataclass(frozen=True)
class Header:
    """What is known of an image before it is decoded.

    Attributes:
        size: height and width, upright.
        grey: it has one channel; otherwise red, green and blue.
        dtype: of its samples.
        transparent: it has alpha.
    """

    size: tuple[int, int]
    grey: bool
    dtype: torch.dtype
    transparent: bool = False


@dataclass
class Pixels:
    """A decoded image.

    Attributes:
        samples: (H, W, 1 or 3) grey or RGB; uint8, uint16 or float32.
        alpha: (H, W) of the same type; None where the format states that all is opaque.
        duration: how long it is shown, in milliseconds.
    """

    samples: Samples
    alpha: Samples | None = None
    duration: float | None = None


@dataclass(frozen=True)
class Frame:
    """A finished image of an output.

    Attributes:
        samples: (H, W, 1 to 4), alpha last where there are 2 or 4 channels.
        duration: how long it is shown, in milliseconds.
    """

    samples: Samples
    duration: float | None = None

    @property
    def channels(self) -> int:
        """The number of channels, alpha included."""
        return int(self.samples.shape[2])

    @property
    def fits_pillow(self) -> bool:
        """True where Pillow has a mode for it: deep samples only in grey without alpha."""
        return self.samples.dtype == np.uint8 or self.channels == 1


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
    scaled: Samples = np.rint(samples.astype(np.float64) * MAX_UINT16 / highest)
    return scaled.clip(0, MAX_UINT16).astype(np.uint16)


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
