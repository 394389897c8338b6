"""Correlate by shifted multiply-adds: one pass over a cache-sized block for each tap that is not zero."""

from collections.abc import Sequence
from itertools import product

import torch
from torch import Tensor

from convtool.convolve.compiling import compile_

Number = int | float


class Taps:
    """A bank of kernels, run tap by tap.

    The last axis may hold several samples at each position (the channels of a picture), all filtered alike.

    Args:
        weight: float64, shape (O, I, *K).
        stride: per axis.
        dilation: per axis.
        inner: samples at each position of the last axis.
        whole: weights are whole numbers and the sums are made in integers.
        compiled: all taps are added up in one compiled loop.
    """

    def __init__(
        self,
        weight: Tensor,
        stride: Sequence[int],
        dilation: Sequence[int],
        *,
        inner: int = 1,
        whole: bool = False,
        compiled: bool = False,
    ) -> None:
        self._stride, self._inner = tuple(stride), inner
        self._fused = compile_(self._sum) if compiled else None
        self._seen: tuple[object, ...] | None = (
            None  # buffers come again and again, and making views takes its time
        )
        self._kept: list[list[tuple[Tensor, Number]]] = []
        self._taps: list[list[tuple[int, tuple[int, ...], Number]]] = []
        for kernels in weight.tolist():
            taps = []
            for plane, kernel in enumerate(kernels):
                for place in product(*map(range, weight.shape[2:])):
                    value = kernel
                    for index in place:
                        value = value[index]
                    if value:
                        offsets = tuple(k * d for k, d in zip(place, dilation, strict=True))
                        taps.append((plane, offsets, int(value) if whole else value))
            self._taps.append(taps)

    def room(self, width: int, count: int) -> int:  # noqa: ARG002  # as of the other algorithms
        """Return how many zeros must follow `width` positions: none."""
        return 0

    def __call__(self, planes: Tensor, out: Tensor, *, add: bool = False) -> Tensor:
        """Write the correlation into `out`, or add it, and return it.

        Shape: (I, *S), S[-1] = positions * inner → (O, *S')
        """
        if self._fused is not None:
            self._fused(planes, out, add)
            return out
        for views, plane in zip(self._views(planes, out.shape[1:]), out, strict=True):
            started = add
            for view, weight in views:
                if started:
                    plane.add_(view, alpha=weight)
                else:
                    torch.mul(view, weight, out=plane)
                started = True
            if not started:
                plane.zero_()
        return out

    def _sum(self, planes: Tensor, out: Tensor, add: bool) -> None:  # noqa: FBT001  # a compiler reads it
        """Write the correlation into `out`, or add it, all in one expression for each output."""
        phases, size = self._phases(planes), out.shape[1:]
        for taps, plane in zip(self._taps, out, strict=True):
            total: Tensor | Number = plane if add else 0
            for channel, offsets, weight in taps:
                total = total + self._view(phases, channel, offsets, size) * weight
            plane.copy_(total if isinstance(total, Tensor) else torch.zeros_like(plane))

    def _views(self, planes: Tensor, size: Sequence[int]) -> list[list[tuple[Tensor, Number]]]:
        """Return what each tap of each output looks at, and its weight."""
        seen = planes.data_ptr(), planes.shape, planes.stride(), tuple(size)
        if seen != self._seen or self._stride[-1] > 1:
            phases = self._phases(planes)
            self._kept = [
                [
                    (self._view(phases, channel, offsets, size), weight)
                    for channel, offsets, weight in taps
                ]
                for taps in self._taps
            ]
            self._seen = seen
        return self._kept

    def _phases(self, planes: Tensor) -> list[Tensor]:
        """Return the samples that a stride on the last axis brings together, each phase contiguous."""
        step = self._stride[-1]
        if step == 1:
            return [planes]
        positions = planes.unflatten(-1, (-1, self._inner))
        return [
            positions[..., phase::step, :].flatten(-2)
            for phase in range(min(step, positions.shape[-2]))
        ]

    def _view(
        self, phases: Sequence[Tensor], plane: int, offsets: tuple[int, ...], size: Sequence[int]
    ) -> Tensor:
        shift, phase = offsets[-1] // self._stride[-1], offsets[-1] % self._stride[-1]
        view = phases[phase][plane]
        for axis, (offset, step) in enumerate(zip(offsets[:-1], self._stride[:-1], strict=True)):
            view = view[
                (slice(None),) * axis + (slice(offset, offset + (size[axis] - 1) * step + 1, step),)
            ]
        return view.narrow(-1, shift * self._inner, size[-1])


def count(weight: Tensor) -> int:
    """Return how many taps of a bank are not zero."""
    return int(torch.count_nonzero(weight))
