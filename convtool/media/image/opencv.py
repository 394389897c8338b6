"""16-bit colour images by OpenCV, which Pillow would reduce to 8 bits; channels in OpenCV's order.

OpenCV takes 0.2 s to import, so this happens when it is used.
"""

from types import ModuleType

import numpy as np

from convtool.media.image.samples import Samples

DAMAGED = "it is damaged, or of a kind that is not supported"
# Channels in OpenCV's order, blue first, of grey with alpha, RGB and RGBA samples.
ORDERS = {2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}


def decode(data: bytes) -> Samples:
    """Return an image in the depth that it has. Shape: (H, W, 3 or 4), blue first

    Raises:
        ValueError: it is damaged.
    """
    cv2 = _opencv()
    samples: Samples | None = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if samples is None:
        raise ValueError(DAMAGED)
    return samples


def encode(
    suffix: str,
    samples: Samples,
    *,
    profile: bytes | None = None,
    exif: bytes | None = None,
    compression: int | None = None,
) -> bytes:
    """Return an encoded image.

    Args:
        suffix: of the format.
        samples: (H, W, 2 to 4), red first, alpha last.
        profile: the colour profile.
        exif: the EXIF tags.
        compression: the level of a PNG, 0 to 9.
    """
    cv2 = _opencv()
    kinds, values = [], []
    for kind, value in ((cv2.IMAGE_METADATA_ICCP, profile), (cv2.IMAGE_METADATA_EXIF, exif)):
        if value:
            kinds.append(kind)
            values.append(np.frombuffer(value, np.uint8))
    options = [] if compression is None else [cv2.IMWRITE_PNG_COMPRESSION, compression]
    image = np.ascontiguousarray(samples[..., ORDERS[samples.shape[2]]])
    _, data = cv2.imencodeWithMetadata(suffix, image, kinds, values, options)
    encoded: bytes = data.tobytes()
    return encoded


def _opencv() -> ModuleType:
    import cv2  # noqa: PLC0415  # see above

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    return cv2
