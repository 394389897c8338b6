"""Turn Pillow's many modes into samples of grey or RGB, with or without alpha."""

import io

import numpy as np
from PIL import Image, ImageCms

from convtool.media.image.part import Samples

PLAIN = ("L", "LA", "RGB", "RGBA", "F", "I")
CONVERTED = {
    "CMYK": "CMYK",
    "LAB": "Lab",
    "P": "palette",
    "PA": "palette",
}  # what users should know of


def is_deep(image: Image.Image) -> bool:
    """Return True for a PNG or PPM with 16-bit samples in a mode of 8-bit ones. Ask before it is decoded."""
    if image.format not in ("PNG", "PPM") or image.mode not in ("RGB", "RGBA", "LA"):
        return False
    arguments = [tile.args for tile in getattr(image, "tile", ())]
    words = [word for args in arguments for word in (args if isinstance(args, tuple) else (args,))]
    return any(
        (isinstance(word, str) and ";16" in word)
        or (image.format == "PPM" and isinstance(word, int) and word > 2**8 - 1)
        for word in words
    )


def plain_mode(image: Image.Image, *, colour: bool) -> str:
    """Return the mode of what `plain` makes of a picture, as far as is known before it is decoded.

    Args:
        image: a picture of any mode.
        colour: make grey pictures RGB: frames of an animation are of one kind.
    """
    transparent = "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa")
    if image.mode in ("P", "PA") and image.palette is not None:
        transparent = transparent or image.palette.mode == "RGBA"
    if image.mode in ("L", "1", "La", "LA") and not colour:
        return "LA" if transparent else "L"
    is_plain = image.mode in PLAIN or image.mode.startswith("I;16")
    if colour or not is_plain or (image.mode == "RGB" and transparent):
        return "RGBA" if transparent else "RGB"
    return image.mode


def plain(image: Image.Image, *, colour: bool) -> Image.Image:
    """Return a decoded picture with one sample a channel.

    Args:
        image: a picture of any mode.
        colour: as `plain_mode` has it.
    """
    mode = plain_mode(image, colour=colour)
    if image.mode == "CMYK":
        return _from_cmyk(image)
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.applyTransform(image, ImageCms.buildTransform(*profiles, "LAB", "RGB"))
        assert converted is not None  # it is not done in place
        return converted
    return image if image.mode == mode else image.convert(mode)


def as_array(image: Image.Image) -> Samples:
    """Return a plain picture's samples in the machine's byte order. Shape: (H, W) or (H, W, C)

    Raises:
        ValueError: 32-bit integers that are more than 16-bit ones in disguise.
    """
    samples = np.array(image)
    if image.mode == "I":
        if samples.min() < 0 or samples.max() >= 2**16:
            raise ValueError("32-bit integer samples are not supported")
        return samples.astype(np.uint16)
    return samples.astype(samples.dtype.newbyteorder("="), copy=False)


def _from_cmyk(image: Image.Image) -> Image.Image:
    """Return a CMYK picture as sRGB, by its own profile where it has a sound one."""
    profile = image.info.pop("icc_profile", None)
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except ImageCms.PyCMSError:
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")
