"""Turn stored integers into floats and back; the only place that scales, rounds and clips.

Images and video: 0 … 2^bits - 1 is 0…1. Audio: -2^(bits-1) … 2^(bits-1) - 1 is -1…1. Each level of
every integer type survives the way to floats and back. Floats are taken as they are.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

LEAST_WEIGHT = 1e-6  # of a transparent sample where samples are weighted by their opacity
WHOLE_FLOAT = 2**24  # float32 holds whole numbers up to here


@dataclass(frozen=True)
class Levels:
    """The stored numbers of samples.

    Attributes:
        dtype: the type of a sample.
        scale: the stored number that stands for 1.
        signed: samples lie on both sides of zero.
    """

    dtype: torch.dtype
    scale: int = 1
    signed: bool = False

    @property
    def floats(self) -> bool:
        """True where samples are floats, which have no levels and are never clipped."""
        return self.dtype.is_floating_point

    @property
    def low(self) -> int:
        """The lowest level, or what -1 or 0 is as a float."""
        return -self.scale if self.signed else 0

    @property
    def high(self) -> int:
        """The highest level, or 1 as a float."""
        return self.scale - 1 if self.signed and not self.floats else self.scale

    def __str__(self) -> str:
        """Name the type, and the bits where not all are used."""
        name = str(self.dtype).removeprefix("torch.")
        if self.floats or self == of(self.dtype):
            return name
        return f"{name}, {self.scale.bit_length()} bits"

    @property
    def wide(self) -> bool:
        """True where samples have more digits than float32."""
        return self.dtype == torch.float64 or self.scale > WHOLE_FLOAT


UINT8, UINT16 = Levels(torch.uint8, 2**8 - 1), Levels(torch.uint16, 2**16 - 1)
USUAL = {
    levels.dtype: levels
    for levels in (
        UINT8,
        UINT16,
        Levels(torch.int16, 2**15, signed=True),
        Levels(torch.int32, 2**31, signed=True),
    )
}


def of(dtype: torch.dtype) -> Levels:
    """Return the usual levels of tensors of a type.

    >>> of(torch.uint8).scale, of(torch.int16).low, of(torch.float32).scale
    (255, -32768, 1)
    """
    return USUAL.get(dtype, Levels(dtype))


def to_float(stored: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return the samples as floats, integers scaled by their type's usual levels.

    Shape: any, kept; so is the memory format

    >>> to_float(torch.tensor([0, 255], dtype=torch.uint8))
    tensor([0., 1.])
    """
    levels = of(stored.dtype)
    return stored.to(dtype) if levels.floats else stored.to(dtype).div_(levels.scale)


def to_stored(values: Tensor, dtype: torch.dtype) -> Tensor:
    """Return values as `dtype`, rounded to its nearest usual level and clipped; floats unchanged.

    Shape: any, kept; so is the memory format

    >>> to_stored(torch.tensor([-1.0, 0.5, 2.0]), torch.uint8)
    tensor([  0, 128, 255], dtype=torch.uint8)
    """
    levels = of(dtype)
    return values.to(dtype) if levels.floats else to_levels(values.mul(levels.scale), levels)


def to_levels(numbers: Tensor, levels: Levels) -> Tensor:
    """Return numbers in units of `levels`, rounded and clipped; floats unchanged.

    The numbers may be written to.

    Shape: any, kept; so is the memory format

    >>> to_levels(torch.tensor([-1.0, 127.5, 300.0]), UINT8)
    tensor([  0, 128, 255], dtype=torch.uint8)
    """
    dtype = levels.dtype
    if levels.floats:
        return numbers.to(dtype)
    if not numbers.is_floating_point():
        return numbers.clamp_(levels.low, levels.high).to(dtype)
    if levels.wide:
        numbers = numbers.double()  # float32 has no highest level
    numbers = numbers.round_().clamp_(levels.low, levels.high)
    if (
        not levels.signed
    ):  # by way of whole numbers as wide, which is five times faster than at once
        numbers = numbers.to(torch.int16 if dtype == torch.uint8 else torch.int32)
    return numbers.to(dtype)


def beyond(numbers: Tensor, levels: Levels) -> int:
    """Return the count of numbers in units of `levels` outside -1…1, or 0…1 where unsigned.

    Unsigned numbers that are rounded to the ends are within.

    >>> beyond(torch.tensor([-40000.0, 0, 32768]), of(torch.int16))
    1
    >>> beyond(torch.tensor([-1.0, -0.4, 255.4]), UINT8)
    1
    """
    margin = 0 if levels.signed else 0.5
    lowest, highest = levels.low - margin, levels.scale + margin
    low, high = torch.aminmax(numbers)
    if low >= lowest and high <= highest:
        return 0
    return int(((numbers < lowest) | (numbers > highest)).sum())
