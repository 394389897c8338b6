"""Write a kernel as a sum of few outer products, by singular vectors, axis by axis."""

import math

import numpy as np
import torch
from torch import Tensor

# A term of a kernel: one vector per axis, whose outer product it is.
Term = tuple[Tensor, ...]
# The terms of the kernels of a bank, by output and input.
BankTerms = list[list[list[Term]]]


def factor_bank(weight: Tensor, dtype: torch.dtype) -> BankTerms:
    """Return the outer products of each kernel of a bank, exact within the rounding of a type.

    Shape: (O, I, *K)
    """
    tolerance = max(torch.finfo(dtype).eps / 2, 1e-15)

    def factor_all(kernels: Tensor) -> list[list[Term]]:
        return [factor(kernel, tolerance) for kernel in kernels]

    return [factor_all(kernels) for kernels in weight]


def factor(kernel: Tensor, tolerance: float) -> list[Term]:
    """Return the fewest outer products whose sum is the kernel.

    Whole numbers stay whole where one product is enough.

    Args:
        kernel: float64, shape (*K).
        tolerance: the largest error of the sum, as a share of the sum of all absolute weights.

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
    rest = kernel.clone()
    terms: list[Term] = []
    for u, size, v in zip(left.T, sizes, right, strict=True):
        if float(rest.abs().sum()) <= allowed:
            break
        rest = rest - (size * torch.outer(u, v)).reshape(kernel.shape)
        root = math.sqrt(size)
        remaining = (v * root).reshape(kernel.shape[1:])
        terms += [(u * root, *term) for term in factor(remaining, tolerance)]
    return terms


def _whole_product(kernel: Tensor) -> Term | None:
    """Return the vectors of whole numbers whose product the kernel is, or None."""
    if not bool((kernel == kernel.round()).all()) or not bool(kernel.any()):
        return None
    place = np.unravel_index(int(kernel.abs().argmax()), kernel.shape)  # torch's imports sympy
    peak = [int(index) for index in place]
    vectors = []
    for axis in range(kernel.ndim):
        index = tuple(slice(None) if a == axis else p for a, p in enumerate(peak))
        vector = kernel[index]
        vectors.append(vector / math.gcd(*map(int, vector.tolist())))
    product = vectors[0]
    for vector in vectors[1:]:
        product = product[..., None] * vector
    scale = kernel[tuple(peak)] / product[tuple(peak)]
    if scale != scale.round() or not torch.equal(product * scale, kernel):
        return None
    return (vectors[0] * scale, *vectors[1:])
