"""Choose the palette of an image: its own colours where they are few, and similar ones if not."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from convtool.media.image.samples import Frame, Samples

MOST = 256  # colours of a palette
ALL = 2**24  # colours that there are
PROBE = 97  # of every so many pixels, one is enough to see that there are too many colours
HALF = 128  # the alpha from which a pixel is opaque


@dataclass
class Indexed:
    """An image as indices.

    Attributes:
        indices: (H, W) uint8.
        palette: (256, 3) uint8.
        clear: the index that is transparent; None where there is none.
    """

    indices: Samples
    palette: Samples
    clear: int | None


def indexed(frame: Frame) -> Indexed:
    """Return a frame of 8 bits as indices; alpha becomes all or nothing."""
    visible = frame.samples[..., -1] >= HALF if frame.transparent else None
    colours = frame.samples[..., : frame.colours]
    if frame.colours == 1 and visible is None:
        ramp = np.repeat(np.arange(MOST, dtype=np.uint8)[:, None], 3, 1)
        return Indexed(colours[..., 0], ramp, None)
    packed, most = _visible(frame)
    chosen = _chosen(packed, most)
    made = _similar(packed, most) if chosen is None else _exact(packed, chosen)
    if visible is not None:
        made.clear = MOST - 1
        made.indices = np.where(visible, made.indices, np.uint8(made.clear))
    return made


def is_colourful(frame: Frame) -> bool:
    """Return True where a palette has not room for all colours of a frame."""
    return _chosen(*_visible(frame)) is None


def is_soft(frame: Frame) -> bool:
    """Return True where some pixels are neither opaque nor fully transparent."""
    if not frame.transparent:
        return False
    alpha = frame.samples[..., -1]
    return bool(((alpha > 0) & (alpha < np.iinfo(alpha.dtype).max)).any())


def _visible(frame: Frame) -> tuple[Samples, int]:
    """Return pixels as numbers, invisible ones like others, and how many colours they can have."""
    colours = frame.samples[..., : frame.colours]
    packed: Samples = colours[..., 0].astype(np.uint32)
    for channel in (-2, -1):
        packed <<= 8
        packed |= colours[..., max(channel, -frame.colours)]
    if not frame.transparent:
        return packed, MOST
    visible = frame.samples[..., -1] >= HALF
    seen = packed[visible]
    return np.where(visible, packed, seen[0] if len(seen) else 0), MOST - 1


def _chosen(packed: Samples, most: int) -> Samples | None:
    """Return the colours of an image; None where there are more than `most`."""
    if len(np.unique(packed.reshape(-1)[::PROBE])) > most:
        return None
    found = np.zeros(ALL, bool)  # ten times as fast as sorting the pixels of a photo
    found[packed] = True
    colours = np.flatnonzero(found)
    return colours if len(colours) <= most else None


def _exact(packed: Samples, colours: Samples) -> Indexed:
    numbers = np.zeros(ALL, np.uint8)
    numbers[colours] = np.arange(len(colours))
    palette = np.zeros((MOST, 3), np.uint8)
    palette[: len(colours)] = _split(colours)
    return Indexed(numbers[packed], palette, None)


def _similar(packed: Samples, most: int) -> Indexed:
    image = Image.fromarray(_split(packed)).quantize(most)
    palette = np.zeros((MOST, 3), np.uint8)
    chosen = np.array(image.getpalette(), np.uint8).reshape(-1, 3)[:most]
    palette[: len(chosen)] = chosen
    return Indexed(np.array(image), palette, None)


def _split(packed: Samples) -> Samples:
    return np.stack([packed >> 16, packed >> 8 & 255, packed & 255], -1).astype(np.uint8)
