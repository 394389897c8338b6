"""Where things stand on the page: planes of cells, and the arrangements of input and output.

Arrays of several channels or slices are drawn as planes side by side or below each other.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from convtool.convolve.geometry import extent
from convtool.look.animation.storyboard import Storyboard

HEAD = 36  # pixels above a block for its heading
LABEL = 24  # above a plane for its label
GAP = 28  # between planes
APART = 64  # between the input and the output


@dataclass(frozen=True)
class Block:
    """An array (C, *S), drawn as planes in the order of reading: channels, and their slices.

    Attributes:
        channels: the numbers of its channels.
        size: its spatial size.
        across: how many planes stand side by side.
        cell: pixels of a cell.
        x, y: the top left corner, heading included.
        pitch: pixels from one column of a plane to the next; None for the size of a cell.
    """

    channels: tuple[int, ...]
    size: tuple[int, ...]
    across: int
    cell: float
    x: float = 0
    y: float = 0
    pitch: float | None = None

    @property
    def planes(self) -> int:
        """The number of planes."""
        return len(self.channels) * self.slices

    @property
    def slices(self) -> int:
        """The number of planes of a channel."""
        return self.size[0] if len(self.size) == 3 else 1

    @property
    def labelled(self) -> bool:
        """Whether there are several planes, which need labels."""
        return self.planes > 1

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
        return self.across * (self.plane_width + GAP) - GAP

    @property
    def height(self) -> float:
        """The pixels of all planes, the heading and the labels."""
        return HEAD + -(-self.planes // self.across) * self._down - GAP

    @property
    def _down(self) -> float:
        """The pixels from one row of planes to the next."""
        return self.plane[0] * self.cell + (LABEL if self.labelled else 0) + GAP

    def corner(self, channel: int, slice: int = 0) -> tuple[float, float]:
        """Return the left and top of a plane, below its label.

        Args:
            channel: the number of a channel.
            slice: of a volume.
        """
        index = self.channels.index(channel) * self.slices + slice
        row, column = divmod(index, self.across)
        top = self.y + HEAD + (LABEL if self.labelled else 0)
        return self.x + column * (self.plane_width + GAP), top + row * self._down

    def place(self, position: Sequence[int]) -> tuple[float, float]:
        """Return the left and top of a cell, by the number of its channel and its position."""
        channel, *at = position
        left, top = self.corner(channel, at[0] if len(at) == 3 else 0)
        row, column = (0, at[0]) if len(at) == 1 else (at[-2], at[-1])
        return left + column * (self.pitch or self.cell), top + row * self.cell


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


def arrangements(board: Storyboard, cell: float) -> Iterator[Page]:
    """Yield the ways to lay out an input and an output.

    The output is below the input or beside it, and planes stand in one row, in two, or below each
    other. Outputs of a signal stand below the middle of their windows.

    Args:
        board: what is drawn.
        cell: pixels of a cell.
    """
    before = Block(board.inputs, tuple(board.padded.shape[1:]), 1, cell)
    after = Block(board.outputs, board.region.size, 1, cell)
    if len(board.size) == 1:
        middle, pitch = (extent(board.conv)[0] - 1) / 2 * cell, board.conv.stride[0] * cell
        yield Page(before, replace(after, x=middle, y=before.height + GAP, pitch=pitch))
        return
    for one, two in itertools.product(_rows(before), _rows(after)):
        yield Page(one, replace(two, y=one.height + GAP))
        down = max(0, (one.height - two.height) / 2)
        yield Page(one, replace(two, x=one.width + APART, y=down))


def _rows(block: Block) -> Iterator[Block]:
    count = block.planes
    for across in dict.fromkeys((count, block.slices, -(-count // 2), 1)):
        yield replace(block, across=across)
