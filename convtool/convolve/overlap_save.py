"""Correlate a bank of kernels by FFTs of tiles that overlap by the kernel's extent (overlap-save).

Source: Oppenheim & Schafer, Discrete-Time Signal Processing (3rd edition, 2010), section 8.7.3
"""

import math
from collections.abc import Iterator, Sequence
from itertools import product

import torch
import torch.nn.functional as F  # noqa: N812  # PyTorch's own habit
from torch import Tensor

from convtool.convolve.buffers import Buffers
from convtool.convolve.tiles import valid_outputs

BATCH = 2**20  # samples that are transformed at once


class OverlapSaveBank:
    """A bank of kernels, run by FFT.

    Args:
        weight: floats, shape (O, I, *K); spectra are computed in float64.
        stride: per axis; every output is computed, and those between are dropped.
        dilation: per axis; zeros are inserted into the kernel.
        buffers: for tiles and spectra.
        tile: positions of a tile per axis.
        dtype: float32 or float64.
        interleaved: channels at each position of the last axis.
        whole: results are whole numbers, to which they are rounded.
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
        interleaved: int = 1,
        whole: bool = False,
    ) -> None:
        self._stride, self._interleaved, self._whole = tuple(stride), interleaved, whole
        self._buffers = buffers
        self._tile = tuple(tile)
        self._tile_samples = (*self._tile[:-1], self._tile[-1] * interleaved)
        self._axes = tuple(range(-len(self._tile), 0))
        extent = [(k - 1) * step + 1 for k, step in zip(weight.shape[2:], dilation, strict=True)]
        self._counts = valid_outputs(tile, extent, stride)
        taps = tuple(slice(0, n, step) for n, step in zip(extent, dilation, strict=True))
        spectra = torch.empty(*weight.shape[:2], *self._tile, dtype=dtype.to_complex())
        spread = torch.zeros(self._tile, dtype=torch.float64)
        for spectrum, kernel in zip(spectra.flatten(0, 1), weight.flatten(0, 1), strict=True):
            spread[taps] = kernel
            spectrum.copy_(torch.fft.fftn(spread).conj())
        self._spectrum = spectra.unsqueeze(-2).to(buffers.device)

    def slack(self, width: int, count: int) -> int:
        """Return how many zeros must follow `width` positions to cover `count` outputs by tiles."""
        tiles = -(-count // self._counts[-1])
        needed = (tiles - 1) * self._counts[-1] * self._stride[-1] + self._tile[-1]
        return max(0, needed - width)

    def __call__(self, planes: Tensor, out: Tensor) -> Tensor:
        """Write the correlation into `out` and return it.

        Shape: (I, *S), S[-1] = (positions + slack) * interleaved → (O, *S')
        """
        leading = list(zip(self._tile, self._stride, self._counts, strict=True))[:-1]
        sizes = zip(out.shape[1:-1], self._counts[:-1], strict=True)
        for corner in product(*(range(0, size, count) for size, count in sizes)):
            samples, target = planes, out
            for axis, (first, (tile, step, count)) in enumerate(
                zip(corner, leading, strict=True), 1
            ):
                start = first * step
                length = min(tile, samples.shape[axis] - start)
                samples = samples.narrow(axis, start, length)
                target = target.narrow(axis, first, min(count, out.shape[axis] - first))
            self._run_row(samples, target)
        return out

    def _run_row(self, planes: Tensor, out: Tensor) -> None:
        """Run the tiles that follow each other along the last axis, a batch at a time."""
        valid = self._counts[-1] * self._interleaved
        width = self._tile_samples[-1]
        tiles = planes.unfold(-1, width, valid * self._stride[-1]).movedim(-2, 1)
        batch = max(2, BATCH // math.prod(self._tile_samples) // 2 * 2)
        for first in range(0, -(-out.shape[-1] // valid), batch):
            filled = self._filled(tiles[:, first : first + batch])
            for results, offset in self._filtered(filled):
                start = (first + offset) * valid
                self._place(results, out[..., start : start + results.shape[1] * valid])

    def _filled(self, tiles: Tensor) -> Tensor:
        """Return tiles with zeros where they reach beyond the input.

        Shape: (I, B, *T') → (I, B, *T)
        """
        sizes = zip(self._tile_samples, tiles.shape[2:], strict=True)
        missing = [full - size for full, size in sizes]
        if not any(missing):
            return tiles
        padding = []
        for count in reversed(missing):  # F.pad begins with the last axis
            padding += [0, count]
        return F.pad(tiles, padding)

    def _filtered(self, tiles: Tensor) -> Iterator[tuple[Tensor, int]]:
        """Yield filtered tiles, and the number of the first.

        Two real signals are transformed at once, as the parts of complex numbers, which a real
        kernel does not mix: neighbouring channels where an even number is interleaved, as in
        stereo, otherwise the first and the second half of the tiles, which share a tile if their
        number is odd.

        Shape: (I, B, *T) → (O, B', *T)
        """
        if self._interleaved % 2 == 0:
            size = (*tiles.shape[:-1], tiles.shape[-1] // 2)
            packed = self._buffers.get("packed", size, self._spectrum.dtype)
            pairs = torch.view_as_complex(tiles.unflatten(-1, (-1, 2)))
            torch.fft.fftn(pairs, dim=self._axes, out=packed)
            yield torch.view_as_real(self._multiplied(packed)).flatten(-2), 0
            return
        count = tiles.shape[1]
        half = -(-count // 2)
        size = (len(tiles), half, *self._tile_samples)
        packed = self._buffers.get("packed", size, self._spectrum.dtype)
        torch.complex(tiles[:, :half], tiles[:, count - half :], out=packed)
        torch.fft.fftn(packed, dim=self._axes, out=packed)
        results = self._multiplied(packed)
        yield results.real, 0
        yield results.imag, count - half

    def _multiplied(self, spectra: Tensor) -> Tensor:
        """Return the inverse transforms of spectra multiplied with the kernels'."""
        totals = self._products(spectra)
        torch.fft.ifftn(totals, dim=self._axes, out=totals)
        return totals

    def _products(self, spectra: Tensor) -> Tensor:
        """Return the sums over inputs of spectra times the kernels'.

        Shape: (I, B, *T) → (O, B, *T)
        """
        planes = self._repeated(spectra)
        if self._spectrum.shape[:2] == (1, 1):
            planes.mul_(self._spectrum[0])
            return spectra
        size = (len(self._spectrum), *spectra.shape[1:])
        totals = self._buffers.get("totals", size, spectra.dtype)
        for total, kernels in zip(self._repeated(totals), self._spectrum, strict=True):
            torch.mul(planes[0], kernels[0], out=total)
            for plane, kernel in zip(planes[1:], kernels[1:], strict=True):
                total.addcmul_(plane, kernel)
        return totals

    def _repeated(self, spectra: Tensor) -> Tensor:
        """Return a view of the n repetitions of the spectrum of a kernel spread over n channels.

        Shape: (…, T * n) → (…, n, T)
        """
        view: Tensor = spectra.unflatten(-1, (-1, self._tile[-1]))
        return view

    def _place(self, results: Tensor, out: Tensor) -> None:
        """Copy the valid part of filtered tiles to its place. Shape: (O, B, *T) → (O, *S')."""
        results = results.unflatten(-1, (-1, self._interleaved))
        counts = [*out.shape[1:-1], self._counts[-1]]
        ends = ((count - 1) * step + 1 for count, step in zip(counts, self._stride, strict=True))
        kept = (slice(0, end, step) for end, step in zip(ends, self._stride, strict=True))
        results = results[(slice(None), slice(None), *kept)].flatten(-2).movedim(1, -2)
        valid = self._counts[-1] * self._interleaved
        full = out.shape[-1] // valid
        out[..., : full * valid].unflatten(-1, (full, valid)).copy_(results[..., :full, :])
        rest = out.shape[-1] - full * valid
        if rest:
            out[..., full * valid :].copy_(results[..., full, :rest])
        if self._whole:
            out.round_()
