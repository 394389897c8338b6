"""Correlate by chained one-dimensional passes, for kernels that are a sum of few outer products."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from convtool.convolve.axis_pass import LANES, Lines, fits
from convtool.convolve.buffers import Buffers
from convtool.convolve.factoring import Term
from convtool.convolve.taps import Taps


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
