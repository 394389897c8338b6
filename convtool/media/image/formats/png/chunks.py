"""The chunks of a PNG file: where they lie, their checksums, and how they are written.

It knows the layout only, not what a chunk means.
"""

import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from convtool.media.image.reader import ENDS_EARLY, ImageInput
from convtool.sizes import counted

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST = 2**20  # chunks of a file
PIECE = 2**20  # bytes of pixels that are read at once
AROUND = 12  # bytes of a chunk beside its data: length, kind and checksum
LONGEST = 2**31 - 1
SMALL_LETTER = 0x20  # the bit of a letter of a kind that states a property


@dataclass(frozen=True)
class Chunk:
    """Where a chunk lies.

    Attributes:
        kind: its four letters.
        place: of its data, in the file.
        length: of its data, in bytes.
        whole: the file holds all of it.
    """

    kind: str
    place: int
    length: int
    whole: bool = True

    @property
    def critical(self) -> bool:
        """True where the image cannot be read without knowing the chunk."""
        return not ord(self.kind[0]) & SMALL_LETTER


def chunks_of(file: ImageInput) -> list[Chunk]:
    """Return the chunks of a file; their data is not read.

    Raises:
        ReadError: the file ends early, or goes on behind its end.
        ValueError: it has no chunks, or too many.
    """
    size = file.stream.seek(0, io.SEEK_END)
    found: list[Chunk] = []
    for chunk in _walk(file.stream, size):
        found.append(chunk)
        if chunk.kind != "IHDR" and len(found) == 1:
            raise ValueError("the PNG header is damaged")
        if len(found) > MOST:
            raise ValueError(f"more than {MOST} chunks")
    if not found or not found[0].whole:
        raise ValueError("the PNG header is damaged")
    last = found[-1]
    if last.kind != "IEND" or not last.whole:
        file.refuse_truncated(ENDS_EARLY)
    elif size > (end := last.place + last.length + 4):
        file.refuse_damaged(f"{counted(size - end, 'byte')} after the end of the PNG")
    return found


def _walk(stream: BinaryIO, size: int) -> Iterator[Chunk]:
    """Yield chunks up to the one that ends the image, or to the end of the file."""
    place = len(SIGNATURE)
    while place + 8 <= size:
        stream.seek(place)
        head = stream.read(8)
        length, kind = int.from_bytes(head[:4]), head[4:]
        if not kind.isalpha() or length > LONGEST:
            if place == len(SIGNATURE):
                return
            raise ValueError(f"no chunk begins at byte {place}")
        there = min(length, size - place - 8)
        yield Chunk(kind.decode("ascii"), place + 8, there, place + AROUND + length <= size)
        if kind == b"IEND":
            return
        place += AROUND + length


def read(file: ImageInput, chunk: Chunk) -> bytes | None:
    """Return the data of a chunk; None where it is damaged, and that is allowed.

    Raises:
        ReadError: its checksum is wrong.
    """
    data, intact = _read(file.stream, chunk)
    if not chunk.whole:
        return None
    if not intact:
        file.refuse_damaged(f"the {chunk.kind} chunk does not match its checksum")
    return data if intact else None


def read_pixels(file: ImageInput, chunk: Chunk) -> Iterator[bytes]:
    """Yield the data of a chunk of pixels in pieces; of a damaged one, a part is useful.

    Raises:
        ReadError: its checksum is wrong.
    """
    checksum = zlib.crc32(chunk.kind.encode())
    for start in range(0, chunk.length, PIECE):
        file.stream.seek(chunk.place + start)
        data = file.stream.read(min(PIECE, chunk.length - start))
        checksum = zlib.crc32(data, checksum)
        yield data
    file.stream.seek(chunk.place + chunk.length)
    if chunk.whole and int.from_bytes(file.stream.read(4)) != checksum:
        file.refuse_damaged(f"the {chunk.kind} chunk does not match its checksum")


def _read(stream: BinaryIO, chunk: Chunk) -> tuple[bytes, bool]:
    stream.seek(chunk.place)
    data = stream.read(chunk.length)
    checksum = int.from_bytes(stream.read(4))
    return data, zlib.crc32(data, zlib.crc32(chunk.kind.encode())) == checksum


def write(file: BinaryIO, kind: str, *data: bytes | memoryview) -> None:
    """Write a chunk, whose data may come in pieces."""
    checksum = zlib.crc32(kind.encode())
    for piece in data:
        checksum = zlib.crc32(piece, checksum)
    file.write(sum(map(len, data)).to_bytes(4) + kind.encode())
    file.writelines(data)
    file.write(checksum.to_bytes(4))
