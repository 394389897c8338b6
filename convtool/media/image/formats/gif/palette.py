"""Choose the palette of an image: its own colours where they are few, and similar ones if not."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from convtool.media.image.samples import Frame, Samples

MOST = 256  # colours of a palette
PROBE = 97  # of every so many pixels, one is enough to see that there are too many colours
HALF = 128  # the alpha from which a pixel is opaque


@dataclass
class Indexed:
    """An image as indices.

    Attributes:
        indices: (H, W) uint8.
        palette: (256, 3) uint8.
        clear: the index that is transparent; None where there is none.
        exact: no colour was changed.
    """

    indices: Samples
    palette: Samples
    clear: int | None
    exact: bool


def indexed(frame: Frame) -> Indexed:
    """Return a frame of 8 bits as indices; alpha becomes all or nothing."""
    visible = frame.samples[..., -1] >= HALF if frame.transparent else None
    colours = frame.samples[..., : frame.colours]
    if frame.colours == 1 and visible is None:
        ramp = np.repeat(np.arange(MOST, dtype=np.uint8)[:, None], 3, 1)
        return Indexed(colours[..., 0], ramp, None, exact=True)
    packed = _packed(colours)
    if visible is not None:
        seen = packed[visible]
        packed = np.where(visible, packed, seen[0] if len(seen) else 0)
    most = MOST - (visible is not None)
    made = _exact(packed, most) or _similar(packed, most)
    if visible is not None:
        made.clear = MOST - 1
        made.indices = np.where(visible, made.indices, np.uint8(made.clear))
    return made


def is_soft(frame: Frame) -> bool:
    """Return True where some pixels are neither opaque nor fully transparent."""
    if not frame.transparent:
        return False
    alpha = frame.samples[..., -1]
    return bool(((alpha > 0) & (alpha < np.iinfo(alpha.dtype).max)).any())


def _packed(colours: Samples) -> Samples:
    """Return each pixel as one number. Shape: (H, W, 1 or 3) → (H, W)"""
    red, green, blue = (colours[..., channel].astype(np.uint32) for channel in (0, -2, -1))
    if colours.shape[2] == 1:
        red = green = blue
    packed: Samples = red << 16 | green << 8 | blue
    return packed


def _exact(packed: Samples, most: int) -> Indexed | None:
    if len(np.unique(packed.reshape(-1)[::PROBE])) > most:
        return None
    colours, indices = np.unique(packed, return_inverse=True)
    if len(colours) > most:
        return None
    palette = np.zeros((MOST, 3), np.uint8)
    palette[: len(colours)] = _split(colours)
    return Indexed(indices.reshape(packed.shape).astype(np.uint8), palette, None, exact=True)


def _similar(packed: Samples, most: int) -> Indexed:
    image = Image.fromarray(_split(packed)).quantize(most)
    palette = np.zeros((MOST, 3), np.uint8)
    chosen = np.array(image.getpalette(), np.uint8).reshape(-1, 3)[:most]
    palette[: len(chosen)] = chosen
    return Indexed(np.array(image), palette, None, exact=False)


def _split(packed: Samples) -> Samples:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], -1).astype(np.uint8)
