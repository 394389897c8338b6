"""Put clips and pictures of audio and video into a page: data URLs, and what is said about them."""

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convtool.look.clip import Clip

QUALITY = 80  # of pictures that are no data
SMALL = 64 * 64  # pixels up to which each is kept as it is, since a page enlarges them


def clip_data(clip: Clip, positions: int, unit: str) -> dict[str, Any]:
    """Return a clip as the script reads it.

    Args:
        clip: the clip.
        positions: of the whole input or result.
        unit: the word for positions: `s` for samples, which are counted in seconds, else `frames`.
    """
    said = [clip.reduced or "all samples, as they are"]
    if clip.positions < positions:
        first = f"{clip.positions / clip.rate:.0f} s" if unit == "s" else f"{clip.positions} frames"
        said.append(f"the first {first} only")
    return {
        "type": clip.type,
        "data": base64.b64encode(clip.data).decode(),
        "seconds": clip.positions / clip.rate,
        "positions": clip.positions,
        "rate": clip.rate,
        "said": ", ".join(said),
    }


def webp(levels: NDArray[np.uint8], quality: int | None = QUALITY) -> str:
    """Return a picture as the URL of its data, without loss where there is no quality.

    Shape: (H, W) or (H, W, 3)
    """
    file = io.BytesIO()
    how = {"lossless": True} if quality is None else {"quality": quality, "method": 2}
    Image.fromarray(np.ascontiguousarray(levels)).save(file, "WEBP", **how)
    return "data:image/webp;base64," + base64.b64encode(file.getvalue()).decode()


def thumbnail(levels: NDArray[np.uint8], height: int, width: int | None = None) -> str:
    """Return a picture reduced to at most so many pixels, as the URL of its data.

    Shape: (H, W, 1 or 3)
    """
    flat = levels[..., 0] if levels.shape[2] == 1 else levels
    image = Image.fromarray(np.ascontiguousarray(flat))
    image.thumbnail((width or height, height), Image.Resampling.BOX)
    small = image.width * image.height <= SMALL
    return webp(np.asarray(image), None if small else QUALITY)
