"""Correlate by chained one-dimensional passes, for kernels that are a sum of few outer products."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from convtool.convolve.axis_pass import LANES, Lines, fits
from convtool.convolve.buffers import Buffers
from convtool.convolve.taps import Taps

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


class Separable:
    """A bank of kernels, each a sum of outer products, run axis by axis; the leading axis first, which leaves least.

    Args:
        terms: for each output and each input, the outer products.
        stride: per axis.
        dilation: per axis.
        buffers: for what is between two passes.
        inner: samples at each position of the last axis.
        dtype: of the sums.
        whole: kernels are whole numbers and so are the samples: results are rounded where the sums are not.
    """

    def __init__(
        self,
        terms: Sequence[Sequence[Sequence[Term]]],
        stride: Sequence[int],
        dilation: Sequence[int],
        buffers: Buffers,
        *,
        inner: int = 1,
        dtype: torch.dtype,
        whole: bool = False,
    ) -> None:
        axes = range(len(stride))
        self._buffers, self._inner, self._rounded = buffers, inner, whole and dtype != torch.int16
        self._chains = [
            [
                (plane, [self._pass(term[axis], axis, stride, dilation, dtype) for axis in axes])
                for plane, terms_of_plane in enumerate(terms_of_output)
                for term in terms_of_plane
            ]
            for terms_of_output in terms
        ]
        passes = [run for chains in self._chains for _, chain in chains for run in chain]
        self._by_lines = any(isinstance(run, Lines) for run in passes)

    def _pass(
        self,
        vector: Tensor,
        axis: int,
        stride: Sequence[int],
        dilation: Sequence[int],
        dtype: torch.dtype,
    ) -> Taps | Lines:
        axes, last = range(len(stride)), axis == len(stride) - 1
        if fits(vector, stride, axis, dtype, self._buffers.device.type):
            return Lines(
                vector,
                axis,
                last=last,
                stride=stride[axis],
                dilation=dilation[axis],
                inner=self._inner,
            )
        weight = vector.reshape(1, 1, *(-1 if a == axis else 1 for a in axes))
        along = [stride[a] if a == axis else 1 for a in axes]
        return Taps(weight, along, dilation, inner=self._inner, whole=dtype == torch.int16)

    def room(self, width: int, count: int) -> int:  # noqa: ARG002  # as of the other algorithms
        """Return how many zeros must follow `width` positions.

        `Lines` wants whole vectors in a row, and an odd number: rows a power of two apart share places of a cache.
        """
        vector = LANES // math.gcd(LANES, self._inner)
        return (vector - width) % (2 * vector) if self._by_lines else 0

    def __call__(self, planes: Tensor, out: Tensor) -> Tensor:
        """Return the correlation, which may be written into `out`.

        Shape: (I, *S), S[-1] = positions * inner, with its room → (O, *S')
        """
        for chains, plane in zip(self._chains, out, strict=True):
            if not chains:
                plane.zero_()
            for index, (channel, passes) in enumerate(chains):
                held = planes[channel : channel + 1]
                for axis, run in enumerate(passes[:-1], 1):
                    held = self._between(run, held, axis, plane.shape[axis - 1])
                last = passes[-1]
                if isinstance(last, Taps):
                    last(held, plane[None], add=index > 0)
                    continue
                sums = last(held, plane.shape)
                if len(out) == len(chains) == 1:
                    return sums.round_() if self._rounded else sums
                if index:
                    plane.add_(sums[0])
                else:
                    plane.copy_(sums[0])
            if self._rounded:
                plane.round_()
        return out

    def _between(self, run: Taps | Lines, held: Tensor, axis: int, length: int) -> Tensor:
        """Return what a pass that others follow makes of samples."""
        size = list(held.shape)
        size[axis] = length
        if isinstance(run, Lines):
            return run(held, size[1:])
        following = self._buffers.get(f"pass {axis}", size, held.dtype)
        run(held, following)
        return following
