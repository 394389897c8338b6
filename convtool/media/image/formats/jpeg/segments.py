"""The segments of a JPEG file: what stands before, between and behind its scans.

Nothing is decoded here. Source: ITU-T T.81, annex B; T.872 and Adobe's technical note 5116 for the
colour models.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

SOI, EOI, SOS, COM = 0xD8, 0xD9, 0xDA, 0xFE
APP0, APP1, APP2, APP13, APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # without tables and the reserved one
APPLICATION = {*range(0xE0, 0xF0), COM}
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length
PROGRESSIVE, PROGRESSIVE_ARITHMETIC = 0xC2, 0xCA
COEFFICIENTS = 64
# A marker within coded data: neither a stuffed byte, nor a restart, nor fill.
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class HeaderError(ValueError):
    """The header is damaged."""


@dataclass(frozen=True)
class Component:
    """One component of the frame: its number, and how finely it is sampled."""

    number: int
    horizontal: int
    vertical: int


@dataclass(frozen=True)
class Frame:
    """The frame header (T.81, B.2.2).

    Attributes:
        marker: the coding process.
        precision: bits per sample.
        height, width: in pixels.
        components: in their order.
    """

    marker: int
    precision: int
    height: int
    width: int
    components: tuple[Component, ...]

    @property
    def sampling(self) -> str:
        """The sampling factors of all components, such as `2×2, 1×1, 1×1`."""
        return ", ".join(f"{one.horizontal}×{one.vertical}" for one in self.components)


@dataclass
class Segments:
    """The parts of a file.

    Attributes:
        frame: the frame header.
        tables: segments that decoding needs, by their markers.
        application: segments of applications and comments, by their markers.
        strays: bytes that belong to no segment, all before the first scan.
        scan: where the first scan begins.
        end: where the image ends; None where its end is missing.
        missing: what the scans leave out, in words; empty where they are complete.
    """

    frame: Frame
    tables: list[tuple[int, bytes]] = field(default_factory=list)
    application: list[tuple[int, bytes]] = field(default_factory=list)
    strays: int = 0
    scan: int = 0
    end: int | None = None
    missing: str = ""

    @property
    def adobe(self) -> int | None:
        """The colour transform that Adobe's segment states; None without such a segment."""
        for marker, payload in self.application:
            if marker == APP14 and payload.startswith(b"Adobe") and len(payload) >= 12:
                return payload[11]
        return None

    def payloads(self, marker: int, start: bytes) -> list[bytes]:
        """Return what follows `start` in the segments that have this marker and begin so."""
        return [
            payload[len(start) :]
            for kind, payload in self.application
            if kind == marker and payload.startswith(start)
        ]


def parse(data: bytes) -> Segments:
    """Return the parts of a file.

    Raises:
        HeaderError: it has no frame or no scan, or they contradict each other.
    """
    frame, found = None, []
    place, strays = 2, 0
    while True:
        marker, place, skipped = _next_marker(data, place)
        strays += skipped
        if marker in ALONE:
            strays += 2 * (marker != 0x01)
            continue
        if marker == EOI:
            raise HeaderError("it holds no image data")
        payload, after = _payload(data, place)
        if marker == SOS:
            break
        if marker in FRAMES:
            if frame is not None:
                raise HeaderError("it has two frame headers")
            frame = _frame(marker, payload)
        found.append((marker, payload))
        place = after
    if frame is None:
        raise HeaderError("it has no frame header")
    segments = Segments(
        frame,
        [(kind, payload) for kind, payload in found if kind not in APPLICATION],
        [(kind, payload) for kind, payload in found if kind in APPLICATION],
        strays,
        scan=place - 2,
    )
    segments.end, segments.missing = _scans(data, segments)
    return segments


def minimal(data: bytes, segments: Segments) -> bytes:
    """Return the same image with nothing but what its pixels need."""
    kept = [(APP0, b"JFIF\0\1\1\0\0\1\0\1\0\0")] if segments.payloads(APP0, b"JFIF\0") else []
    if segments.adobe is not None:
        usual = 2 if len(segments.frame.components) == 4 else 1
        transform = segments.adobe if segments.adobe < 3 else usual
        kept.append((APP14, b"Adobe\0\x64\0\0\0\0" + bytes([transform])))
    parts = [segment(marker, payload) for marker, payload in kept + segments.tables]
    return b"".join([b"\xff\xd8", *parts, data[segments.scan :]])


