"""Files that are a row of chunks: WAV, RF64, W64, AIFF and CAF.

Source: Microsoft RIFF; EBU Tech 3306 (RF64); Sony Wave64; Apple AIFF 1.3 and CAF 1.0.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

_W64_TAIL = bytes.fromhex("f3acd3118cd100c04f8edb8a")  # of most of the GUIDs of W64
_W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_W64_LIST = bytes.fromhex("6c6973742f91cf11a5d628db04c10000")
_UNKNOWN = 2**32 - 1  # RF64 states the size of its samples in ds64
# Chunks of samples, and what stands before the first one.
SAMPLES = {b"data": b"", b"SSND": bytes(8)}
MAX_CHUNK = 2**26  # bytes of one that is carried


@dataclass(frozen=True)
class Layout:
    """How a kind of file lays its chunks out.

    Attributes:
        home: its name.
        first: where the first chunk begins.
        id: bytes of an identifier.
        size: bytes of a size.
        order: of the bytes of a size.
        align: chunks begin at multiples of it.
        inclusive: a size counts the identifier and itself.
        total: where the size of the file stands; None where it has none.
    """

    home: str
    first: int
    id: int
    size: int
    order: Literal["little", "big"]
    align: int
    inclusive: bool = False
    total: int | None = 4


RIFF = Layout("RIFF", 12, 4, 4, "little", 2)
AIFF = Layout("AIFF", 12, 4, 4, "big", 2)
W64 = Layout("W64", 40, 16, 8, "little", 8, inclusive=True, total=16)
CAF = Layout("CAF", 8, 4, 8, "big", 1, total=None)


def layout_of(start: bytes) -> Layout | None:
    """Return how a file is laid out, by its first 16 bytes; None where it has no chunks."""
    if start[:4] in (b"RIFF", b"RF64", b"BW64") and start[8:12] == b"WAVE":
        return RIFF
    if start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC"):
        return AIFF
    if start[:16] == _W64_RIFF:
        return W64
    return CAF if start[:4] == b"caff" else None


@dataclass(frozen=True)
class Place:
    """Where a chunk stands in a file.

    Attributes:
        id: its identifier, four bytes where it is one of the usual ones.
        start: of its content.
        length: of its content, in bytes.
    """

    id: bytes
    start: int
    length: int

    def read(self, file: BinaryIO) -> bytes:
        """Return the content."""
        file.seek(self.start)
        return file.read(self.length)


def places(file: BinaryIO, layout: Layout) -> Iterator[Place]:
    """Yield the chunks of a file in their order; a damaged one ends them.

    Samples without a size, as programs write them into pipes, reach to the end of the file.
    """
    end = file.seek(0, 2)
    position, head, large = layout.first, layout.id + layout.size, None
    while position + head <= end:
        file.seek(position)
        id = _short(file.read(layout.id))
        length = int.from_bytes(file.read(layout.size), layout.order)
        if layout.inclusive:
            length -= head
        if id == b"ds64":
            large = int.from_bytes(file.read(16)[8:], "little")
        if id == b"data" and length == _UNKNOWN and large is not None:
            length = large
        if len(id) == 4 and not all(32 <= byte < 127 for byte in id):
            return  # samples, after a chunk of them that states no size
        unknown = id in SAMPLES and length <= len(SAMPLES[id])
        if unknown or length < 0 or position + head + length > end:
            length = end - position - head
        yield Place(id, position + head, length)
        position += head + length
        position += -position % layout.align


def _short(id: bytes) -> bytes:
    """Return the four letters that a GUID of W64 begins with."""
    if id[4:] == _W64_TAIL:
        return id[:4]
    return b"LIST" if id == _W64_LIST else id


def _long(id: bytes) -> bytes:
    """Return the GUID of four letters, the reverse of `_short`."""
    return _W64_LIST if id == b"LIST" else id + _W64_TAIL


def append(file: BinaryIO, layout: Layout, chunks: Iterable[tuple[bytes, bytes]]) -> None:
    """Write chunks behind all others, and correct the size of the file.

    Args:
        file: complete, open for reading and writing.
        layout: of the file.
        chunks: identifiers and contents.
    """
    end = file.seek(0, 2)
    for id, content in chunks:
        file.write(bytes(-end % layout.align))
        full = _long(id) if layout.id > len(id) else id
        extra = layout.id + layout.size if layout.inclusive else 0
        file.write(full + (len(content) + extra).to_bytes(layout.size, layout.order) + content)
        end = file.tell()
    file.write(bytes(-end % layout.align))
    if layout.total is not None:
        _correct_size(file, layout, file.tell())


def _correct_size(file: BinaryIO, layout: Layout, end: int) -> None:
    assert layout.total is not None
    size = end if layout.inclusive else end - layout.total - layout.size
    file.seek(layout.total)
    if int.from_bytes(file.read(layout.size), layout.order) == _UNKNOWN:  # RF64: in ds64
        file.seek(20)
        file.write(size.to_bytes(8, "little"))
    else:
        file.seek(layout.total)
        file.write(size.to_bytes(layout.size, layout.order))
    file.seek(0, 2)
