"""Read 16-bit colour PNG and PPM, which Pillow would cut to 8 bits."""

import io
from typing import BinaryIO

import numpy as np
from PIL import Image

from convtool.media.image.part import Picture

FULL = 2**16 - 1


def decode(file: BinaryIO, image: Image.Image, *, whole: bool) -> Picture:
    """Return the page in 16 bits, as it lies in the file.

    Args:
        file: all bytes of the picture.
        image: what Pillow knows of it.
        whole: check that the file is not cut, about which OpenCV is silent.

    Raises:
        ValueError: it is damaged, or of a kind that is not supported.
    """
    file.seek(0)
    data = file.read()
    return (
        _decode_ppm(data, image) if image.format == "PPM" else _decode_png(data, image, whole=whole)
    )


def _decode_png(data: bytes, image: Image.Image, *, whole: bool) -> Picture:
    import cv2  # noqa: PLC0415  # PPM has no need of it

    if whole:
        Image.open(io.BytesIO(data), formats=["PNG"]).verify()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    samples = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None:
        raise ValueError("it is damaged, or of a kind that is not supported")
    channels = [0] if image.mode == "LA" else [2, 1, 0]
    alpha = np.ascontiguousarray(samples[..., 3]) if samples.shape[2] == 4 else None
    return Picture(np.ascontiguousarray(samples[..., channels]), alpha)


def _decode_ppm(data: bytes, image: Image.Image) -> Picture:
    """Return binary 16-bit samples, big-endian by the format, scaled from their own maximum to the full range."""
    magic, (tile,) = data[:2], getattr(image, "tile", (None,))
    if magic != b"P6" or tile is None:
        raise ValueError("a text PPM of more than 8 bits is not supported")
    _, most = tile.args
    width, height = image.size
    if len(data) < tile.offset + width * height * 6:
        raise ValueError("the file is truncated")
    samples = np.frombuffer(data, ">u2", width * height * 3, tile.offset).reshape(height, width, 3)
    scaled = samples.astype(np.float64) * FULL / most
    return Picture(np.rint(scaled).clip(0, FULL).astype(np.uint16))
