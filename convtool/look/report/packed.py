"""Put tensors and pictures into JSON: samples as they are stored, and pictures as JPEG.

It knows nothing of layers.
"""

import base64
import io
import zlib
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from convtool.levels import Levels

QUALITY = 82  # of pictures that are no data


def packed(tensor: Tensor) -> dict[str, Any]:
    """Return a tensor as its type, its shape, and its bytes: little-endian, deflated, in base64.

    >>> packed(torch.tensor([[1, 2]], dtype=torch.uint8))["shape"]
    [1, 2]
    """
    array = np.ascontiguousarray(tensor.detach().cpu().numpy())
    little = array.astype(array.dtype.newbyteorder("<"), copy=False)
    data = base64.b64encode(zlib.compress(little.tobytes(), 6)).decode()
    return {"type": array.dtype.name, "shape": list(array.shape), "data": data}


def bytes_of(samples: Tensor, levels: Levels, shown: tuple[float, float]) -> NDArray[np.uint8]:
    """Return samples as bytes: the ends of a range are black and white.

    Args:
        samples: in units of stored samples.
        levels: how they are stored.
        shown: the range, where 1 is 1.

    Shape: any, kept
    """
    low, high = shown
    times = 255 / (levels.scale * max(high - low, 1e-30))
    numbers = samples.float().mul(times).sub_(255 * low / max(high - low, 1e-30))
    return numbers.round_().clamp_(0, 255).to(torch.uint8).numpy()


def picture(samples: NDArray[np.uint8], limit: int) -> str:
    """Return a picture in grey or colour as the URL of its data.

    Args:
        samples: its samples.
        limit: the most pixels per axis.

    Shape: (1, H, W) or (3, H, W)
    """
    array = samples[0] if len(samples) == 1 else np.moveaxis(samples, 0, 2)
    image = Image.fromarray(np.ascontiguousarray(array))
    image.thumbnail((limit, limit), Image.Resampling.BOX)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
