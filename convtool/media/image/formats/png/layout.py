"""How a PNG file stores pixels: its header, and the sizes that follow from it."""

import struct
from dataclasses import dataclass

from convtool.media.image.format import Row
from convtool.media.image.samples import GREY, RGB
from convtool.media.policies import listed
from convtool.sizes import counted

GREY_TYPE, RGB_TYPE, PALETTE_TYPE, GREY_ALPHA_TYPE, RGB_ALPHA_TYPE = 0, 2, 3, 4, 6
# The colour types, their samples per pixel, and the bits of one (section 11.2.1).
SAMPLES = {GREY_TYPE: 1, RGB_TYPE: 3, PALETTE_TYPE: 1, GREY_ALPHA_TYPE: 2, RGB_ALPHA_TYPE: 4}
BITS = {
    GREY_TYPE: (1, 2, 4, 8, 16),
    RGB_TYPE: (8, 16),
    PALETTE_TYPE: (1, 2, 4, 8),
    GREY_ALPHA_TYPE: (8, 16),
    RGB_ALPHA_TYPE: (8, 16),
}
NAMES = {
    GREY_TYPE: ("grey, one level transparent or none", "grey"),
    RGB_TYPE: ("RGB, one colour transparent or none", "RGB"),
    PALETTE_TYPE: ("palette, with alpha or without", "RGB"),
    GREY_ALPHA_TYPE: ("grey with alpha", "grey"),
    RGB_ALPHA_TYPE: ("RGB with alpha", "RGB"),
}
ROWS = tuple(
    Row(stored, f"{listed([str(bits) for bits in BITS[kind]])} bits", becomes)
    for kind, (stored, becomes) in NAMES.items()
)
# First column and row, and steps, of the passes of interlaced images (section 8.1).
ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Pass:
    """The pixels of an image that follow each other.

    Attributes:
        grid: first column and row, and the steps to the next ones.
        columns, rows: their number.
        row: bytes of one row.
    """

    grid: tuple[int, int, int, int]
    columns: int
    rows: int
    row: int

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.rows * self.row

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rows and columns of the image that it holds."""
        left, top, right, down = self.grid
        return slice(top, None, down), slice(left, None, right)


@dataclass(frozen=True)
class Layout:
    """The header of a PNG file.

    Attributes:
        width, height: in pixels.
        bits: of a sample.
        colour: the colour type.
        interlaced: rows come in the seven passes of Adam7.
    """

    width: int
    height: int
    bits: int
    colour: int
    interlaced: bool

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of its channels without alpha."""
        return GREY if self.colour in (GREY_TYPE, GREY_ALPHA_TYPE) else RGB

    @property
    def has_alpha(self) -> bool:
        """True where each pixel has alpha of its own."""
        return self.colour in (GREY_ALPHA_TYPE, RGB_ALPHA_TYPE)

    def header(self, width: int, height: int) -> bytes:
        """Return the header of an image in one pass; palette indices are levels of grey."""
        colour = GREY_TYPE if self.colour == PALETTE_TYPE else self.colour
        return struct.pack(">IIBBBBB", width, height, self.bits, colour, 0, 0, 0)

    def size(self, width: int, height: int) -> int:
        """Return the number of bytes of an image, as rows with a byte each for their filter."""
        return sum(each.size for each in self.passes(width, height))

    def passes(self, width: int, height: int) -> list[Pass]:
        """Return the passes of an image that are not empty."""
        if not self.interlaced:
            return [Pass((0, 0, 1, 1), width, height, self._row(width))]
        passes = []
        for grid in ADAM7:
            left, top, right, down = grid
            columns, rows = -(-(width - left) // right), -(-(height - top) // down)
            if columns > 0 and rows > 0:
                passes.append(Pass(grid, columns, rows, self._row(columns)))
        return passes

    def _row(self, width: int) -> int:
        return 1 + -(-width * self.bits * SAMPLES[self.colour] // 8)


def layout_of(header: bytes) -> Layout:
    """Return the layout that the data of a header chunk states.

    Raises:
        ValueError: it is not one of those that the specification has.

    >>> layout_of(bytes([0, 0, 0, 5, 0, 0, 0, 4, 8, 2, 0, 0, 0])).size(5, 4)
    64
    """
    if len(header) != 13:
        raise ValueError("the PNG header is damaged")
    width, height, bits, colour, compression, filtering, interlace = struct.unpack(
        ">IIBBBBB", header
    )
    if not (0 < width <= LARGEST and 0 < height <= LARGEST):
        raise ValueError(f"the PNG header is damaged: {width}×{height} pixels")
    if bits not in BITS.get(colour, ()):
        raise ValueError(f"{counted(bits, 'bit')} of colour type {colour}, which PNG does not have")
    if compression or filtering or interlace > 1:
        raise ValueError(
            f"compression {compression}, filter {filtering} and interlace {interlace}, "
            "which PNG does not have"
        )
    return Layout(width, height, bits, colour, bool(interlace))
