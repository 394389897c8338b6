"""Fill transparent pixels with the colours that are visible around them.

A filter sees neighbours; the colours of fully transparent pixels are arbitrary, mostly black, and
would darken every edge of a cut-out. Alpha itself is not filtered here.
"""

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own habit
from torch import Tensor


def bleed(colour: Tensor, alpha: Tensor) -> Tensor:
    """Return `colour` where it is opaque, and the mean of the nearest visible colours elsewhere.

    The push-pull pyramid: each level halves the image, weighting colours by alpha, and fills the
    gaps of the finer level from the coarser.

    Args:
        colour: floats.
        alpha: floats in 0…1.

    Shape: (1, C, H, W), (1, 1, H, W) → (1, C, H, W)

    Source: Gortler, Grzeszczuk, Szeliski & Cohen, The Lumigraph (1996), section 3.5
    """
    height, width = colour.shape[2:]
    if height * width == 1 or bool((alpha == 1).all()):
        return colour
    weight = F.avg_pool2d(alpha, 2, ceil_mode=True)
    total = F.avg_pool2d(colour * alpha, 2, ceil_mode=True)
    mean = total / torch.where(weight > 0, weight, 1.0)
    coarse = bleed(mean, (weight * 4).clamp(max=1))
    around = F.interpolate(coarse, scale_factor=2, mode="nearest")[:, :, :height, :width]
    return torch.lerp(around, colour, alpha)
