"""Write numbers as they stand in lines of Python: in as few digits as give them again."""

from collections.abc import Sequence

import torch
from torch import Tensor


def listed(tensor: Tensor | Sequence[float]) -> str:
    """Return numbers as nested lists, in as few digits as give the same float32 again.

    >>> listed(torch.tensor([[1, 0.1]]))
    '[[1, 0.1]]'
    """
    values = tensor.tolist() if isinstance(tensor, Tensor) else tensor
    if isinstance(values, float):
        return short(values)
    return (
        f"[{', '.join(listed(each) if isinstance(each, list) else short(each) for each in values)}]"
    )


def short(value: float) -> str:
    """Return a number in as few digits as tell it from other numbers of float32."""
    for digits in range(1, 18):
        text = f"{value:.{digits}g}"
        if torch.tensor(float(text)) == torch.tensor(value):
            return text
    return repr(value)
