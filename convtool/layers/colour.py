"""Kernels that filter the brightness of colours alone."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from convtool.errors import LayerError, UsageError
from convtool.kernels.kernel import Bank, Kernel
from convtool.layers.alignment import origin
from convtool.sizes import counted

# What each of red, green and blue adds to brightness.
# Source: ITU-R BT.709, item 3.2, whose primaries are those of sRGB
LUMA = np.array([0.2126, 0.7152, 0.0722])


def of_luma(banks: Sequence[Bank], channels: int) -> list[Bank]:
    """Return kernels that filter the brightness of colours, and keep how each differs from it.

    An image of one channel is brightness as it is.

    Args:
        banks: kernels without channel axes.
        channels: of the input.

    Raises:
        LayerError: the input has no colours.
        UsageError: there are no kernels, or they are combined or have channel axes.
    """
    if not banks:
        raise UsageError("--channels luma needs a --kernel: random weights mix the channels")
    if any(bank.combine for bank in banks):
        raise UsageError(
            "--channels luma changes colours by a result, and combined ones are no change"
        )
    if channels == 1:
        return list(banks)
    if channels != len(LUMA):
        found = counted(channels, "channel")
        raise LayerError(f"--channels luma needs red, green and blue, not {found}")
    return [
        replace(bank, kernels=tuple(_of_luma(kernel) for kernel in bank.kernels)) for bank in banks
    ]


def _of_luma(kernel: Kernel) -> Kernel:
    """Return a kernel that adds to each colour what filtering changes of the brightness."""
    if kernel.has_channel_axes:
        raise UsageError(f"--channels luma: kernel '{kernel.label}' has channels of its own")
    place = origin(kernel.size, kernel.align)
    change = kernel.weights.copy()
    change[place] -= 1
    weights = np.broadcast_to(
        LUMA.reshape(1, -1, *(1,) * kernel.dims) * change, (3, 3, *kernel.size)
    ).copy()
    for colour in range(len(LUMA)):
        weights[(colour, colour, *place)] += 1
    return replace(kernel, weights=weights)
