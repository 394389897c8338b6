"""Run the kernel on blocks.

It never changes the result: where bytes do not lie as the kernel reads them, they are laid out
first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from convtool.convolve.buffers import Buffers
from convtool.convolve.fused.finish import Finish, finish_of
from convtool.convolve.fused.pieces import WIDEST, WORD, Piece, pieces_of, placed, words_for
from convtool.convolve.pointwise import Pointwise
from convtool.convolve.problem import Problem
from convtool.convolve.staging import Stage
from convtool.levels import UINT8
from convtool.padding import Modes, own

LANES = 64  # threads per program
MODES = {"replicate": 0, "reflect": 1, "circular": 2, "zeros": 3}
MANY_TAPS = 25  # from which a program makes fewer rows, to keep the kernel small
NO_PADS = ((0, 0), (0, 0))
Pads = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Variant:
    """What a kernel is compiled for, beside the layer.

    Attributes:
        words: that a thread reads at once.
        down: rows that a program makes.
        left: pixels added before a row.
        how: sums are finished.
        stored: they are stored as bytes.
        magnitude: their sizes are.
        packed: the device has what `words.rounded` takes, and results are within its range.
    """

    words: int
    down: int
    left: int
    how: int
    stored: bool
    magnitude: bool
    packed: bool


class FusedRunner:
    """A runner that goes over stored bytes once.

    Args:
        problem: the layer.
        buffers: for staged samples and raw responses.
        modes: the padding mode of each axis.
        integers: sums are whole numbers of 16 bits.
    """

    def __init__(self, problem: Problem, buffers: Buffers, modes: Modes, *, integers: bool) -> None:
        self._problem, self._buffers, self._integers = problem, buffers, integers
        self._channels, self._own = problem.groups, own(modes)
        self._mode = MODES[self._own or "zeros"]
        kernels = problem.weight[0, :, 0].flatten(1).double()
        self._weights = tuple(int(w) if integers else w for w in kernels.flatten().tolist())
        self._bias = float(problem.bias[0, 0])
        sizes = kernels.abs().sum(1).mul_(UINT8.scale).add_(abs(self._bias))
        self._largest = math.ceil(float(sizes.max()))
        self._packs = torch.cuda.get_device_capability(buffers.device) >= (9, 0)
        self._compiled: dict[Variant, tuple[Any, tuple[object, ...]]] = {}
        empty = buffers.named("staged", torch.uint8)
        self._stage = Stage([1, 2, 0], modes, empty, self._slack)

    def _slack(self, width: int) -> int:
        """Return how many pixels must follow a row for the next to begin at an address of 16."""
        return -width % (WIDEST * WORD // math.gcd(WIDEST * WORD, self._channels))

    def stage(self, pieces: Sequence[Tensor], pads: Pads) -> Tensor:
        """Return the padded block, still bytes. Shape: (C, H, W) → (H', W' + slack, C)"""
        return self._stage(pieces, pads)

    def _pads(self, pieces: Sequence[Piece] | None, width: int, pads: Pads) -> bool:
        """Return whether the kernel itself can add what padding adds to a block."""
        if self._own is None:
            return False
        sizes = sum(piece.rows for piece in pieces or ()), width
        limits = {"reflect": -1, "circular": 0}
        return all(
            max(added) <= size + limits[self._own] if self._own in limits else True
            for size, added in zip(sizes, pads, strict=True)
        )

    def strip(self, staged: Tensor, axis: int, start: int, length: int) -> Tensor:
        """Return a part of staged samples along a spatial axis."""
        return staged.narrow(axis, start, length)

    def __call__(self, strip: Tensor, size: Sequence[int]) -> Tensor:
        """Return the responses. Shape: (H, W, C) → (G, M, *S')"""
        row = size[1] * self._channels
        shape = (self._problem.outputs, size[0], -(-row // WORD) * WORD)
        out = self._buffers.get("out", shape, torch.float32)
        self._launch([_piece(strip)], strip.shape[1], NO_PADS, out, row, None)
        responses: Tensor = out[..., :row].unflatten(-1, (size[1], -1)).movedim(-1, 0)
        return responses

    def finished(
        self, pieces: Sequence[Tensor], pads: Pads, size: Sequence[int], told: Pointwise
    ) -> Tensor:
        """Return the stored results of a block.

        Args:
            pieces: the block.
            pads: samples to add before and after on each axis.
            size: of the result.
            told: what the epilogue does.

        Shape: (C, L, W) each → (1, C', *S')
        """
        row, width = size[1] * self._channels, pieces[0].shape[2]
        places = pieces_of(pieces)
        wider = row > width * self._channels  # threads follow the results, and read their own place
        beyond = not self._pads(places, width, pads)
        if wider or beyond or places is None or not words_for(places, width * self._channels, row):
            staged = self.stage(pieces, pads)
            places, width, pads = [_piece(staged)], staged.shape[1], NO_PADS
        unit = WORD if words_for(places, row) else WIDEST * WORD
        shape = (self._problem.outputs, size[0], -(-row // unit) * unit)
        out = torch.empty(shape, dtype=torch.uint8, device=self._buffers.device)
        self._launch(places, width, pads, out, row, told)
        stored: Tensor = out[..., :row].contiguous().unflatten(-1, (size[1], -1))
        return stored.movedim(-1, 0).flatten(0, 1)[None]

    def _launch(
        self,
        pieces: Sequence[Piece],
        width: int,
        pads: Pads,
        out: Tensor,
        row: int,
        told: Pointwise | None,
    ) -> None:
        """Run the kernel.

        Args:
            pieces: the rows.
            width: pixels of a row.
            pads: samples to add before and after on each axis.
            out: memory for the results, shape (M, rows, pitch).
            row: results of a row.
            told: what the epilogue does; None for raw responses.
        """
        finish = Finish()
        if told is not None:
            finish = finish_of(told, self._largest, whole=self._integers)
        words = words_for(pieces, width * self._channels, out.shape[2])
        variant = Variant(
            words,
            rows_per_program(self._problem),
            pads[1][0],
            finish.how,
            stored=told is not None,
            magnitude=finish.magnitude,
            packed=finish.within and self._packs,
        )
        arguments = (
            *placed(pieces),
            *(sum(piece.rows for piece in pieces), width),
            *(out.data_ptr(), out.stride(1) * out.element_size(), out.shape[1], row, pads[0][0]),
            *(finish.low, finish.scale, finish.width, finish.inverse),
            self._bias if told is not None else 0.0,
        )
        grid = -(-row // (words * WORD * LANES)), -(-out.shape[1] // variant.down), 1
        with torch.cuda.device(self._buffers.device):
            if variant in self._compiled:
                compiled, constants = self._compiled[variant]
                compiled[grid](*arguments, *constants)
                return
            constants = self._constants(variant)
            kernel = _kernel().correlate[grid]
            # sums are made by multiply-adds, whatever the default of Triton's version is
            options = {"num_warps": LANES // 32, "enable_fp_fusion": True}
            compiled = kernel(*arguments, *constants, **options)
            self._compiled[variant] = compiled, constants

    def _constants(self, variant: Variant) -> tuple[object, ...]:
        """Return what the kernel is compiled for, in the order of its parameters."""
        problem = self._problem
        rows, columns = problem.weight.shape[3:]
        step = problem.dilation[1] * self._channels
        before = variant.left * self._channels
        last = variant.words * WORD - 1 + (columns - 1) * step - before
        return (
            *(self._weights, problem.outputs, rows, columns),
            *(problem.dilation[0], step, before, self._channels, self._mode),
            *(self._integers, variant.packed, variant.stored, variant.magnitude, variant.how),
            *(variant.words, variant.down, LANES),
            *(-before // WORD, last // WORD),
        )


def rows_per_program(problem: Problem) -> int:
    """Return how many rows a program makes: of more, fewer are read twice."""
    taps = math.prod(problem.extent) * problem.outputs
    return 4 if taps <= MANY_TAPS else 2


def _piece(staged: Tensor) -> Piece:
    return Piece(staged.data_ptr(), staged.shape[0], staged.stride(0))


def _kernel() -> ModuleType:
    from convtool.convolve.fused import kernel  # noqa: PLC0415  # it imports Triton

    return kernel
