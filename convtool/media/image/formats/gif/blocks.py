"""The blocks of a GIF file: the screen, the images drawn on it, and the extensions between.

It knows the layout only; nothing is decoded. Source: GIF89a Specification, CompuServe (1990)
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from convtool.media.image.canvas import Disposal, Drawing, Region
from convtool.media.image.reader import ENDS_EARLY, ImageInput
from convtool.media.image.samples import Samples
from convtool.sizes import counted

HEADER = 6  # bytes of the signature and the version
SCREEN = 7  # bytes of the logical screen descriptor
IMAGE, EXTENSION, TRAILER = b",", b"!", b";"
CONTROL, COMMENT, APPLICATION, PLAIN_TEXT = 0xF9, 0xFE, 0xFF, 0x01
LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
XMP, PROFILE = b"XMP DataXMP", b"ICCRGBG1012"
XMP_TRAILER = 257  # bytes behind an XMP packet, by which it reads like sub-blocks
MOST = 2**20  # blocks of a file
MOST_BYTES = 2**26  # of all extensions of a file
SQUARE = (0, 49)  # values of the pixel aspect ratio that say nothing
# What the disposal methods 0 to 3 mean; browsers take the undefined ones as 0.
DISPOSALS = {2: Disposal.CLEAR, 3: Disposal.RESTORE}
CENTISECOND = 10  # milliseconds


@dataclass
class Picture:
    """One image of a file.

    Attributes:
        drawing: where it is drawn, and when.
        palette: (N, 3) uint8.
        clear: the index that is transparent; None where there is none.
        interlaced: rows come in four passes.
        place: of its data in the file.
    """

    drawing: Drawing
    palette: Samples
    clear: int | None
    interlaced: bool
    place: int


@dataclass
class Blocks:
    """What a file holds.

    Attributes:
        size: of the screen, height and width.
        pictures: the images.
        plays: how many times they are played, 0 for ever.
        comments: the texts of comments.
        xmp: the XMP packet.
        profile: the colour profile.
        dropped: names of what is not kept.
    """

    size: tuple[int, int]
    pictures: list[Picture] = field(default_factory=list)
    plays: int = 1
    comments: list[str] = field(default_factory=list)
    xmp: bytes | None = None
    profile: bytes | None = None
    dropped: list[str] = field(default_factory=list)


def blocks_of(file: ImageInput) -> Blocks:
    """Return what a file holds.

    Raises:
        ReadError: it ends early, or is damaged.
        ValueError: it has no images, or too many blocks.
    """
    scanner = _Scanner(file)
    scanner.scan()
    if not scanner.blocks.pictures:
        raise ValueError("there is no image in the file")
    return scanner.blocks


class _Short(Exception):  # noqa: N818  # it is no error, but the end of what there is
    """The file ends within a block."""


class _Scanner:
    """Go through the blocks of a file once."""

    def __init__(self, file: ImageInput) -> None:
        self._file, self._stream = file, file.stream
        self._stream.seek(HEADER)
        screen = self._stream.read(SCREEN)
        if len(screen) < SCREEN:
            raise ValueError("the GIF header is damaged")
        width, height = int.from_bytes(screen[:2], "little"), int.from_bytes(screen[2:4], "little")
        if not width or not height:
            raise ValueError(f"the GIF header is damaged: {width}×{height} pixels")
        self.blocks = Blocks((height, width))
        if screen[6] not in SQUARE:
            self.blocks.dropped.append("pixel aspect ratio")
        self._palette: Samples | None = None
        self._flags, self._control = screen[4], bytes(4)
        self._left = MOST_BYTES

    def scan(self) -> None:
        """Go through all blocks."""
        try:
            self._palette = self._read_palette(self._flags)
            for _ in range(MOST):
                if not self._take():
                    self._check_end()
                    return
        except _Short:
            self._file.refuse_truncated(ENDS_EARLY)
            return
        raise ValueError(f"more than {MOST} blocks")

    def _take(self) -> bool:
        """Take the next block; return False at the end."""
        kind = self._read(1)
        if kind == IMAGE:
            self._take_image()
        elif kind == EXTENSION:
            self._take_extension(self._read(1)[0])
        elif kind == TRAILER:
            return False
        elif kind != b"\0":  # an empty block, which some programs leave between others
            self._file.refuse_damaged(f"no block begins at byte {self._stream.tell() - 1}")
            return False
        return True

    def _check_end(self) -> None:
        place = self._stream.tell()
        more = self._stream.seek(0, io.SEEK_END) - place
        self._stream.seek(place)
        if more and self._stream.read().strip(b"\0;"):
            self._file.refuse_damaged(f"{counted(more, 'byte')} after the end of the GIF")

    def _take_image(self) -> None:
        head = self._read(9)
        left, top, width, height = (
            int.from_bytes(head[at : at + 2], "little") for at in range(0, 8, 2)
        )
        flags = head[8]
        palette = self._read_palette(flags)
        palette = self._palette if palette is None else palette
        place = self._stream.tell()
        number = len(self.blocks.pictures) + 1
        control, self._control = self._control, bytes(4)
        if palette is None:
            raise ValueError(f"image {number} has no palette")
        delay = int.from_bytes(control[1:3], "little")
        drawing = Drawing(
            Region(left, top, width, height),
            DISPOSALS.get(control[0] >> 2 & 7, Disposal.KEEP),
            over=True,
            duration=float(delay * CENTISECOND) if delay else None,
        )
        clear = control[3] if control[0] & 1 else None
        picture = Picture(drawing, palette, clear, bool(flags & 0x40), place)
        if width and height:
            self.blocks.pictures.append(picture)
        else:
            self._file.refuse_damaged(f"image {number} has {width}×{height} pixels")
        self._read(1)
        self._skip()

    def _take_extension(self, label: int) -> None:
        if label == CONTROL:
            data = b"".join(self._sub_blocks())
            self._control = data[:4] if len(data) >= 4 else bytes(4)
        elif label == COMMENT:
            self.blocks.comments.append(_text(self._held()))
        elif label == APPLICATION:
            self._take_application()
        else:
            self._skip()
            self._control = bytes(4)  # it is for the next image or plain text
            name = "plain text" if label == PLAIN_TEXT else f"extension {label:#04x}"
            self.blocks.dropped.append(name)

    def _take_application(self) -> None:
        size = self._read(1)[0]
        name = self._read(size)
        if name == XMP:
            self.blocks.xmp = self._read_xmp()
        elif name == PROFILE:
            self.blocks.profile = self._held()
        elif name in LOOPS:
            data = self._held()
            if data[:1] == b"\1" and len(data) >= 3:
                again = int.from_bytes(data[1:3], "little")
                self.blocks.plays = again + 1 if again else 0
        else:
            self._skip()
            words = name.decode("latin-1").strip()
            self.blocks.dropped.append(f"extension '{words}'" if words.isprintable() else "data")

    def _read_xmp(self) -> bytes:
        """Return a packet, which is not in sub-blocks: its bytes are taken for their lengths."""
        place = self._stream.tell()
        self._skip()
        length = self._stream.tell() - place
        if length > self._left:
            raise ValueError("its extensions are too large")
        self._stream.seek(place)
        return self._read(length)[: -XMP_TRAILER - 1]

    def _held(self) -> bytes:
        """Return the joined data of sub-blocks."""
        pieces = []
        for data in self._sub_blocks():
            self._left -= len(data)
            if self._left < 0:
                raise ValueError("its extensions are too large")
            pieces.append(data)
        return b"".join(pieces)

    def _sub_blocks(self) -> Iterator[bytes]:
        while size := self._read(1)[0]:
            yield self._read(size)

    def _skip(self) -> None:
        while size := self._read(1)[0]:
            self._read(size)

    def _read_palette(self, flags: int) -> Samples | None:
        if not flags & 0x80:
            return None
        data = self._read(3 * 2 ** ((flags & 7) + 1))
        return np.frombuffer(data, np.uint8).reshape(-1, 3)

    def _read(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise _Short
        return data


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
