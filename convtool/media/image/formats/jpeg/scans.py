"""Follow the scans of a JPEG file: where they end, and whether they are complete."""

import re
from collections.abc import Iterator, Sequence

from convtool.media.image.formats.jpeg.markers import EOI, SOS, HeaderError, payload_at

COEFFICIENTS = 64
MAX_SCANS = 500  # each of which takes as long as an image
# A marker within coded data: neither a stuffed byte, nor a restart, nor fill.
MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


def follow(
    data: bytes, start: int, components: Sequence[int], *, progressive: bool
) -> tuple[int | None, str]:
    """Return where the image ends, and what its scans leave out.

    One scan of all components needs no look at its data: coded data hold no end marker.

    Args:
        data: the file.
        start: where the first scan begins.
        components: their numbers.
        progressive: scans refine each other.
    """
    first, after = payload_at(data, start + 2)
    if not progressive and first[:1] == bytes([len(components)]):
        place = data.find(b"\xff\xd9", after)
        return (place + 2 if place >= 0 else None), ""
    seen: dict[int, set[int]] = {number: set() for number in components}
    end: int | None = None
    count = 0
    for kind, payload, place in _between(data, start):
        if kind == SOS:
            count += 1
            if count > MAX_SCANS:
                raise HeaderError(f"it has more than {MAX_SCANS} scans")
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
            payload, place = payload_at(data, place)
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
