"""FLAC streams that were joined to one file.

Source: RFC 9639, section 8.
"""

from typing import BinaryIO

from convtool.media.audio.metadata.id3 import HEAD, tag_length
from convtool.media.window import window

MARKS = (b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22")  # with the head of the first metadata block
PIECE = 2**22  # bytes that are read at once


def starts(file: BinaryIO) -> list[int]:
    """Return where streams begin in a FLAC file; none where it is no such file."""
    file.seek(0)
    head = file.read(HEAD)
    first = tag_length(head)
    file.seek(first)
    if file.read(4) != MARKS[0][:4]:
        return []
    file.seek(first)
    found: list[int] = []
    base, held = first, b""
    while piece := file.read(PIECE):
        held += piece
        found += [base + place for place in _marks(held)]
        kept = len(MARKS[0]) - 1
        base, held = base + len(held) - kept, held[-kept:]
    return found


def _marks(data: bytes) -> list[int]:
    """Return where marks stand in data, in their order."""
    found = []
    for mark in MARKS:
        place = data.find(mark)
        while place >= 0:
            found.append(place)
            place = data.find(mark, place + 1)
    return sorted(found)


def windows(file: BinaryIO, places: list[int]) -> list[BinaryIO]:
    """Return the streams of a file that begin at these places."""
    ends = [*places[1:], file.seek(0, 2)]
    return [window(file, start, end) for start, end in zip(places, ends, strict=True)]
