"""Turn the colour models of TIFF into sRGB: palettes, CMYK, Lab and YCbCr."""

from collections.abc import Callable, Sequence

import imagecodecs
import numpy as np

from convtool.media.image.formats.tiff.directory import Directory
from convtool.media.image.formats.tiff.layout import Layout
from convtool.media.image.formats.tiff.tags import JPEG, Photometric, Tag
from convtool.media.image.samples import Samples

PIXELS = 2**20  # that are converted at once, as floats
BYTE, WORD = 255, 65535

EDGE, SLOPE = 6 / 29, 3 * (6 / 29) ** 2  # of Lab (CIE 15)
D50 = (0.3457, 0.3585)  # the white point of Lab where the file states none, as in ICC profiles
D65 = (0.3127, 0.3290)  # of sRGB
BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
# Linear sRGB to XYZ (IEC 61966-2-1).
RGB_TO_XYZ = np.array(
    [
        [0.4123908, 0.3575843, 0.1804808],
        [0.2126390, 0.7151687, 0.0721923],
        [0.0193308, 0.1191948, 0.9505322],
    ]
)
LUMA = (0.299, 0.587, 0.114)  # of ITU-R BT.601, where the file states no others


def highest(samples: Samples) -> float:
    """Return the number that stands for 1."""
    return 1.0 if samples.dtype.kind == "f" else float(np.iinfo(samples.dtype).max)


def in_rows(samples: Samples, convert: Callable[[Samples], Samples]) -> Samples:
    """Return samples converted some rows at a time, as floats of 0…1, in the type they had.

    Shape: (H, W, C) → (H, W, 3)
    """
    height, width = samples.shape[:2]
    result = np.empty((height, width, 3), samples.dtype)
    step, white = max(1, PIXELS // width), highest(samples)
    for row in range(0, height, step):
        rgb = convert(samples[row : row + step]).clip(0, 1)
        if samples.dtype.kind == "u":
            rgb = np.rint(rgb * white)
        result[row : row + step] = rgb
    return result


def palette(samples: Samples, colours: Samples) -> Samples:
    """Return the colours of indices. Shape: (H, W, 1), (N, 3) → (H, W, 3)"""
    return colours[samples[..., 0]]


def colour_map(directory: Directory, bits: int) -> Samples:
    """Return the colours of a palette, in 8 bits where they need no more.

    Shape: (2 ** bits, 3)

    Raises:
        ValueError: it is incomplete.
    """
    values = np.array(directory.values(Tag.COLOUR_MAP), np.uint16)
    if len(values) != 3 << bits:
        raise ValueError(f"a palette of {len(values) // 3} colours, {1 << bits} expected")
    colours = np.ascontiguousarray(values.reshape(3, -1).T)
    if colours.max() <= BYTE:
        return colours.astype(np.uint8)  # as libtiff has it: some programs write bytes
    high = colours >> 8
    if np.isin(colours - high * 256, (0, 255)).all() or (colours == high * 257).all():
        return high.astype(np.uint8)
    return colours


def cmyk(samples: Samples, profile: bytes) -> Samples:
    """Return sRGB of inks, by their own profile where that is valid.

    Shape: (H, W, 4) → (H, W, 3)
    """
    if profile[16:20] == b"CMYK":
        try:
            return _by_profile(samples, profile)
        except imagecodecs.CmsError:
            pass  # a damaged profile: the plain formula is what is left
    white = highest(samples)
    return in_rows(samples, lambda inks: _without_profile(inks.astype(float) / white))


def _without_profile(inks: Samples) -> Samples:
    rgb: Samples = (1 - inks[..., :3]) * (1 - inks[..., 3:4])
    return rgb


def _by_profile(samples: Samples, profile: bytes) -> Samples:
    target = imagecodecs.cms_profile("srgb")
    is_float = samples.dtype.kind == "f"

    def convert(inks: Samples) -> Samples:
        given = np.ascontiguousarray(inks * np.float32(100) if is_float else inks)
        rgb: Samples = imagecodecs.cms_transform(
            given, profile, target, colorspace="cmyk", outcolorspace="rgb"
        )
        return rgb / highest(samples)

    return in_rows(samples, convert)


def lab(samples: Samples, photometric: Photometric, directory: Directory) -> Samples:
    """Return sRGB of Lab. Shape: (H, W, 3) → (H, W, 3)

    Source: TIFF 6.0, section 23, and Adobe's technical notes of 1995 and 2002
    """
    white = (*directory.values(Tag.WHITE_POINT), 0, 0)[:2]
    white = white if min(white) > 0 else D50
    return in_rows(samples, lambda part: _rgb_of(_lab(part, photometric), white))


def _lab(samples: Samples, photometric: Photometric) -> Samples:
    """Return L of 0…100, a and b."""
    if samples.dtype.kind == "f":
        return samples.astype(float)
    white, middle = int(highest(samples)), (int(highest(samples)) + 1) // 2
    whole = 1 if white == BYTE else 256
    values = samples.astype(float)
    if photometric == Photometric.ICC_LAB:
        values[..., 1:] -= middle
        white = white if white == BYTE else 0xFF00
    else:
        values[..., 1:] -= np.where(values[..., 1:] >= middle, white + 1, 0)
    values[..., 0] *= 100 / white
    values[..., 1:] /= whole
    return values


def _rgb_of(values: Samples, white: Sequence[float]) -> Samples:
    """Return sRGB of 0…1, adapted from a white point by Bradford's method."""
    y = (values[..., 0] + 16) / 116
    f = np.stack([y + values[..., 1] / 500, y, y - values[..., 2] / 200], -1)
    relative = np.where(f > EDGE, f**3, SLOPE * (f - 4 / 29))
    given, wanted = _xyz(white), _xyz(D65)
    gains = (BRADFORD @ wanted) / (BRADFORD @ given)
    adapted = np.linalg.inv(BRADFORD) @ (gains[:, None] * BRADFORD) * given
    linear = (relative @ (np.linalg.inv(RGB_TO_XYZ) @ adapted).T).clip(0, 1)
    rgb: Samples = np.where(
        linear <= 0.0031308,  # IEC 61966-2-1
        12.92 * linear,
        1.055 * linear ** (1 / 2.4) - 0.055,
    )
    return rgb


def _xyz(white: Sequence[float]) -> Samples:
    x, y = white
    return np.array([x / y, 1, (1 - x - y) / y])


def ycbcr(samples: Samples, layout: Layout, directory: Directory) -> Samples:
    """Return RGB of YCbCr, which JPEG's decoder has done already. Shape: (H, W, 3) → (H, W, 3)

    Source: TIFF 6.0, sections 20 and 21
    """
    if layout.compression in JPEG and not layout.planar:
        return samples
    white = highest(samples)
    middle = (white + 1) / 2
    red, green, blue = directory.values(Tag.COEFFICIENTS) or LUMA
    default = (0, white, middle, white, middle, white)
    low, high = np.array(directory.values(Tag.BLACK_WHITE) or default).reshape(3, 2).T
    if min(green, *(high - low)) <= 0:
        raise ValueError("coefficients of YCbCr that are not usable")
    scale = np.array([1, middle - 1, middle - 1]) / np.array([1, white, white]) / (high - low)

    def convert(part: Samples) -> Samples:
        y, cb, cr = np.moveaxis((part - low) * scale, -1, 0)
        r = cr * (2 - 2 * red) + y
        b = cb * (2 - 2 * blue) + y
        return np.stack([r, (y - blue * b - red * r) / green, b], -1)

    return in_rows(samples, convert)
