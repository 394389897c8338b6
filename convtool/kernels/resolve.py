"""The door of the kernels: the text of `-k` → weights, their dimensions, their files."""

from collections.abc import Sequence
from pathlib import Path

from convtool.kernels.chain import files_of
from convtool.kernels.kernel import Bank
from convtool.kernels.loader import Request
from convtool.kernels.spec import parse


def resolve(
    text: str,
    dims: int,
    *,
    search: Sequence[Path] = (),
    rate: float | None = None,
    in_channels: int = 1,
) -> Bank:
    """Return the kernel or bank that a text stands for.

    Args:
        text: `sobel-x`, `gaussian:sigma=3`, `my.yaml`, an impulse response such as `hall.wav`, or
            a grid: `"1 -1"`, `"0 -1 0; -1 5 -1; 0 -1 0"`, with `|` between the planes of a 3-D one.
        dims: 1 for audio, 2 for images, 3 for video.
        search: folders that come before the search path.
        rate: samples per second, for kernels in Hz and seconds.
        in_channels: channels of the input, for impulse responses.

    Raises:
        KernelError: there is no such kernel, or none for these dimensions, or a parameter is wrong.
        ReadError: an impulse response cannot be read.

    >>> resolve("0 -1 0; -1 5 -1; 0 -1 0", 2).kernels[0].size
    (3, 3)
    """
    return parse(text).load(Request(dims, tuple(search), rate, in_channels))


def dimensions(text: str, search: Sequence[Path] = ()) -> tuple[int, ...]:
    """Return the dimensions that a text has weights for; `resolve` may lift them to more.

    Raises:
        KernelError: there is no such kernel.

    >>> dimensions("sobel-x"), dimensions("1 2; 3 4")
    ((1, 2), (2,))
    """
    return parse(text).dimensions(search)


def files(text: str, search: Sequence[Path] = ()) -> list[Path]:
    """Return the files that a text's weights are read from; none for a grid.

    Raises:
        KernelError: there is no such kernel.
    """
    return files_of(text, search)
