"""The sizes of a layer's input and output as numbers: extent, padding, the output-size formula.

It must not import torch or NumPy: `convtool shape` works sizes out before anything is loaded.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from convtool.errors import LayerError
from convtool.padding import Mode, Modes

Pads = Sequence[tuple[int, int]]

# What axes are called where the medium is not known; the first of three is depth or time.
AXES = {1: ("length",), 2: ("height", "width"), 3: ("first axis", "height", "width")}


@dataclass(frozen=True)
class Window:
    """How a kernel moves over an input: one number per axis.

    Attributes:
        kernel: the number of taps.
        stride: samples from one place to the next.
        dilation: samples from one tap to the next.
        pads: samples that are added before and after.
        modes: the padding mode of each axis; zeros where none are given.
    """

    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    pads: Pads
    modes: Modes = ()

    def __post_init__(self) -> None:
        if not self.modes:
            object.__setattr__(self, "modes", (Mode(),) * len(self.kernel))

    @property
    def extent(self) -> tuple[int, ...]:
        """Samples that an output depends on: dilation * (k - 1) + 1."""
        return extent(self.kernel, self.dilation)

    def padded(self, size: Sequence[int]) -> tuple[int, ...]:
        """Return an input's spatial size with the samples that are added."""
        return tuple(n + before + after for n, (before, after) in zip(size, self.pads, strict=True))

    def output(self, size: Sequence[int]) -> tuple[int, ...]:
        """Return the output's spatial size: floor((n + padding - extent) / stride) + 1.

        Raises:
            LayerError: the kernel is larger than the padded input.

        >>> Window((3, 3), (2, 2), (1, 1), ((1, 1), (1, 1))).output((7, 8))
        (4, 4)
        """
        padded = self.padded(size)
        if any(n < covered for n, covered in zip(padded, self.extent, strict=True)):
            raise LayerError(
                f"the kernel spans {size_text(self.extent)}, "
                f"more than the padded input's {size_text(padded)}"
            )
        axes = zip(padded, self.extent, self.stride, strict=True)
        return tuple((n - covered) // step + 1 for n, covered, step in axes)

    def formulas(self, size: Sequence[int]) -> Iterator[str]:
        """Yield the output-size formula of each axis with the numbers put in.

        Raises:
            LayerError: the kernel does not fit.

        >>> list(Window((3,), (1,), (1,), ((1, 1),)).formulas((32,)))
        ['floor((32 + 2·1 − 1·(3 − 1) − 1) / 1) + 1 = 32']
        """
        results = self.output(size)
        axes = (size, self.pads, self.dilation, self.kernel, self.stride, results)
        for n, (before, after), dilation, taps, stride, result in zip(*axes, strict=True):
            padding = f"2·{before}" if before == after else f"{before} + {after}"
            spread = f"{dilation}·({taps} − 1)"
            yield f"floor(({n} + {padding} − {spread} − 1) / {stride}) + 1 = {result}"


def extent(kernel: Sequence[int], dilation: Sequence[int]) -> tuple[int, ...]:
    """Return how many samples an output depends on along each axis: dilation * (k - 1) + 1."""
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))


def same(kernel: Sequence[int], dilation: Sequence[int]) -> Pads:
    """Return what `same` adds: dilation * (k - 1), with the larger half after, as PyTorch does.

    >>> same((4,), (1,))
    ((1, 2),)
    """
    totals = [covered - 1 for covered in extent(kernel, dilation)]
    return tuple((total // 2, total - total // 2) for total in totals)


def check_same(kernel: Sequence[int], dilation: Sequence[int], stride: Sequence[int]) -> None:
    """Check that `same` is clear: with a stride it needs as many samples before as after.

    Raises:
        LayerError: it is not.
    """
    uneven = any(before != after for before, after in same(kernel, dilation))
    if uneven and set(stride) != {1}:
        raise LayerError(
            f"padding 'same' with stride {size_text(stride)} needs an odd kernel, "
            f"not {size_text(kernel)}",
            hint="give --padding a number or 'valid'",
        )


def pads_of(
    padding: Literal["same", "valid"] | Pads,
    kernel: Sequence[int],
    dilation: Sequence[int],
    stride: Sequence[int],
) -> Pads:
    """Return the samples that a padding adds before and after on each axis.

    Args:
        padding: `same`, `valid`, or samples before and after on each axis.
        kernel: taps along each axis.
        dilation: of the layer.
        stride: of the layer.

    Raises:
        LayerError: `same` is not clear.
    """
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        check_same(kernel, dilation, stride)
        return same(kernel, dilation)
    return padding


def check_groups(channels: int, groups: int, which: str) -> None:
    """Check that channels can be split into groups.

    Args:
        channels: how many there are.
        groups: how many groups.
        which: input or output.

    Raises:
        LayerError: they cannot.
    """
    if channels % groups:
        raise LayerError(
            f"{counted(channels, f'{which} channel')} cannot be split into {groups} groups"
        )


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> counted(1, "group"), counted(2, "group"), counted(2, "axis", "axes")
    ('1 group', '2 groups', '2 axes')
    """
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def are(number: int, noun: str) -> str:
    """Return a number with its noun and the verb that goes with them.

    >>> are(1, "sample"), are(2, "sample")
    ('1 sample is', '2 samples are')
    """
    return f"{counted(number, noun)} {'is' if number == 1 else 'are'}"


def multiply_adds(size: Sequence[int], out_channels: int, kernel: Sequence[int], each: int) -> int:
    """Return the multiply-adds of a layer.

    Args:
        size: the output's spatial size.
        out_channels: of the layer.
        kernel: taps along each axis.
        each: input channels that an output channel depends on.
    """
    return math.prod(size) * out_channels * each * math.prod(kernel)


def size_text(numbers: Sequence[int]) -> str:
    """Return a size as people write it: 3×640×480."""
    return "×".join(map(str, numbers))


def axes_text(values: Iterable[object]) -> str:
    """Return one value per axis, or one for all where they are alike.

    >>> axes_text([2, 2]), axes_text([1, 2])
    ('2', '1, 2')
    """
    texts = [str(value) for value in values]
    return texts[0] if len(set(texts)) == 1 else ", ".join(texts)


def sides_text(pads: Pads) -> str:
    """Return what is added on each axis, as people write it.

    >>> sides_text([(1, 1), (0, 2)])
    '1, 0 before and 2 after'
    """
    return axes_text(a if a == b else f"{a} before and {b} after" for a, b in pads)
