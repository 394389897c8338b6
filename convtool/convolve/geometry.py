"""The sizes of a layer's input and output: extent, padding, the output-size formula.

Numbers only; nothing is run.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from convtool.errors import LayerError

Conv = nn.Conv1d | nn.Conv2d | nn.Conv3d
Pads = Sequence[tuple[int, int]]


def extent(conv: Conv) -> tuple[int, ...]:
    """Return how many samples an output depends on along each axis: dilation * (k - 1) + 1."""
    return tuple(d * (k - 1) + 1 for k, d in zip(conv.kernel_size, conv.dilation, strict=True))


def ends(conv: Conv) -> tuple[tuple[int, int], ...]:
    """Return how many samples the layer adds before and after on each axis.

    `same` splits dilation * (k - 1) with the larger half after, as PyTorch does: k 4 → (1, 2).
    """
    if conv.padding == "valid":
        return ((0, 0),) * len(conv.kernel_size)
    if conv.padding == "same":
        return tuple(((n - 1) // 2, n - 1 - (n - 1) // 2) for n in extent(conv))
    return tuple((int(p), int(p)) for p in conv.padding)


def output_size(conv: Conv, size: Sequence[int], pads: Pads | None = None) -> tuple[int, ...]:
    """Return the output's spatial size: floor((n + padding - extent) / stride) + 1 on each axis.

    Args:
        conv: the layer.
        size: the input's spatial size.
        pads: samples added before and after on each axis; None for the layer's own.

    Raises:
        LayerError: the kernel is larger than the padded input, or the padding mode needs more
            samples.

    >>> output_size(nn.Conv2d(3, 4, 3, stride=2, padding=1), (7, 8))
    (4, 4)
    """
    mode, extents = conv.padding_mode, extent(conv)
    for n, (before, after) in zip(size, pads or ends(conv), strict=True):
        most = {"reflect": n - 1, "circular": n}.get(mode, before + after)
        if max(before, after) > most:
            added = max(before, after)
            raise LayerError(
                f"{mode} padding of {added} needs an input larger than {n} sample"
                f"{'s' * (n > 1)} along each axis (the size is {size_text(size)})",
                hint="replicate and zeros need none",
            )
    padded = padded_size(conv, size, pads)
    if any(n < covered for n, covered in zip(padded, extents, strict=True)):
        raise LayerError(
            f"the kernel spans {size_text(extents)}, "
            f"more than the padded input's {size_text(padded)}"
        )
    axes = zip(padded, extents, conv.stride, strict=True)
    return tuple((n - covered) // step + 1 for n, covered, step in axes)


def padded_size(conv: Conv, size: Sequence[int], pads: Pads | None = None) -> tuple[int, ...]:
    """Return the input's spatial size with the samples that are added."""
    return tuple(
        n + before + after for n, (before, after) in zip(size, pads or ends(conv), strict=True)
    )


def centres(conv: Conv, size: Sequence[int]) -> tuple[Tensor, ...]:
    """Return for each axis the input position that each output is centred on, inside the input.

    >>> centres(nn.Conv1d(1, 1, 3, stride=2, padding=1), (5,))
    (tensor([0, 2, 4]),)
    """
    return tuple(
        (torch.arange(count) * step - before + (spread - 1) // 2).clamp(0, n - 1)
        for count, step, (before, _), spread, n in zip(
            output_size(conv, size), conv.stride, ends(conv), extent(conv), size, strict=True
        )
    )


class Placement:
    """The result of a layer on an input: its size, and where its positions lie on the input.

    Args:
        conv: the layer.
        size: the input's spatial size.
        pads: samples added before and after on each axis; None for the layer's own.

    Attributes:
        size: the result's spatial size.
        stride: input positions from one output position to the next, per axis.

    Raises:
        LayerError: the layer does not fit the input.
    """

    def __init__(self, conv: Conv, size: Sequence[int], pads: Pads | None = None) -> None:
        self._input = tuple(size)
        self._pads, self._extent = pads or ends(conv), extent(conv)
        self.size = output_size(conv, size, pads)
        self.stride = tuple(conv.stride)

    def centres(self, axis: int) -> Tensor:
        """Return the input position that each output position is centred on, inside the input.

        Shape: (S',) of int64

        >>> Placement(nn.Conv1d(1, 1, 3, stride=2, padding=1), (5,)).centres(0)
        tensor([0, 2, 4])
        """
        first = (self._extent[axis] - 1) // 2 - self._pads[axis][0]
        positions = torch.arange(self.size[axis]) * self.stride[axis] + first
        return positions.clamp(0, self._input[axis] - 1)


def size_text(numbers: Sequence[int]) -> str:
    """Return a size as people write it: 3×640×480."""
    return "×".join(map(str, numbers))
