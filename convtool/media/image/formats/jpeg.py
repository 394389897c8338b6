"""Decode plain JPEG by libjpeg-turbo alone, which takes a third of the time that it takes inside Pillow."""

from typing import BinaryIO

import simplejpeg

from convtool.media.image.part import Samples

MODES = {
    "L": "GRAY",
    "RGB": "RGB",
}  # Pillow's names and simplejpeg's; CMYK has profiles, which Pillow knows


def decode(file: BinaryIO, mode: str) -> Samples | None:
    """Return the samples as Pillow would, or None for a file with the least thing wrong: Pillow knows what to say.

    Args:
        file: all bytes of the picture.
        mode: what Pillow calls its kind, one of `MODES`.

    Shape: (H, W, 1 or 3) uint8
    """
    file.seek(0)
    try:
        samples: Samples = simplejpeg.decode_jpeg(
            file.read(), MODES[mode], fastdct=False, fastupsample=False
        )
    except ValueError:
        return None
    finally:
        file.seek(0)
    return samples
