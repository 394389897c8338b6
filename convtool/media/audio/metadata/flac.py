"""The metadata blocks of FLAC files.

Source: RFC 9639, section 8.
"""

import io
from collections.abc import Iterator
from typing import BinaryIO

from convtool.media.audio.metadata.model import Chunk, Metadata
from convtool.media.audio.metadata.vorbis import (
    build_comments,
    build_picture,
    parse_comments,
    parse_picture,
)

MAGIC = b"fLaC"
STREAMINFO, PADDING, APPLICATION, SEEKTABLE, COMMENTS, CUESHEET, PICTURE = range(7)
LAST = 0x80  # a flag of the last block
STREAMINFO_BYTES = 34
KEPT = len(MAGIC) + 4 + STREAMINFO_BYTES  # bytes of a header that stay as they are
NAMES = {APPLICATION: "APPLICATION", CUESHEET: "CUESHEET"}
TIMED = (CUESHEET,)


def read_flac(file: BinaryIO, start: int = 0) -> Metadata:
    """Return the metadata of a FLAC stream that begins at a position."""
    found = Metadata()
    for kind, data in _blocks(file, start):
        if kind == COMMENTS:
            found = found.and_also(parse_comments(data))
        elif kind == PICTURE and (picture := parse_picture(data)):
            found = found.and_also(Metadata(pictures=(picture,)))
        elif kind in NAMES:
            chunk = Chunk("FLAC", bytes([kind]), data, kind in TIMED, NAMES[kind])
            found = found.and_also(Metadata(chunks=(chunk,)))
    return found


def _blocks(file: BinaryIO, start: int) -> Iterator[tuple[int, bytes]]:
    """Yield the type and the content of each block."""
    file.seek(start)
    if file.read(4) != MAGIC:
        return
    while len(head := file.read(4)) == 4:
        yield head[0] & ~LAST, file.read(int.from_bytes(head[1:], "big"))
        if head[0] & LAST:
            return


def header_length(data: bytes) -> int | None:
    """Return how many bytes the header of a FLAC file has; None where more bytes are needed."""
    position = len(MAGIC)
    while position + 4 <= len(data):
        last = data[position] & LAST
        position += 4 + int.from_bytes(data[position + 1 : position + 4], "big")
        if last:
            return position if position <= len(data) else None
    return None


def build_header(header: bytes, metadata: Metadata) -> bytes:
    """Return a header with the stream information of another, and with metadata.

    Args:
        header: of the file as the encoder wrote it.
        metadata: what the file holds.
    """
    info = header[:KEPT]
    written = dict(_blocks(io.BytesIO(header), 0))
    comments = build_comments(metadata, written.get(COMMENTS, b""), pictures=False)
    blocks = [(COMMENTS, comments)]
    blocks += [(PICTURE, build_picture(picture)) for picture in metadata.pictures]
    blocks += [(chunk.id[0], chunk.data) for chunk in metadata.chunks]
    flags = [0] * (len(blocks) - 1) + [LAST]
    return (
        info[:4]
        + bytes([STREAMINFO])
        + info[5:]
        + b"".join(
            bytes([kind | flag]) + len(data).to_bytes(3, "big") + data
            for (kind, data), flag in zip(blocks, flags, strict=True)
        )
    )