def segment(marker: int, payload: bytes) -> bytes:
    r"""Return an encoded segment.

    >>> segment(COM, b"abc").hex()
    'fffe0005616263'
    """
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def _next_marker(data: bytes, place: int) -> tuple[int, int, int]:
    """Return the next marker, the place after it, and the number of bytes skipped before it."""
    skipped = 0
    while True:
        start = data.find(b"\xff", place)
        if start < 0:
            raise HeaderError("its header ends early")
        skipped += start - place
        place = start
        while data[place : place + 1] == b"\xff":  # fill bytes are allowed
            place += 1
        if place >= len(data):
            raise HeaderError("its header ends early")
        marker = data[place]
        place += 1
        if marker:
            return marker, place, skipped
        skipped += 2


def _payload(data: bytes, place: int) -> tuple[bytes, int]:
    """Return the content of a segment whose length stands here, and the place after it."""
    length = int.from_bytes(data[place : place + 2])
    end = place + length
    if length < 2 or end > len(data):
        raise HeaderError("its header ends early" if length >= 2 else "a segment has no length")
    return data[place + 2 : end], end


def _frame(marker: int, payload: bytes) -> Frame:
    count = payload[5] if len(payload) > 5 else 0
    if len(payload) < 6 + 3 * count or not count:
        raise HeaderError("its frame header is cut")
    components = tuple(
        Component(payload[at], payload[at + 1] >> 4, payload[at + 1] & 15)
        for at in range(6, 6 + 3 * count, 3)
    )
    height, width = int.from_bytes(payload[1:3]), int.from_bytes(payload[3:5])
    if not height or not width:
        raise HeaderError(f"its frame header states {width}×{height} pixels")
    return Frame(marker, payload[0], height, width, components)


def _scans(data: bytes, segments: Segments) -> tuple[int | None, str]:
    """Return where the image ends, and what its scans leave out.

    One scan of all components needs no look at its data: coded data hold no end marker.
    """
    frame = segments.frame
    progressive = frame.marker in (PROGRESSIVE, PROGRESSIVE_ARITHMETIC)
    first, after = _payload(data, segments.scan + 2)
    if not progressive and first[:1] == bytes([len(frame.components)]):
        place = data.find(b"\xff\xd9", after)
        return (place + 2 if place >= 0 else None), ""
    seen: dict[int, set[int]] = {one.number: set() for one in frame.components}
    end: int | None = None
    for kind, payload, place in _between(data, segments.scan):
        if kind == SOS:
            _count(seen, payload, progressive=progressive)
        elif kind == EOI:
            end = place
    lacking = [str(at) for at, number in enumerate(seen, 1) if len(seen[number]) < COEFFICIENTS]
    return end, f"the scans of component {lacking[0]} are incomplete" if lacking else ""


def _between(data: bytes, place: int) -> Iterator[tuple[int, bytes, int]]:
    """Yield marker, content and end of the segments from the first scan to the end of the image."""
    while match := MARKER.search(data, place):
        marker, place = match.group()[1], match.end()
        if marker == EOI:
            yield marker, b"", place
            return
        try:
            payload, place = _payload(data, place)
        except HeaderError:
            return
        yield marker, payload, place


def _count(seen: dict[int, set[int]], scan: bytes, *, progressive: bool) -> None:
    """Note which coefficients of which components are complete after a scan (T.81, B.2.3)."""
    count = scan[0] if scan else 0
    start, end, successive = (*scan[1 + 2 * count :], 0, 63, 0)[:3]
    if progressive and successive & 15:
        return  # lower bits follow
    whole = range(start, end + 1) if progressive else range(COEFFICIENTS)
    for at in range(1, 1 + 2 * count, 2):
        if at < len(scan) and scan[at] in seen:
            seen[scan[at]].update(whole)
