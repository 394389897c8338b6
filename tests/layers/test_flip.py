"""`--flip` on kernels of every shape."""

import numpy as np
import pytest
import torch

from convtool import apply
from convtool.kernels.kernel import Kernel


@pytest.mark.parametrize("shape", [(2, 2, 1), (1, 1, 1), (2, 1, 3), (3, 3, 1, 1), (2, 3, 2, 2, 2)])
def test_flipped_weights_can_become_tensors(shape):
    """Weights are mirrored along spatial axes only, and torch takes them."""
    weights = np.arange(np.prod(shape), dtype=float).reshape(shape)
    kernel = Kernel("k", len(shape) - 2, weights).flipped()
    expected = torch.from_numpy(weights).flip(tuple(range(2, len(shape))))
    assert torch.equal(torch.from_numpy(kernel.weights), expected)


def test_mid_side_can_be_flipped():
    """A kernel of one tap per channel is the same flipped."""
    stereo = torch.randn(1, 2, 50)
    flipped = apply(stereo, "mid-side", flip=True)
    assert torch.equal(flipped, apply(stereo, "mid-side"))
