"""What generators share."""

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]

MAX_WEIGHTS = 2**20


def refuse_more(count: int) -> None:
    if count > MAX_WEIGHTS:
        raise ValueError(f"{count} weights, more than the {MAX_WEIGHTS} that are allowed")
