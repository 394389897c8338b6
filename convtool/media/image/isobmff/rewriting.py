"""Add properties and metadata to an image that an encoder has written without them.

Only what libavif and libheif write is understood: one meta box with small numbers.
"""

from convtool.media.image.isobmff.boxes import Items, boxes, items, walk

EXIF, XMP = b"Exif", b"mime\0application/rdf+xml\0"
NCLX = b"nclx"


def box(kind: bytes, payload: bytes) -> bytes:
    """Return an encoded box."""
    return (len(payload) + 8).to_bytes(4) + kind + payload


def with_colour(data: bytes, primaries: int, transfer: int) -> bytes:
    """Return a file whose colour descriptions have these code points (ITU-T H.273)."""
    edited = bytearray(data)
    for found in walk(data):
        if found.kind == b"colr" and data[found.start : found.start + 4] == NCLX:
            codes = primaries.to_bytes(2) + transfer.to_bytes(2)
            edited[found.start + 4 : found.start + 8] = codes
    return bytes(edited)


def with_metadata(
    data: bytes,
    properties: list[tuple[bytes, bytes]],
    exif: bytes = b"",
    xmp: bytes | None = None,
) -> bytes:
    """Return a file with further properties of its image, and with metadata.

    Args:
        data: the file.
        properties: kinds and contents.
        exif: the EXIF block, without `Exif` before it; empty for none.
        xmp: the XMP packet.

    Raises:
        ValueError: the file is built in another way.
    """
    contents = [(EXIF, bytes(4) + exif)] if exif else []
    contents += [(XMP, xmp)] if xmp else []
    if not properties and not contents:
        return data
    known = items(data)
    first = max(known.kinds, default=0) + 1
    more = [(number, *content) for number, content in enumerate(contents, first)]
    parts = [(found.kind, data[found.start : found.end]) for found in boxes(data)]
    meta = next(payload for kind, payload in parts if kind == b"meta")
    tail = box(b"mdat", b"".join(content for _, _, content in more)) if more else b""
    unplaced = _meta(meta, known, properties, more, [], 0)
    shift = len(unplaced) - len(meta)
    places, end = [], len(data) + shift + 8
    for _, _, content in more:
        places.append((end, len(content)))
        end += len(content)
    placed = _meta(meta, known, properties, more, places, shift)
    return b"".join(box(kind, placed if kind == b"meta" else old) for kind, old in parts) + tail


def _meta(
    meta: bytes,
    known: Items,
    properties: list[tuple[bytes, bytes]],
    more: list[tuple[int, bytes, bytes]],
    places: list[tuple[int, int]],
    shift: int,
) -> bytes:
    """Return the content of a meta box with further items and properties."""
    if known.primary > 0xFFFF or meta[:4] != bytes(4):
        raise ValueError("the image is described in an unknown way")
    inner = {found.kind: meta[found.start : found.end] for found in boxes(meta, 4)}
    inner[b"iprp"] = _properties(inner[b"iprp"], known.primary, properties)
    if more:
        entries = b"".join(_entry(number, kind) for number, kind, _ in more)
        count = int.from_bytes(inner[b"iinf"][4:6]) + len(more)
        inner[b"iinf"] = bytes(4) + count.to_bytes(2) + inner[b"iinf"][6:] + entries
        links = (number.to_bytes(2) + b"\0\1" + known.primary.to_bytes(2) for number, _, _ in more)
        inner.setdefault(b"iref", bytes(4))
        inner[b"iref"] += b"".join(box(b"cdsc", link) for link in links)
    located = {
        number: [(start + shift, length) for start, length in parts]
        for number, parts in known.places.items()
    }
    numbers = [number for number, _, _ in more]
    new = places or [(0, 0)] * len(numbers)
    located |= {number: [place] for number, place in zip(numbers, new, strict=True)}
    inner[b"iloc"] = _locations(located)
    return meta[:4] + b"".join(box(kind, payload) for kind, payload in inner.items())


def _entry(number: int, kind: bytes) -> bytes:
    name = kind if b"\0" in kind else kind + b"\0"
    return box(b"infe", b"\2\0\0\1" + number.to_bytes(2) + b"\0\0" + name[:4] + b"\0" + name[5:])


def _locations(located: dict[int, list[tuple[int, int]]]) -> bytes:
    parts = [bytes(4) + b"\x44\0" + len(located).to_bytes(2)]
    for number, places in located.items():
        parts.append(number.to_bytes(2) + b"\0\0" + len(places).to_bytes(2))
        parts += [start.to_bytes(4) + length.to_bytes(4) for start, length in places]
    return b"".join(parts)


def _properties(iprp: bytes, primary: int, more: list[tuple[bytes, bytes]]) -> bytes:
    """Return the property container with further properties of the primary item."""
    inner = {found.kind: iprp[found.start : found.end] for found in boxes(iprp)}
    count = sum(1 for _ in boxes(inner[b"ipco"]))
    indices = bytes(range(count + 1, count + 1 + len(more)))
    inner[b"ipco"] += b"".join(box(kind, payload) for kind, payload in more)
    inner[b"ipma"] = _associations(inner[b"ipma"], primary, indices)
    return b"".join(box(kind, payload) for kind, payload in inner.items())


def _associations(ipma: bytes, primary: int, indices: bytes) -> bytes:
    if ipma[:4] != bytes(4) or (indices and indices[-1] > 0x7F):
        raise ValueError("the image is described in an unknown way")
    parts, place = [ipma[:8]], 8
    while place + 3 <= len(ipma):
        count = ipma[place + 2]
        old = ipma[place + 3 : place + 3 + count]
        new = _before_transforms(old, indices) if _is(ipma, place, primary) else old
        parts.append(ipma[place : place + 2] + bytes([len(new)]) + new)
        place += 3 + count
    return b"".join(parts)


def _is(ipma: bytes, place: int, primary: int) -> bool:
    return int.from_bytes(ipma[place : place + 2]) == primary


def _before_transforms(old: bytes, new: bytes) -> bytes:
    """Return associations with new descriptive ones first, as transformations come last."""
    return new + old
