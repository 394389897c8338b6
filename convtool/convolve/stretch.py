"""Parts of a layer's result along its leading axis, and the inputs that they depend on.

Numbers only. The results of stretches that follow each other are, joined, the result of the whole.
"""

from dataclasses import dataclass, replace
from typing import Self

from convtool.convolve.geometry import Conv, extent
from convtool.sizes import Pads


@dataclass(frozen=True)
class Stretch:
    """Consecutive outputs, and what they are made of.

    Attributes:
        first: the number of the first output.
        end: the one behind the last output.
        start: the position of the first input that is read.
        stop: the one behind the last input.
        pads: samples added before and after these inputs; none but at the ends of the whole.
    """

    first: int
    end: int
    start: int
    stop: int
    pads: tuple[int, int]


@dataclass(frozen=True)
class Along:
    """A layer along the leading axis of an input.

    Attributes:
        length: of the input.
        extent: samples that an output depends on.
        stride: samples from one output to the next.
        before: samples added before the input.
        after: samples added behind it.

    >>> Along(10, 3, 1, 1, 1).stretch(4, 10)
    Stretch(first=4, end=10, start=3, stop=10, pads=(0, 1))
    """

    length: int
    extent: int
    stride: int
    before: int
    after: int

    @classmethod
    def of(cls, conv: Conv, length: int, pads: Pads) -> Self:
        """Return a layer along its leading axis.

        Args:
            conv: the layer.
            length: of the input.
            pads: samples added before and after on each axis.
        """
        before, after = pads[0]
        return cls(length, extent(conv)[0], conv.stride[0], before, after)

    @property
    def count(self) -> int:
        """The number of outputs."""
        padded = self.before + self.length + self.after
        return max(0, (padded - self.extent) // self.stride + 1)

    def thinned(self, every: int) -> Self:
        """Return the layer that makes one of `every` outputs, from the first on."""
        return replace(self, stride=self.stride * every)

    def first_from(self, position: int) -> int:
        """Return the number of the first output that depends on no input before a position."""
        return -(-(position + self.before) // self.stride)

    def stretch(self, first: int, end: int) -> Stretch:
        """Return the outputs from one number up to another, and what they are made of.

        The last ones take all of the input that is left, as the whole does.
        """
        start = first * self.stride - self.before
        stop = self.length + self.after
        if end < self.count:
            stop = (end - 1) * self.stride - self.before + self.extent
        pads = max(0, -start), max(0, stop - self.length)
        return Stretch(first, end, max(0, start), min(stop, self.length), pads)
