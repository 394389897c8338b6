"""Turn Pillow's many modes into grey or RGB samples, with or without alpha."""

import io

import numpy as np
from PIL import Image, ImageCms

from convtool.media.image.samples import MAX_UINT16, Pixels, Samples

PLAIN = ("L", "LA", "RGB", "RGBA", "F", "I")
# Modes whose conversion changes values or loses something, and what messages call them.
CONVERTED = {"CMYK": "CMYK", "P": "palette", "PA": "palette"}


def plain_mode(image: Image.Image, *, colour: bool) -> str:
    """Return the mode of the result of `plain`, as far as it is known before decoding.

    Args:
        image: an image of any mode.
        colour: make grey images RGB, because all frames of an animation must be alike.
    """
    transparent = _is_transparent(image)
    if image.mode in ("L", "1", "La", "LA") and not colour:
        return "LA" if transparent else "L"
    is_plain = image.mode in PLAIN or image.mode.startswith("I;16")
    if colour or not is_plain or (image.mode == "RGB" and transparent):
        return "RGBA" if transparent else "RGB"
    return image.mode


def _is_transparent(image: Image.Image) -> bool:
    if "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa"):
        return True
    palette = image.palette if image.mode in ("P", "PA") else None
    return palette is not None and palette.mode == "RGBA"


def plain(image: Image.Image, *, colour: bool) -> Image.Image:
    """Return a decoded image with one sample per channel.

    Args:
        image: an image of any mode.
        colour: as in `plain_mode`.
    """
    mode = plain_mode(image, colour=colour)
    if image.mode == "CMYK":
        return _from_cmyk(image)
    return image if image.mode == mode else image.convert(mode)


def as_pixels(image: Image.Image) -> Pixels:
    """Return the samples and the alpha of a plain image.

    Raises:
        ValueError: its samples are 32-bit integers that do not fit 16 bits.
    """
    samples = _as_array(image)
    if samples.ndim == 2:
        return Pixels(samples[..., None], _alpha_of_level(samples, image))
    if samples.shape[2] in (2, 4):
        colours, alpha = samples[..., :-1], samples[..., -1]
        return Pixels(np.ascontiguousarray(colours), np.ascontiguousarray(alpha))
    return Pixels(samples)


def _as_array(image: Image.Image) -> Samples:
    """Return samples in the machine's byte order. Shape: (H, W) or (H, W, C)"""
    samples = np.array(image)
    if image.mode == "I":
        if samples.min() < 0 or samples.max() > MAX_UINT16:
            raise ValueError("32-bit integer samples are not supported")
        return samples.astype(np.uint16)
    return samples.astype(samples.dtype.newbyteorder("="), copy=False)


def _alpha_of_level(grey: Samples, image: Image.Image) -> Samples | None:
    """Return alpha where one grey level of a 16-bit image is declared transparent."""
    level = image.info.get("transparency")
    if grey.dtype != np.uint16 or not isinstance(level, int):
        return None
    return np.where(grey == level, 0, MAX_UINT16).astype(np.uint16)


def _from_cmyk(image: Image.Image) -> Image.Image:
    """Return a CMYK image as sRGB, by its own profile where that is valid."""
    profile = image.info.pop("icc_profile", None)
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except ImageCms.PyCMSError:
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")
