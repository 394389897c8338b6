"""What generators share: the type of weights, and the limit of their number."""

import numpy as np
from numpy.typing import NDArray

from convtool.kernels.bounds import MAX_WEIGHTS

Weights = NDArray[np.float64]


def refuse_more(count: int) -> None:
    """Check the number of weights, before they are made.

    Raises:
        ValueError: they are too many.
    """
    if count > MAX_WEIGHTS:
        raise ValueError(f"{count} weights, more than the limit of {MAX_WEIGHTS}")
