"""The pages of Ogg files, and the links of a chain.

Source: RFC 3533.
"""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

MAGIC = b"OggS"
CONTINUED, FIRST, LAST = 1, 2, 4  # flags of a page
HEAD = 27  # bytes of a page before its segment table
MAX_SEGMENTS = 255
OPUS_HEAD, OPUS_RATE = b"OpusHead", 48000
PIECE = 2**18  # bytes that are read at once
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def checksum(data: bytes) -> int:
    """Return Ogg's checksum: zlib's polynomial, with all bits in the other order.

    >>> hex(checksum(b"123456789"))
    '0x89a1897f'
    """
    mirrored = zlib.crc32(data.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


@dataclass(frozen=True)
class Page:
    """A page of an Ogg file.

    Attributes:
        flags: first or last of its stream, or continued.
        granule: the position at its end, in samples for audio; -1 where no packet ends on it.
        serial: of its stream.
        number: of the page in its stream.
        lacing: the lengths of its segments.
        body: its content.
        start: where it begins in the file.
        sound: its checksum is right.
    """

    flags: int
    granule: int
    serial: int
    number: int
    lacing: bytes
    body: bytes
    start: int = 0
    sound: bool = True

    @property
    def end(self) -> int:
        """Where it ends in the file."""
        return self.start + HEAD + len(self.lacing) + len(self.body)

    def encoded(self) -> bytes:
        """Return its bytes, with their checksum."""
        fields = (MAGIC, 0, self.flags, self.granule, self.serial, self.number, 0)
        head = struct.pack("<4sBBqIIIB", *fields, len(self.lacing)) + self.lacing
        return _summed(head + self.body)


def _summed(page: bytes) -> bytes:
    return page[:22] + struct.pack("<I", checksum(page)) + page[26:]


def pages(file: BinaryIO) -> Iterator[Page]:
    """Yield the whole pages of a file in their order; bytes between them are left out."""
    file.seek(0)
    held, base, position = b"", 0, 0  # bytes, where they begin in the file, and how many are done
    while True:
        start = held.find(MAGIC, position)
        page = page_at(held, start, base + start) if start >= 0 else None
        if page is not None:
            position = page.end - base
            yield page
            continue
        kept = start if start >= 0 else max(position, len(held) - len(MAGIC) + 1)
        base, held, position = base + kept, held[kept:], 0
        more = file.read(PIECE)
        if more:
            held += more
        elif len(held) > len(MAGIC):
            position = 1  # no page begins here
        else:
            return


def page_at(data: bytes, position: int, start: int) -> Page | None:
    """Return the page at a position of data; None where its end is missing."""
    if len(data) < position + HEAD or len(data) < position + HEAD + data[position + 26]:
        return None
    fields = struct.unpack_from("<4sBBqIIIB", data, position)
    _, _, flags, granule, serial, number, stated, count = fields
    body = position + HEAD + count
    lacing = data[position + HEAD : body]
    end = body + sum(lacing)
    if len(data) < end:
        return None
    whole = data[position:end]
    sound = checksum(whole[:22] + bytes(4) + whole[26:]) == stated
    return Page(flags, granule, serial, number, lacing, data[body:end], start, sound)


@dataclass(frozen=True)
class Link:
    """A stretch of an Ogg file with streams that begin together.

    Attributes:
        start: where it begins in the file.
        end: where it ends.
        first: its first page, which tells the codec.
        serials: of its streams.
        ended: the last page of every stream is marked as the last.
        flaw: what is wrong with its pages; empty where nothing is.
    """

    start: int
    end: int
    first: Page
    serials: frozenset[int]
    ended: bool = False
    flaw: str = ""


def links(file: BinaryIO) -> list[Link]:
    """Return the links of a chained Ogg file; one where it is not chained."""
    found: list[Link] = []
    numbers: dict[int, int] = {}
    open_streams: set[int] = set()
    starting = False
    for page in pages(file):
        if page.flags & FIRST and not (starting and found):
            found.append(Link(page.start, page.end, page, frozenset()))
            numbers, open_streams = {}, set()
        if not found:
            continue
        starting = bool(page.flags & FIRST)
        if starting:
            open_streams.add(page.serial)
        if page.flags & LAST:
            open_streams.discard(page.serial)
        serials = found[-1].serials | {page.serial}
        flaw = found[-1].flaw or _flaw(page, numbers.get(page.serial))
        numbers[page.serial] = page.number
        found[-1] = replace(
            found[-1], end=page.end, serials=serials, ended=not open_streams, flaw=flaw
        )
    return found


def _flaw(page: Page, previous: int | None) -> str:
    """Return what is wrong with a page that follows another of its stream."""
    if not page.sound:
        return f"page {page.number} has a wrong checksum"
    if previous is not None and page.number != previous + 1:
        return f"pages are missing between {previous} and {page.number}"
    return ""


def full_rate(link: Link) -> bytes:
    """Return the first page of an Opus stream with the rate that Opus always has.

    The rate in its header is only that of what was encoded, and decoders may take it for more. For
    other streams nothing is returned.
    """
    body = link.first.body
    if not body.startswith(OPUS_HEAD) or len(body) < 19:
        return b""
    return replace(link.first, body=body[:12] + struct.pack("<I", OPUS_RATE) + body[16:]).encoded()


def packets(file: BinaryIO, count: int) -> list[bytes]:
    """Return the first packets of a file's first stream."""
    found: list[Page] = []
    for page in pages(file):
        if found and page.serial != found[0].serial:
            continue
        found.append(page)
        whole = joined(found)
        if len(whole) >= count:
            return whole[:count]
    return joined(found)


def joined(pages: Iterable[Page]) -> list[bytes]:
    """Return the whole packets of pages that follow each other in a stream."""
    found: list[bytes] = []
    held = b""
    for page in pages:
        position = 0
        for length in page.lacing:
            held += page.body[position : position + length]
            position += length
            if length < MAX_SEGMENTS:
                found.append(held)
                held = b""
    return found


def paged(packets: list[bytes], serial: int, number: int, granule: int = 0) -> list[Page]:
    """Return packets in pages.

    Args:
        packets: whole ones.
        serial: of the stream.
        number: of the first page.
        granule: of pages on which a packet ends.
    """
    segments = [part for packet in packets for part in _segments(packet)]
    found: list[Page] = []
    for first in range(0, len(segments), MAX_SEGMENTS):
        group = segments[first : first + MAX_SEGMENTS]
        continued = first > 0 and len(segments[first - 1]) == MAX_SEGMENTS
        ends = any(len(part) < MAX_SEGMENTS for part in group)
        page = Page(
            CONTINUED if continued else 0,
            granule if ends else -1,
            serial,
            number + len(found),
            bytes(map(len, group)),
            b"".join(group),
        )
        found.append(page)
    return found


def _segments(packet: bytes) -> list[bytes]:
    """Return a packet in segments; the last one is shorter than the longest possible, or empty."""
    step = MAX_SEGMENTS
    return [packet[start : start + step] for start in range(0, len(packet) + 1, step)]
