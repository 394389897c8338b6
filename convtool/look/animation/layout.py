"""Where things stand on the page: planes of cells, and the arrangement of input and output.

Arrays of several channels or slices are drawn as planes side by side or below each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from convtool.convolve.geometry import extent
from convtool.look.animation.storyboard import Storyboard

HEAD = 36  # pixels above a block for its heading
LABEL = 24  # above a plane for its label
GAP = 28  # between planes
APART = 64  # between the input and the output


@dataclass(frozen=True)
class Block:
    """An array (C, *S), drawn as a table of planes.

    Attributes:
        channels: the numbers of its channels.
        size: its spatial size.
        stacked: channels of images stand below each other instead of side by side.
        cell: pixels of a cell.
        x, y: the top left corner, heading included.
        pitch: pixels from one column of a plane to the next; None for the size of a cell.
    """

    channels: tuple[int, ...]
    size: tuple[int, ...]
    stacked: bool
    cell: float
    x: float = 0
    y: float = 0
    pitch: float | None = None

    @property
    def labelled(self) -> bool:
        """Whether there are several planes, which need labels."""
        return self.planes != (1, 1)

    @property
    def planes(self) -> tuple[int, int]:
        """The number of planes below each other, and side by side."""
        count = len(self.channels)
        if len(self.size) == 3:
            return count, self.size[0]
        return (count, 1) if self.stacked or len(self.size) == 1 else (1, count)

    @property
    def plane(self) -> tuple[int, int]:
        """The rows and columns of a plane."""
        return (1, self.size[0]) if len(self.size) == 1 else (self.size[-2], self.size[-1])

    @property
    def plane_width(self) -> float:
        """The pixels of a plane."""
        return (self.plane[1] - 1) * (self.pitch or self.cell) + self.cell

    @property
    def width(self) -> float:
        """The pixels of all planes."""
        across = self.planes[1]
        return across * self.plane_width + (across - 1) * GAP

    @property
    def height(self) -> float:
        """The pixels of all planes, the heading and the labels."""
        down = self.planes[0]
        label = LABEL if self.labelled else 0
        return HEAD + down * (self.plane[0] * self.cell + label) + (down - 1) * GAP

    def corner(self, channel: int, slice: int = 0) -> tuple[float, float]:
        """Return the left and top of a plane, below its label.

        Args:
            channel: the number of a channel.
            slice: of a volume.
        """
        row, column = self._plane_of(self.channels.index(channel), slice)
        label = LABEL if self.labelled else 0
        down = self.plane[0] * self.cell + label + GAP
        return self.x + column * (self.plane_width + GAP), self.y + HEAD + label + row * down

    def place(self, position: Sequence[int]) -> tuple[float, float]:
        """Return the left and top of a cell, by the number of its channel and its position."""
        channel, *at = position
        left, top = self.corner(channel, at[0] if len(at) == 3 else 0)
        row, column = (0, at[0]) if len(at) == 1 else (at[-2], at[-1])
        return left + column * (self.pitch or self.cell), top + row * self.cell

    def _plane_of(self, channel: int, slice: int) -> tuple[int, int]:
        if len(self.size) == 3:
            return channel, slice
        return (channel, 0) if self.planes[1] == 1 else (0, channel)


@dataclass(frozen=True)
class Page:
    """An input and its output on a page.

    Attributes:
        input, output: their blocks.
    """

    input: Block
    output: Block

    @property
    def width(self) -> float:
        """The pixels of both, without margins."""
        right = max(block.x + block.width for block in (self.input, self.output))
        return right - self.input.x

    @property
    def height(self) -> float:
        """The pixels of both, without margins."""
        bottom = max(block.y + block.height for block in (self.input, self.output))
        return bottom - self.input.y

    def moved(self, x: float, y: float) -> "Page":
        """Return the page at another place."""
        return Page(*(replace(b, x=b.x + x, y=b.y + y) for b in (self.input, self.output)))


def arranged(board: Storyboard, cell: float, *, beside: bool, stacked: bool) -> Page:
    """Return the page of an input and an output.

    Outputs of a signal stand below the middle of their windows.

    Args:
        board: what is drawn.
        cell: pixels of a cell.
        beside: the output of an image or a volume is on the right of the input, not below.
        stacked: channels of images stand below each other, not side by side.
    """
    before = Block(board.inputs, tuple(board.padded.shape[1:]), stacked, cell)
    after = Block(board.outputs, board.region.size, stacked, cell)
    if len(board.size) == 1:
        middle, pitch = (extent(board.conv)[0] - 1) / 2 * cell, board.conv.stride[0] * cell
        return Page(before, replace(after, x=middle, y=before.height + GAP, pitch=pitch))
    if not beside:
        return Page(before, replace(after, y=before.height + GAP))
    down = max(0, (before.height - after.height) / 2)
    return Page(before, replace(after, x=before.width + APART, y=down))
