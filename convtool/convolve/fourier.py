"""Correlate by fast Fourier transforms of overlapping tiles (overlap-save), for large kernels.

Source: Oppenheim & Schafer, Discrete-Time Signal Processing (3rd edition, 2010), section 8.7.3
"""

import math
from collections.abc import Iterator, Sequence
from itertools import product

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own habit
from torch import Tensor

from convtool.convolve.buffers import Buffers

BATCH = 2**20  # samples that are transformed at once


class Fourier:
    """A bank of kernels, run by FFT.

    Args:
        weight: float64, shape (O, I, *K).
        stride: per axis; every output is computed and those between are dropped.
        dilation: per axis; zeros are inserted.
        tile: positions of a tile per axis.
        inner: samples at each position of the last axis.
        dtype: float32 or float64.
        buffers: for tiles and spectra.
        whole: weights are whole numbers and so are the samples: results are rounded to them.
    """

    def __init__(
        self,
        weight: Tensor,
        stride: Sequence[int],
        dilation: Sequence[int],
        buffers: Buffers,
        *,
        tile: Sequence[int],
        dtype: torch.dtype,
        inner: int = 1,
        whole: bool = False,
    ) -> None:
        self._stride, self._inner, self._whole, self._buffers = tuple(stride), inner, whole, buffers
        self._tile = tuple(tile)
        self._neighbours = inner % 2 == 0
        self._counts = outputs(tile, weight.shape[2:], stride, dilation)
        self._axes = tuple(range(-len(self._tile), 0))
        spread = weight.new_zeros(*weight.shape[:2], *self._tile)
        held = spread
        for axis, (k, step) in enumerate(zip(weight.shape[2:], dilation, strict=True), 2):
            held = held[(slice(None),) * axis + (slice(0, (k - 1) * step + 1, step),)]
        held.copy_(weight)
        spectrum = (
            torch.fft.fftn(spread, dim=self._axes).conj().to(dtype.to_complex()).resolve_conj()
        )
        self._spectrum = spectrum.unsqueeze(-2).to(buffers.device)

    def _samples(self) -> tuple[int, ...]:
        return (*self._tile[:-1], self._tile[-1] * self._inner)

    def room(self, width: int, count: int) -> int:
        """Return how many zeros must follow `width` positions so that whole tiles cover `count` outputs."""
        tiles = -(-count // self._counts[-1])
        return max(0, (tiles - 1) * self._counts[-1] * self._stride[-1] + self._tile[-1] - width)

    def __call__(self, planes: Tensor, out: Tensor) -> Tensor:
        """Write the correlation into `out` and return it.

        Shape: (I, *S), S[-1] = positions * inner, with its room → (O, *S')
        """
        starts = [
            range(0, n, count) for n, count in zip(out.shape[1:-1], self._counts[:-1], strict=True)
        ]
        for corner in product(*starts):
            held, target = planes, out
            for axis, start in enumerate(corner, 1):
                length = min(
                    self._tile[axis - 1], held.shape[axis] - start * self._stride[axis - 1]
                )
                held = held.narrow(axis, start * self._stride[axis - 1], length)
                target = target.narrow(
                    axis, start, min(self._counts[axis - 1], out.shape[axis] - start)
                )
            self._row(held, target)
        return out

    def _row(self, planes: Tensor, out: Tensor) -> None:
        """Run the tiles that follow each other along the last axis."""
        width, places = self._samples()[-1], self._counts[-1] * self._inner
        tiles = planes.unfold(-1, width, places * self._stride[-1]).movedim(-2, 1)
        lacking = [
            n for t, n in zip(self._samples(), tiles.shape[2:], strict=True) for n in (t - n, 0)
        ]
        count = -(-out.shape[-1] // places)
        most = max(2, BATCH // math.prod(self._samples()) // 2 * 2)
        for first in range(0, count, most):
            batch = tiles[:, first : first + most]
            if any(lacking):
                batch = F.pad(batch, lacking[::-1])
            for results, at in self._filtered(batch):
                start = (first + at) * places
                self._place(results, out[..., start : start + results.shape[1] * places])

    def _filtered(self, tiles: Tensor) -> Iterator[tuple[Tensor, int]]:
        """Yield filtered tiles, and the number of the first.

        Two are transformed at once, as the parts of complex numbers, which a real kernel does not mix: neighbours
        where there is an even number at each position, as in stereo, else the first and the second half of the
        tiles, which overlap by one if their count is odd.

        Shape: (I, B, *T) → (O, B', *T)
        """
        count = tiles.shape[1]
        half = -(-count // 2)
        if self._neighbours:
            packed = self._buffers.get(
                "packed", (*tiles.shape[:-1], tiles.shape[-1] // 2), self._spectrum.dtype
            )
            torch.fft.fftn(
                torch.view_as_complex(tiles.unflatten(-1, (-1, 2))), dim=self._axes, out=packed
            )
        else:
            packed = self._buffers.get(
                "packed", (len(tiles), half, *self._samples()), self._spectrum.dtype
            )
            torch.complex(tiles[:, :half], tiles[:, count - half :], out=packed)
            torch.fft.fftn(packed, dim=self._axes, out=packed)
        totals = self._products(packed)
        torch.fft.ifftn(totals, dim=self._axes, out=totals)
        if self._neighbours:
            yield torch.view_as_real(totals).flatten(-2), 0
        else:
            yield totals.real, 0
            yield totals.imag, count - half

    def _products(self, packed: Tensor) -> Tensor:
        """Return the sums over inputs of spectra times those of kernels. Shape: (I, B, *T) → (O, B, *T)"""
        planes = self._repeated(packed)
        if self._spectrum.shape[:2] == (1, 1):
            planes.mul_(self._spectrum[0])
            return packed
        totals = self._buffers.get("totals", (len(self._spectrum), *packed.shape[1:]), packed.dtype)
        for total, kernels in zip(self._repeated(totals), self._spectrum, strict=True):
            torch.mul(planes[0], kernels[0], out=total)
            for plane, kernel in zip(planes[1:], kernels[1:], strict=True):
                total.addcmul_(plane, kernel)
        return totals

    def _repeated(self, spectra: Tensor) -> Tensor:
        """Return a view in which the spectrum of a kernel with zeros between its taps repeats itself.

        Shape: (…, T * n) → (…, n, T)
        """
        repeated: Tensor = spectra.unflatten(-1, (-1, self._tile[-1]))
        return repeated

    def _place(self, results: Tensor, out: Tensor) -> None:
        """Copy what is right in filtered tiles to its place. Shape: (O, B, *T) → (O, *S')."""
        results = results.unflatten(-1, (-1, self._inner))
        counts = [*out.shape[1:-1], self._counts[-1]]
        for axis, (count, step) in enumerate(zip(counts, self._stride, strict=True), 2):
            results = results[(slice(None),) * axis + (slice(0, (count - 1) * step + 1, step),)]
        places = self._counts[-1] * self._inner
        whole = out.shape[-1] // places
        results = results.flatten(-2).movedim(1, -2)
        out[..., : whole * places].unflatten(-1, (whole, places)).copy_(results[..., :whole, :])
        rest = out.shape[-1] - whole * places
        if rest:
            out[..., whole * places :].copy_(results[..., whole, :rest])
        if self._whole:
            out.round_()


def outputs(
    tile: Sequence[int], size: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> list[int]:
    """Return how many outputs of a tile are not touched by its wrapping around, per axis."""
    return [
        (t - d * (k - 1) - 1) // step + 1
        for t, k, d, step in zip(tile, size, dilation, stride, strict=True)
    ]
