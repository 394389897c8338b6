"""Choose the type of the sums: the smallest one in which sums of whole numbers are exact."""

import math

import torch

from convtool.convolve.problem import Input
from convtool.levels import WHOLE_FLOAT

INT16_MAX = 2**15 - 1
# float32 sums of fractions stay within ± 0.3 of a whole number up to here, and can be rounded to it
ROUNDED_MAX = 2**18


def exact_dtype(largest: float, *, integers: bool = False, rounded: bool = False) -> torch.dtype:
    """Return the smallest type in which whole results are exact, float32 for others.

    Args:
        largest: a bound on the size of the results; infinity where they are not whole numbers.
        integers: whether the algorithm can compute in integers.
        rounded: whether its sums are whole numbers only after rounding.

    >>> exact_dtype(2040, integers=True), exact_dtype(2040), exact_dtype(2**20, rounded=True)
    (torch.int16, torch.float32, torch.float64)
    """
    if math.isinf(largest):
        return torch.float32
    if integers and largest <= INT16_MAX:
        return torch.int16
    limit = ROUNDED_MAX if rounded else WHOLE_FLOAT
    return torch.float32 if largest < limit else torch.float64


def is_half(dtype: torch.dtype) -> bool:
    """Return whether a float type has fewer digits than float32."""
    return dtype.itemsize < torch.float32.itemsize


def working_dtype(exact: torch.dtype, input: Input) -> torch.dtype:
    """Return the type of the sums: the exact one, unless the caller asked for other than float32.

    Args:
        exact: the type that `exact_dtype` returns.
        input: the request.
    """
    asked = is_half(input.dtype) or input.dtype == torch.float64
    dtype = input.dtype if asked else exact
    if input.device == "mps" and dtype == torch.float64:
        return torch.float32  # the largest that it has
    return dtype
