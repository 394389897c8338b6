"""Run any layer on any tensor in one call, as a faster `conv(tensor)`."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from convtool.convolve import devices
from convtool.convolve.axis_pass import LANES
from convtool.convolve.convolution import Convolution
from convtool.convolve.costs import layout_cost
from convtool.convolve.direct import stock_cost
from convtool.convolve.geometry import Conv, ends, output_size, window
from convtool.convolve.problem import read
from convtool.convolve.stream import Stream
from convtool.errors import LayerError
from convtool.levels import USUAL, of
from convtool.sizes import counted

PLANNING = 5e6  # nanoseconds that a plan takes, and that a small tensor is run in anyway
CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}  # by the number of axes


def convolve(conv: Conv, tensor: Tensor) -> Tensor:
    """Return the result of the layer's own forward, by the algorithm that suits the kernel.

    Where the stock forward is estimated to be the fastest, it is called. Other algorithms run the
    batch sample by sample, in blocks, so that only the result and a few blocks are held in memory.
    No gradient is recorded. A tensor with NaN or infinite samples is left to the stock forward, as
    other algorithms spread them differently.

    Args:
        conv: an `nn.Conv1d`, `nn.Conv2d` or `nn.Conv3d` with any options.
        tensor: floats, or uint8, uint16, int16 or int32, whose numbers are taken as they are. The
            layer is run on its device.

    Shape: (N, C, *S) → (N, out, *S'), in the type of the layer's weights and the memory format of
        the tensor

    Raises:
        LayerError: the tensor has the wrong number of axes or channels, or a type that no layer
            takes, or is too small for the kernel or for its padding mode.

    >>> convolve(torch.nn.Conv1d(1, 2, 3, padding=1), torch.zeros(1, 1, 6)).shape
    torch.Size([1, 2, 6])
    >>> box = torch.nn.Conv2d(3, 3, 5, groups=3, padding="same", padding_mode="replicate")
    >>> convolve(box, torch.zeros(2, 3, 32, 48, dtype=torch.uint8)).dtype
    torch.float32
    """
    _check(conv, tensor)
    _check_padding(conv, tensor.shape[2:])
    size = output_size(conv, tensor.shape[2:])
    with torch.no_grad(), devices.exact():
        stock = _stock_cost(conv, tensor)
        if stock * len(tensor) * math.prod(size) < PLANNING:
            return _stock(conv, tensor)
        run = Convolution(conv, tensor.shape[2:], of(tensor.dtype), device=tensor.device, unit=1)
        if stock <= run.plan.chosen.cost:
            return _stock(conv, tensor)
        if not _is_finite(tensor):
            return _stock(conv, tensor.to(conv.weight))
        return _in_blocks(conv, tensor, run, size)


def _in_blocks(conv: Conv, tensor: Tensor, run: Convolution, size: Sequence[int]) -> Tensor:
    """Run the layer block by block, into memory for all results."""
    shape = (len(tensor), conv.out_channels, *size)
    layout, _ = _memory_formats(conv, tensor)
    results = torch.empty(
        shape, dtype=conv.weight.dtype, device=tensor.device, memory_format=layout
    )
    if not results.numel():
        return results
    start = 0
    for block in Stream(window(conv), run)(torch.split(tensor, run.length, 2), last=tensor):
        results.narrow(2, start, block.shape[2]).copy_(block)
        start += block.shape[2]
    return results


def _stock(conv: Conv, tensor: Tensor) -> Tensor:
    """Run the layer's own forward, in the memory format in which it is fastest."""
    layout, fastest = _memory_formats(conv, tensor)
    results: Tensor = conv(tensor.contiguous(memory_format=fastest))
    return results.contiguous(memory_format=layout)


def _is_finite(tensor: Tensor) -> bool:
    """Return whether all samples are finite, by a sum, which takes no memory."""
    return not tensor.is_floating_point() or bool(torch.isfinite(tensor.sum()))


def _stock_cost(conv: Conv, tensor: Tensor) -> float:
    """Return the cost per position of the stock forward; infinity if it refuses the tensor."""
    if (tensor.dtype, tensor.device) != (conv.weight.dtype, conv.weight.device):
        return math.inf
    problem = read(conv)
    layout, fastest = _memory_formats(conv, tensor)
    relayout = 0.0 if layout == fastest else layout_cost(problem, apart=False)
    return stock_cost(problem) + relayout


def _check(conv: Conv, tensor: Tensor) -> None:
    """Raise an error unless the tensor fits the layer."""
    kind, axes = type(conv).__name__, conv.weight.ndim
    if tensor.ndim != axes:
        raise LayerError(
            f"{kind} takes a tensor of {axes} axes, not of shape {tuple(tensor.shape)}",
            hint="tensor[None] adds the axis of the batch" if tensor.ndim == axes - 1 else None,
        )
    if tensor.shape[1] != conv.in_channels:
        raise LayerError(f"the layer takes {conv.in_channels} channels, not {tensor.shape[1]}")
    if not tensor.is_floating_point() and tensor.dtype not in USUAL:
        names = ", ".join(str(dtype).removeprefix("torch.") for dtype in USUAL)
        raise LayerError(f"a layer takes floats, or {names}, not {tensor.dtype}")


def _check_padding(conv: Conv, size: Sequence[int]) -> None:
    """Raise an error unless the layer's own forward can pad an input of a size."""
    for n, added in zip(size, map(max, ends(conv)), strict=True):
        most = {"reflect": n - 1, "circular": n}.get(conv.padding_mode, added)
        if added > most:
            raise LayerError(
                f"nn.Conv's {conv.padding_mode} padding adds at most {counted(most, 'sample')} "
                f"on each side of {n}, not {added}",
                hint="convtool.apply adds any number",
            )


def _memory_formats(conv: Conv, tensor: Tensor) -> tuple[torch.memory_format, torch.memory_format]:
    """Return the memory format of a tensor, and the one in which the stock forward is fastest.

    That is the one with channels innermost, unless they fill vectors in any.
    """
    channels_last = CHANNELS_LAST.get(tensor.ndim, torch.contiguous_format)
    contiguous = tensor.is_contiguous() or not tensor.is_contiguous(memory_format=channels_last)
    layout = torch.contiguous_format if contiguous else channels_last
    wide = conv.groups == 1 and min(conv.in_channels, conv.out_channels) >= LANES
    return layout, layout if wide else channels_last
