"""Turn stored integers into floats and back; the only place that scales, rounds and clips.

Pictures and film: 0 … 2^bits - 1 is 0…1. Floats are taken as they are.
"""

import torch
from torch import Tensor

FULL_SCALE = {torch.uint8: 2**8 - 1, torch.uint16: 2**16 - 1}


def unit(dtype: torch.dtype) -> float:
    """Return the stored number that stands for 1."""
    return FULL_SCALE.get(dtype, 1)


def to_float(stored: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the samples as floats, integers scaled to 0…1.

    Shape: any, kept; so is the memory format

    >>> to_float(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([0., 1.])
    """
    full = FULL_SCALE.get(stored.dtype)
    return stored.to(dtype) if full is None else stored.to(dtype).div_(full)


def to_stored(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Return values in 0…1 as `dtype`, rounded to the nearest level and clipped; floats as they are.

    Shape: any, kept; so is the memory format

    >>> to_stored(torch.tensor([-1.0, 0.5, 2.0]), torch.uint8)
    tensor([  0, 128, 255], dtype=torch.uint8)
    """
    full = FULL_SCALE.get(dtype)
    return values.to(dtype) if full is None else to_levels(values.mul(full), dtype)


def to_levels(numbers: Tensor, dtype: torch.dtype) -> Tensor:
    """Return numbers as levels of `dtype`, rounded and clipped; floats as they are. They may be written to.

    Shape: any, kept; so is the memory format

    >>> to_levels(torch.tensor([-1.0, 127.5, 300.0]), torch.uint8)
    tensor([  0, 128, 255], dtype=torch.uint8)
    """
    full = FULL_SCALE.get(dtype)
    if full is None:
        return numbers.to(dtype)
    if numbers.is_floating_point():  # by way of whole numbers as wide, which is five times faster than at once
        return numbers.round_().clamp_(0, full).to(torch.int16 if dtype == torch.uint8 else torch.int32).to(dtype)
    return numbers.clamp_(0, full).to(dtype)
