"""Say by a file's own structure whether its end is missing. It decodes nothing.

Numbers of frames that a header declares are no measure: edit lists hide frames, and chunks may be
empty. Declared durations are one only for Matroska, whose damaged files end where they are, and for
fragmented MP4, of which whole fragments may be missing.
"""

import os
from collections.abc import Callable
from typing import BinaryIO

MATROSKA, MP4 = "matroska,webm", "mov,mp4,m4a,3gp,3g2,mj2"
MATROSKA_SEGMENT = b"\x18\x53\x80\x67"
MATROSKA_HEADER = b"\x1a\x45\xdf\xa3"
TS_SYNC = 0x47
TS_PACKETS = ((188, 0), (192, 4), (204, 0))  # sizes of packets, and where their first byte lies
GIF_HEADER = 13  # bytes, without the colour table
GIF_IMAGE, GIF_EXTENSION, GIF_TRAILER = b",", b"!", b";"
AVI_SLACK = 16  # bytes: writers count the padding and their own header differently
BOXES = frozenset(
    b"ftyp moov mdat moof mfra sidx ssix styp emsg prft pdin meta udta uuid free skip wide junk "
    b"pnot PICT".split()
)
FLV_HEADER, FLV_TAG = 9, 11  # bytes; each tag is followed by its size in 4
# the file properties of ASF; the size of the file follows 40 bytes after their beginning
ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
ASF_HEAD = 1 << 16  # bytes in which they are looked for
MAX_PARTS = 10_000_000


def missing(file: BinaryIO, format: str) -> str | None:
    """Return what is missing at the end of a file; None where it is whole or cannot be told.

    Args:
        file: its bytes; the position is kept.
        format: FFmpeg's name of its format.
    """
    check = CHECKS.get(format)
    if check is None:
        return None
    place = file.tell()
    size = file.seek(0, os.SEEK_END)
    try:
        return check(file, size)
    finally:
        file.seek(place)


def is_measured(format: str, frames: int) -> bool:
    """Return whether the declared duration, too, shows that a file is whole.

    Args:
        format: FFmpeg's name of its format.
        frames: that the header of the video counts; 0 where fragments do.
    """
    return format == MATROSKA or (format == MP4 and not frames)


def _early(end: int, size: int) -> str | None:
    return f"the file ends {end - size:,} bytes early" if end > size else None


def _boxes(file: BinaryIO, size: int) -> str | None:
    """Walk the boxes of an MP4 or MOV file."""
    place = 0
    for _ in range(MAX_PARTS):
        header = _at(file, place, 16)
        length = int.from_bytes(header[:4])
        if length == 1:
            length = int.from_bytes(header[8:16])
        # what follows a last box, or a box up to the end
        if len(header) < 8 or length < 8 or header[4:8] not in BOXES:
            return None
        place += length
        if place >= size:
            break
    return _early(place, size)


def _segment(file: BinaryIO, size: int) -> str | None:
    """Compare the segment of a Matroska file with the file."""
    return _early(_segment_end(file) or 0, size)


def _segment_end(file: BinaryIO) -> int | None:
    """Return where the segment of a Matroska file ends; None where that is not stated."""
    place = 0
    for element in (MATROSKA_HEADER, MATROSKA_SEGMENT):
        if _at(file, place, 4) != element:
            return None
        length = _at(file, place + 4, 8)
        if not length or not length[0]:
            return None
        width = 9 - length[0].bit_length()
        unknown = (1 << 7 * width) - 1
        value = int.from_bytes(length[:width]) & unknown
        if value == unknown:
            return None
        place += 4 + width + value
    return place


def _chunks(file: BinaryIO, size: int) -> str | None:
    """Walk the RIFF chunks of an AVI file, of which large ones have several."""
    place = 0
    for _ in range(MAX_PARTS):
        header = _at(file, place, 8)
        length = int.from_bytes(header[4:], "little")
        if header[:4] != b"RIFF" or not length:
            return None
        place += 8 + length + length % 2
        if place >= size:
            break
    return _early(place - AVI_SLACK, size)


def _tags(file: BinaryIO, size: int) -> str | None:
    """Walk the tags of an FLV file."""
    place = FLV_HEADER + 4
    for _ in range(MAX_PARTS):
        header = _at(file, place, 4)
        if place >= size or len(header) < 4:
            break
        place += FLV_TAG + int.from_bytes(header[1:]) + 4
    return _early(place - 4, size)  # the last size is often left out


def _declared_size(file: BinaryIO, size: int) -> str | None:
    """Compare the size that an ASF file declares with the file."""
    head = _at(file, 0, ASF_HEAD)
    place = head.find(ASF_PROPERTIES)
    if place < 0:
        return None
    return _early(int.from_bytes(head[place + 40 : place + 48], "little"), size)


def _packets(file: BinaryIO, size: int) -> str | None:
    """Compare an MPEG transport stream with the size of its packets."""
    head = _at(file, 0, 5 * TS_PACKETS[-1][0])
    for length, first in TS_PACKETS:
        if len(head) > 4 * length and all(head[first + n * length] == TS_SYNC for n in range(4)):
            part = size % length
            return f"{part} of the {length} bytes of its last packet" if part else None
    return None


def _blocks(file: BinaryIO, size: int) -> str | None:
    """Walk the blocks of a GIF up to its end, whatever follows."""
    place = GIF_HEADER + _colour_table(_at(file, 10, 1))
    for _ in range(MAX_PARTS):
        kind = _at(file, place, 1)
        if kind == GIF_TRAILER:
            return None
        if kind == GIF_EXTENSION:
            place += 2
        elif kind == GIF_IMAGE:
            place += 11 + _colour_table(_at(file, place + 9, 1))
        else:
            break
        while length := _at(file, place, 1):
            place += 1 + length[0]
            if not length[0]:
                break
        if place > size:
            break
    return "no end-of-stream marker"


def _colour_table(flags: bytes) -> int:
    """Return the bytes of a colour table of which a GIF tells."""
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0


def _at(file: BinaryIO, place: int, count: int) -> bytes:
    file.seek(place)
    return file.read(count)


CHECKS: dict[str, Callable[[BinaryIO, int], str | None]] = {
    MP4: _boxes,
    MATROSKA: _segment,
    "avi": _chunks,
    "flv": _tags,
    "asf": _declared_size,
    "mpegts": _packets,
    "gif": _blocks,
}
