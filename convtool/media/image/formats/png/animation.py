"""The frames of an animated PNG: where they are drawn, when, and which chunks hold them.

Source: PNG Specification (Third Edition), section 11.3.6
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from convtool.media.image.canvas import Disposal, Drawing, Region
from convtool.media.image.formats.png.chunks import Chunk, read
from convtool.media.image.formats.png.layout import Layout
from convtool.media.image.reader import ImageInput
from convtool.sizes import counted

CONTROL = struct.Struct(">IIIIIHHBB")  # fcTL
USUAL_DENOMINATOR = 100  # what 0 stands for
SEQUENCE = 4  # bytes of the number at the beginning of fdAT
MILLISECONDS = 1000


@dataclass
class Animation:
    """What a PNG file shows.

    Attributes:
        still: chunks of the image that every program shows.
        drawings: the frames; none where the file is no animation.
        data: the chunks of each frame.
        plays: how many times they are played, 0 for ever; None where it is no animation.
    """

    still: list[Chunk] = field(default_factory=list)
    drawings: list[Drawing] = field(default_factory=list)
    data: list[list[Chunk]] = field(default_factory=list)
    plays: int | None = None

    @property
    def hides(self) -> bool:
        """True where the image that every program shows is not a frame of the animation."""
        return bool(self.drawings) and self.still != self.data[0]


def animation_of(file: ImageInput, chunks: Sequence[Chunk], layout: Layout) -> Animation:
    """Return what a file shows.

    Raises:
        ReadError: frames are missing or out of order.
        ValueError: a frame does not fit the image.
    """
    found = _Frames(file, layout)
    for chunk in chunks:
        found.take(chunk)
    return found.finished()


class _Frames:
    """Collect the frames of a file from its chunks."""

    def __init__(self, file: ImageInput, layout: Layout) -> None:
        self._file, self._layout = file, layout
        self._shown = Animation()
        self._declared: int | None = None
        self._sequence = 0
        self._before = ""

    def take(self, chunk: Chunk) -> None:
        """Take the next chunk of the file."""
        shown = self._shown
        if chunk.kind == "IDAT":
            self._take_still(chunk)
        elif chunk.kind == "acTL" and not shown.still:
            self._declare(read(self._file, chunk))
        elif self._declared is None and chunk.kind in ("acTL", "fcTL", "fdAT"):
            self._file.note("frames without a declaration before the image ignored")
        elif chunk.kind == "fcTL":
            self._control(read(self._file, chunk))
        elif chunk.kind == "fdAT":
            self._take_data(chunk)
        self._before = chunk.kind

    def finished(self) -> Animation:
        """Return all that was found."""
        shown = self._shown
        if not shown.still:
            raise ValueError("there are no pixels")
        whole = [index for index, data in enumerate(shown.data) if data]
        shown.drawings = [shown.drawings[index] for index in whole]
        shown.data = [shown.data[index] for index in whole]
        if self._declared is not None and self._declared != len(whole):
            self._file.refuse_truncated(
                f"{counted(len(whole), 'frame')} found, {self._declared} declared"
            )
        if not shown.drawings:
            shown.plays = None
        return shown

    def _take_still(self, chunk: Chunk) -> None:
        shown = self._shown
        if shown.still and self._before != "IDAT":
            self._file.refuse_damaged("other chunks lie between those of the pixels")
        shown.still.append(chunk)
        if shown.drawings:
            if len(shown.drawings) > 1:
                raise ValueError("the chunks of the frames are out of order")
            shown.data[0].append(chunk)

    def _declare(self, data: bytes | None) -> None:
        if data is None:
            return
        if len(data) != 8:
            raise ValueError(f"an acTL chunk of {len(data)} bytes")
        self._declared, self._shown.plays = struct.unpack(">II", data)

    def _control(self, data: bytes | None) -> None:
        if data is None:
            return
        if len(data) != CONTROL.size:
            raise ValueError(f"an fcTL chunk of {len(data)} bytes")
        sequence, width, height, left, top, num, den, disposal, blend = CONTROL.unpack(data)
        self._check_order(sequence)
        screen = Region(0, 0, self._layout.width, self._layout.height)
        region, number = Region(left, top, width, height), len(self._shown.drawings) + 1
        still = not self._shown.still  # the next pixels are those of the whole image
        if not (width and height and screen.covers(region)) or (still and region != screen):
            raise ValueError(f"frame {number} does not fit the image")
        if disposal > Disposal.RESTORE.value or blend > 1:
            raise ValueError(f"frame {number} has disposal {disposal} and blend {blend}")
        duration = MILLISECONDS * num / (den or USUAL_DENOMINATOR)
        self._shown.drawings.append(Drawing(region, Disposal(disposal), bool(blend), duration))
        self._shown.data.append([])

    def _take_data(self, chunk: Chunk) -> None:
        if chunk.length < SEQUENCE and chunk.whole:
            raise ValueError(f"an fdAT chunk of {chunk.length} bytes")
        self._file.stream.seek(chunk.place)
        self._check_order(int.from_bytes(self._file.stream.read(SEQUENCE)))
        if not self._shown.data or not self._shown.still:
            raise ValueError("the chunks of the frames are out of order")
        self._shown.data[-1].append(chunk)

    def _check_order(self, sequence: int) -> None:
        if sequence != self._sequence:
            self._file.refuse_damaged("the chunks of the frames are out of order")
        self._sequence = sequence + 1
