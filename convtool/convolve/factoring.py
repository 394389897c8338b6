"""Write a kernel as a sum of few outer products."""

import math

import numpy as np
import torch
from torch import Tensor

# One term of a kernel: a vector for each axis, their outer product being the term.
Term = tuple[Tensor, ...]


def factor(kernel: Tensor, tolerance: float) -> list[Term]:
    """Return the fewest outer products whose sum is the kernel.

    Singular vectors are taken axis by axis; whole numbers stay whole where one product is enough.

    Args:
        kernel: float64, shape (*K).
        tolerance: the most that the sum may miss, as a share of the sum of all sizes.

    >>> factor(torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]), 0)
    [(tensor([1., 2., 1.]), tensor([-1.,  0.,  1.]))]
    """
    allowed = tolerance * float(kernel.abs().sum())
    whole = _whole_product(kernel)
    if whole is not None:
        return [whole]
    if kernel.ndim == 1:
        return [(kernel,)]
    left, sizes, right = torch.linalg.svd(kernel.flatten(1), full_matrices=False)
    rest, terms = kernel.clone(), []
    for u, size, v in zip(left.T, sizes, right, strict=True):
        if float(rest.abs().sum()) <= allowed:
            break
        rest = rest - (size * torch.outer(u, v)).reshape(kernel.shape)
        root = math.sqrt(size)
        terms += [
            (u * root, *term) for term in factor((v * root).reshape(kernel.shape[1:]), tolerance)
        ]
    return terms


def _whole_product(kernel: Tensor) -> Term | None:
    """Return the vectors of whole numbers whose product the kernel is, or None."""
    if not bool((kernel == kernel.round()).all()) or not bool(kernel.any()):
        return None
    peak = [
        int(i) for i in np.unravel_index(int(kernel.abs().argmax()), kernel.shape)
    ]  # torch's own imports sympy
    vectors = []
    for axis in range(kernel.ndim):
        line = kernel[tuple(slice(None) if a == axis else p for a, p in enumerate(peak))]
        vectors.append(line / math.gcd(*map(int, line.tolist())))
    product = vectors[0]
    for vector in vectors[1:]:
        product = product[..., None] * vector
    scale = kernel[tuple(peak)] / product[tuple(peak)]
    if scale != scale.round() or not torch.equal(product * scale, kernel):
        return None
    return (vectors[0] * scale, *vectors[1:])
