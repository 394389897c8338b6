"""Turn Pillow's many modes into samples of grey or RGB, with or without alpha."""

import io

import numpy as np
from PIL import Image, ImageCms

from convtool.media.image.pages import Samples

PLAIN = ("L", "LA", "RGB", "RGBA", "F", "I")


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


def plain(image: Image.Image, *, colour: bool) -> tuple[Image.Image, str | None]:
    """Return a picture with one sample a channel, and what a user should know of the conversion.

    Args:
        image: a decoded picture of any mode.
        colour: make grey pictures RGB: frames of an animation are of one kind.
    """
    transparent = "transparency" in image.info or image.mode in ("LA", "PA", "RGBA", "La", "RGBa")
    if image.mode == "CMYK":
        return _from_cmyk(image), "CMYK converted to RGB"
    if image.mode == "LAB":
        profiles = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        converted = ImageCms.applyTransform(image, ImageCms.buildTransform(*profiles, "LAB", "RGB"))
        assert converted is not None  # it is not done in place
        return converted, "Lab converted to RGB"
    if image.mode in ("P", "PA"):
        transparent = transparent or (image.palette is not None and image.palette.mode == "RGBA")
        return image.convert("RGBA" if transparent else "RGB"), "palette converted to RGB"
    if image.mode in ("L", "1", "La", "LA") and not colour:
        return image.convert("LA" if transparent else "L"), None
    if colour or not (image.mode in PLAIN or image.mode.startswith("I;16")) or (image.mode == "RGB" and transparent):
        return image.convert("RGBA" if transparent else "RGB"), None
    return image, None


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
            converted = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except ImageCms.PyCMSError:
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGB")
