"""Photoshop's image resources, of which IPTC records are one.

Source: Adobe Photoshop File Formats Specification, Image Resources Section.
"""

from collections.abc import Callable, Iterator

SIGNATURE = b"8BIM"
IPTC = 0x0404
# Resolution, thumbnails and checksums of other resources describe what is kept anyway or outdated.
DERIVED = {0x03ED, 0x0425, 0x040F, 0x0424, 0x0422, 0x0423}
THUMBNAILS = {0x0409, 0x040C}


def iptc_of(blocks: bytes, note: Callable[[str], None]) -> bytes | None:
    """Return the IPTC records among image resources.

    Args:
        blocks: the resources.
        note: is told what is lost.
    """
    records, others = b"", 0
    for number, data in _resources(blocks):
        if number == IPTC:
            records += data
        elif number in THUMBNAILS:
            note("Photoshop thumbnail dropped")
        else:
            others += number not in DERIVED
    if others:
        note("Photoshop image resources other than IPTC dropped")
    return records or None


def resource(iptc: bytes) -> bytes:
    """Return IPTC records as an image resource."""
    padding = bytes(len(iptc) % 2)
    return SIGNATURE + IPTC.to_bytes(2) + b"\0\0" + len(iptc).to_bytes(4) + iptc + padding


def _resources(blocks: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield numbers and contents; what follows a damaged one is left out."""
    place = 0
    while blocks[place : place + 4] == SIGNATURE:
        number = int.from_bytes(blocks[place + 4 : place + 6])
        name = blocks[place + 6 : place + 7]
        start = place + 6 + ((name[0] if name else 0) + 2) // 2 * 2
        length = int.from_bytes(blocks[start : start + 4])
        data = blocks[start + 4 : start + 4 + length]
        if len(data) < length:
            return
        yield number, data
        place = start + 4 + length + length % 2
