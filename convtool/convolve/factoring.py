"""Write a kernel as a sum of few outer products, by singular vectors, axis by axis."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

# A term of a kernel: one vector per axis, whose outer product it is.
Term = tuple[Tensor, ...]
# The terms of the kernels of a bank, by output and input.
BankTerms = list[list[list[Term]]]

MAX_TERMS = 16  # per axis: with more, transforms are faster
MAX_STEPS = 2**22  # weights × terms that are tried: about 30 ms


def factor_banks(banks: Iterable[Tensor], dtype: torch.dtype) -> list[BankTerms]:
    """Return the outer products of all banks; none where a kernel is given up."""
    terms = []
    for weight in banks:
        bank = factor_bank(weight, dtype)
        if bank is None:
            return []
        terms.append(bank)
    return terms


def all_terms(banks: Iterable[BankTerms]) -> Iterator[Term]:
    """Yield the terms of all kernels of all banks."""
    for bank in banks:
        for kernels in bank:
            for terms in kernels:
                yield from terms


def factor_bank(weight: Tensor, dtype: torch.dtype) -> BankTerms | None:
    """Return the outer products of each kernel of a bank, exact within the rounding of a type.

    The time that it takes is bounded: kernels of so many terms that other algorithms are faster
    are given up.

    Shape: (O, I, *K)

    Returns:
        None where a kernel is given up.
    """
    tolerance = max(torch.finfo(dtype).eps / 2, 1e-15)
    most = min(MAX_TERMS, MAX_STEPS // weight.numel())
    bank: BankTerms = []
    for kernels in weight:
        bank.append([])
        for kernel in kernels:
            terms = factor(kernel.double(), tolerance, most)
            if terms is None:
                return None
            bank[-1].append(terms)
    return bank


def factor(kernel: Tensor, tolerance: float, most: int) -> list[Term] | None:
    """Return the fewest outer products whose sum is the kernel.

    Whole numbers stay whole where one product is enough.

    Args:
        kernel: float64, shape (*K).
        tolerance: the largest error of the sum, as a share of the sum of all absolute weights.
        most: the largest number of terms per axis.

    Returns:
        None where more terms are needed.

    >>> factor(torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]), 0, 1)
    [(tensor([1., 2., 1.]), tensor([-1.,  0.,  1.]))]
    >>> factor(torch.eye(3), 0, 2) is None
    True
    """
    whole = _whole_product(kernel)
    if whole is not None:
        return [whole]
    if kernel.ndim == 1:
        return [(kernel,)]
    crossed = _crosses(kernel.flatten(1), tolerance * float(kernel.abs().sum()), most)
    if crossed is None:
        return None
    terms: list[Term] = []
    for column, row in crossed:
        rest = factor(row.reshape(kernel.shape[1:]), tolerance, most)
        if rest is None:
            return None
        terms += [(column, *term) for term in rest]
    return terms


def _crosses(matrix: Tensor, allowed: float, most: int) -> list[tuple[Tensor, Tensor]] | None:
    """Return the fewest columns and rows whose outer products sum to a matrix.

    Crosses through the largest element are taken off until nothing is left; what they span is then
    turned to its singular vectors.

    Args:
        matrix: float64.
        allowed: the largest sum of absolute errors.
        most: the largest number of pairs.

    Returns:
        None where more are needed.

    Source: Bebendorf, Approximation of boundary element matrices (2000), with full pivoting
    """
    rest = matrix.clone()
    columns: list[Tensor] = []
    rows: list[Tensor] = []
    while float(rest.abs().sum()) > allowed:
        if len(rows) == most:
            return None
        row, column = divmod(int(rest.abs().argmax()), rest.shape[1])
        columns.append(rest[:, column] / rest[row, column])
        rows.append(rest[row].clone())
        rest.addr_(columns[-1], rows[-1], alpha=-1)
    if not rows:
        return []
    left, left_core = torch.linalg.qr(torch.stack(columns, 1))
    right, right_core = torch.linalg.qr(torch.stack(rows, 1))
    u, sizes, v = torch.linalg.svd(left_core @ right_core.T)
    roots = sizes.sqrt()
    return list(zip((left @ u * roots).T, (right @ v.T * roots).T, strict=True))


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
