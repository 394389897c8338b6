"""Run a layer on blocks of samples by its plan; the result equals the layer's own forward.

It must not know where a block came from: `stream` cuts the input into blocks, and pads the axis
along which they follow each other.
"""

import gc
import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from convtool.convolve import per_frame
from convtool.convolve.buffers import Buffers, empty_like, share_memory
from convtool.convolve.candidate import Finisher, Runner
from convtool.convolve.compiling import Compiler
from convtool.convolve.geometry import Conv, ends, output_size, own_modes, padded_size
from convtool.convolve.plan import choose
from convtool.convolve.pointwise import Listener
from convtool.convolve.problem import Input, read
from convtool.convolve.staging import halves
from convtool.errors import LimitError
from convtool.levels import Levels
from convtool.limits import BLOCK_COPIES
from convtool.padding import Modes

# The steps that responses go through while they are in the cache, in order.
Step = Callable[[Tensor], Tensor]
Epilogue = Sequence[Step]
BlockPads = Sequence[tuple[int, int]]


class Convolution:
    """A layer made ready for blocks of one size and type.

    Results are in the units of the samples: where a stored 255 stands for 1, a sum of 510 is 2.

    A layer on video whose outputs each depend on a single frame is run frame by frame, as the layer
    on images that it amounts to: `plan` is then that layer's, and a block is a number of frames.

    Args:
        conv: the layer.
        size: the spatial size of the whole input.
        levels: how its samples are stored.
        algorithm: how to run it; `auto` plans by cost.
        dtype: of the arithmetic; None for the layer's own. Sums of whole numbers are exact.
        device: where blocks will be; None for the layer's own.
        compiler: compiles shifted multiply-adds, which takes seconds, once; None for none.
        unit: the sample value that stands for 1, which scales the bias; None for that of levels.
        modes: the padding mode of each axis, as `stored` has it; None for the layer's own.
    """

    def __init__(
        self,
        conv: Conv,
        size: Sequence[int],
        levels: Levels,
        *,
        algorithm: str = "auto",
        dtype: torch.dtype | None = None,
        device: torch.device | None = None,
        compiler: Compiler | None = None,
        unit: float | None = None,
        modes: Modes | None = None,
    ) -> None:
        self.device = device or conv.weight.device
        self._conv = conv
        self._modes = modes or own_modes(conv)
        self._size, self._padded = tuple(size), padded_size(conv, size)
        self._problem = read(conv, levels.scale if unit is None else unit)
        self._per_frame = self._problem.sees_single_frames
        if self._per_frame:
            self._problem = self._problem.per_frame()
            self._padded = self._padded[1:]
        request = Input(
            size=self._padded,
            levels=levels,
            dtype=dtype or conv.weight.dtype,
            device=self.device.type,
            algorithm=algorithm,
            compiler=compiler,
        )
        self.plan = choose(self._problem, request)
        self._bias = self._broadcast_bias()
        self._buffers = Buffers(self.device)
        self._prepared: Runner | None = None
        self._listener = Listener()

    def _broadcast_bias(self) -> Tensor | None:
        """Return the bias as it is added to responses, or None without one. Shape: (G, M, 1, …)"""
        bias = self._problem.bias
        if not bool(bias.any()):
            return None
        ones = (1,) * self._problem.dims
        return bias.to(self.device, self.plan.dtype).reshape(*bias.shape, *ones)

    @property
    def _runner(self) -> Runner:
        """The prepared layer, made for the first block, as it may take time and memory."""
        if self._prepared is None:
            modes = self._modes[1:] if self._per_frame else self._modes
            self._prepared = self.plan.chosen.prepare(self._buffers, modes)
        return self._prepared

    @property
    def length(self) -> int:
        """The best length of blocks of the input along the leading axis."""
        if self._per_frame:
            return per_frame.block_length(self._size)
        return self.plan.block.length * self._problem.stride[0]

    @property
    def memory(self) -> int:
        """An estimate of the bytes that a block takes while it is run."""
        problem, length = self._problem, self.plan.block.length
        out = output_size(self._conv, self._size)[-problem.dims :]
        rows = (length - 1) * problem.stride[0] + problem.extent[0]
        samples = rows * math.prod(self._padded[1:]) * problem.groups * problem.inputs
        samples += length * math.prod(out[1:]) * problem.groups * problem.outputs
        samples += self.plan.chosen.retained
        return BLOCK_COPIES * samples * self.plan.dtype.itemsize + problem.memory

    def __call__(
        self,
        pieces: Sequence[Tensor],
        pads: BlockPads | None = None,
        epilogue: Epilogue = (),
    ) -> Tensor:
        """Run the layer on a block.

        Args:
            pieces: the block, stored samples or floats, in parts that follow each other along the
                leading axis.
            pads: samples to add before and after on each spatial axis, in the padding modes;
                None for the layer's own.
            epilogue: steps that turn responses (1, G, M, *S') into results (1, C, *S'). Each takes
                the previous one's result for a strip, while it is in the cache, and may write to
                it. Without steps the result has all output channels of the layer.

        Shape: pieces (N, C, L, *S) → (N, out, *S'), or the channels that the epilogue leaves

        Raises:
            LimitError: the device has not enough memory for the smallest block.
        """
        pads = ends(self._conv) if pads is None else pads
        run = self._run_frames if self._per_frame else self._run_block
        results = []
        for index in range(len(pieces[0])):
            sample = [piece[index] for piece in pieces]
            results.append(run(sample, pads, epilogue))
        return results[0] if len(results) == 1 else torch.cat(results)

    def _run_frames(self, pieces: Sequence[Tensor], pads: BlockPads, epilogue: Epilogue) -> Tensor:
        """Run a block of video frame by frame."""
        frames = per_frame.padded_frames(pieces, pads[0], self._modes[0])
        results = [self._run_block([frame], pads[1:], epilogue) for frame in frames]
        return per_frame.joined_frames(results)

    def _run_block(self, pieces: Sequence[Tensor], pads: BlockPads, epilogue: Epilogue) -> Tensor:
        """Run a block, or its halves where the device's memory is too small.

        Shape: (C, *S) → (1, C', *S')
        """
        try:
            return self._run_strips(pieces, pads, epilogue)
        except torch.OutOfMemoryError:
            self._release()
        # after the handler, whose traceback holds on to the memory
        return self._run_halves(pieces, pads, epilogue)

    def _run_halves(self, pieces: Sequence[Tensor], pads: BlockPads, epilogue: Epilogue) -> Tensor:
        """Run a block in two parts along its leading axis."""
        parts = halves(pieces, pads[0], self._problem.extent[0], self._problem.stride[0])
        bare = any(max(added) >= sum(piece.shape[1] for piece in part) for part, added in parts)
        around = self._modes[-self._problem.dims].name == "circular" and any(pads[0])
        if bare or around or self._output_counts(pieces, pads)[0] == 1:
            raise LimitError(
                "the device has not enough memory for the smallest block", hint="--device cpu"
            )
        results = [self._run_block(part, (ends, *pads[1:]), epilogue) for part, ends in parts]
        self._release()
        return torch.cat(results, 3 if self._per_frame else 2)  # frames come after the axis of time

    def _release(self) -> None:
        """Free the memory of blocks; on a device a runner and its stage hold each other, and it."""
        self._buffers.clear()
        self._prepared = None
        if self.device.type != "cpu":
            gc.collect()

    def _run_strips(self, pieces: Sequence[Tensor], pads: BlockPads, epilogue: Epilogue) -> Tensor:
        """Run a block strip by strip, and finish each while it is in the cache."""
        problem, counts = self._problem, self._output_counts(pieces, pads)
        told = self._listener(epilogue)
        if told is not None and isinstance(self._runner, Finisher):
            stored = self._runner.finished(pieces, pads, counts, told)
            return stored.unsqueeze(2) if self._per_frame else stored
        staged = self._runner.stage(pieces, pads)
        axis = 1 if problem.dims == 3 else 0  # that strips follow each other along
        step, extent, rows = problem.stride[axis], problem.extent[axis], self.plan.block.rows
        joined: Tensor | None = None
        for start in range(0, counts[axis], rows):
            count = min(rows, counts[axis] - start)
            strip = self._runner.strip(staged, axis, start * step, (count - 1) * step + extent)
            responses = self._runner(strip, [*counts[:axis], count, *counts[axis + 1 :]])
            result = self._finished(responses, epilogue)
            if count == counts[axis]:  # a single strip is only copied out of a buffer
                return result.clone() if share_memory(result, responses) else result
            behind = axis - problem.dims  # the same axis, counted from the last
            if joined is None:
                joined = empty_like(result, behind, counts[axis])
            joined.narrow(behind, start, count).copy_(result)
        assert joined is not None
        return joined

    def _output_counts(self, pieces: Sequence[Tensor], pads: BlockPads) -> list[int]:
        """Return the number of outputs of a block on each axis."""
        problem = self._problem
        size = [sum(piece.shape[1] for piece in pieces), *pieces[0].shape[2:]]
        counts = []
        for n, added, extent, step in zip(size, pads, problem.extent, problem.stride, strict=True):
            counts.append((n + sum(added) - extent) // step + 1)
        return counts

    def _finished(self, responses: Tensor, epilogue: Epilogue) -> Tensor:
        """Add the bias to the responses of a strip, and apply the epilogue.

        Shape: (G, M, *S') → (1, C, *S')
        """
        if self._bias is not None:
            responses += self._bias
        result = responses[None]
        if self._per_frame:
            result = result.unsqueeze(3)  # the axis of time
        for step in epilogue:
            result = step(result)
        return result if epilogue else result.flatten(1, 2)
