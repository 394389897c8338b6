"""Markers and segments of JPEG files (ITU-T T.81, annex B)."""

SOI, EOI, SOS, COM = 0xD8, 0xD9, 0xDA, 0xFE
APP0, APP1, APP2, APP13, APP14 = 0xE0, 0xE1, 0xE2, 0xED, 0xEE
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # without tables and the reserved one
APPLICATION = {*range(0xE0, 0xF0), COM}
ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a length


class HeaderError(ValueError):
    """The header is damaged."""


def segment(marker: int, payload: bytes) -> bytes:
    r"""Return an encoded segment.

    >>> segment(COM, b"abc").hex()
    'fffe0005616263'
    """
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def next_marker(data: bytes, place: int) -> tuple[int, int, int]:
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


def payload_at(data: bytes, place: int) -> tuple[bytes, int]:
    """Return the content of a segment whose length stands here, and the place after it."""
    length = int.from_bytes(data[place : place + 2])
    end = place + length
    if length < 2 or end > len(data):
        raise HeaderError("its header ends early" if length >= 2 else "a segment has no length")
    return data[place + 2 : end], end
