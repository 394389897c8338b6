"""The metadata of JPEG files: where each kind stands, read and written.

Sources: the Exif standard (CIPA DC-008), Adobe's XMP specification part 3, Photoshop's file format
(image resources), ICC.1 annex B.4, CIPA DC-007 (Multi-Picture Format).
"""

from collections.abc import Callable, Iterator

from convtool.media.image import xmp
from convtool.media.image.exif import Exif
from convtool.media.image.formats.jpeg.markers import (
    APP0,
    APP1,
    APP2,
    APP13,
    APP14,
    COM,
    segment,
)
from convtool.media.image.formats.jpeg.segments import Segments
from convtool.media.image.metadata import COMMENT, Metadata
from convtool.media.image.orientation import is_sideways, stored
from convtool.media.image.photoshop import iptc_of, resource

ROOM = 65_533  # bytes of a segment after its length
JFIF, JFXX, EXIF, ICC, MPF = b"JFIF\0", b"JFXX\0", b"Exif\0\0", b"ICC_PROFILE\0", b"MPF\0"
XMP, EXTENDED = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
PHOTOSHOP, ADOBE = b"Photoshop 3.0\0", b"Adobe"
KNOWN = {
    APP0: (JFIF, JFXX),
    APP1: (EXIF, XMP, EXTENDED),
    APP2: (ICC, MPF),
    APP13: (PHOTOSHOP,),
    APP14: (ADOBE,),
}
MAX_EXIF = ROOM
MAX_PROFILE = 255 * (ROOM - len(ICC) - 2)
INCH, CENTIMETRE = 1, 2

Note = Callable[[str], None]


def read(segments: Segments, note: Note) -> Metadata:
    """Return the metadata of a file.

    Args:
        segments: its parts.
        note: is told what is lost.
    """
    found = Metadata(icc=_profile(segments, note))
    _set_resolution(segments, found)
    for data in segments.payloads(APP1, EXIF)[:1]:
        found.exif = Exif.read(data, note)
    found.xmp = _xmp(segments, note)
    blocks = b"".join(segments.payloads(APP13, PHOTOSHOP))
    found.iptc = iptc_of(blocks, note) if blocks else None
    found.text = tuple((COMMENT, _text(data)) for kind, data in segments.application if kind == COM)
    _note_others(segments, note)
    if found.dpi is None and isinstance(found.exif, Exif):
        found.dpi = found.exif.dpi  # which is turned already
    elif is_sideways(orientation(found)):
        found.dpi = found.dpi and found.dpi[::-1]
    if found.density and is_sideways(orientation(found)):
        found.density = found.density[::-1]
    return found


def orientation(metadata: Metadata) -> int:
    """Return the orientation in which an image is stored."""
    return stored(metadata.exif if isinstance(metadata.exif, Exif) else None, metadata.xmp)


def write(metadata: Metadata, channels: int, exif: bytes) -> bytes:
    """Return the segments that hold metadata, JFIF's header first.

    Args:
        metadata: of the image.
        channels: of the image.
        exif: the tags, with their beginning.
    """
    parts = [segment(APP0, _jfif(metadata))]
    parts += [segment(APP1, exif)] if exif else []
    if metadata.xmp:
        parts += _xmp_segments(metadata.xmp)
    profile = metadata.profile(channels)
    if profile:
        parts += _profile_segments(profile)
    if metadata.iptc:
        blocks = resource(metadata.iptc)
        parts += [segment(APP13, PHOTOSHOP + part) for part in _cut(blocks, ROOM - len(PHOTOSHOP))]
    for keyword, text in metadata.text:
        if keyword == COMMENT:
            parts += [segment(COM, part) for part in _cut(text.encode(), ROOM)]
    return b"".join(parts)


def _jfif(metadata: Metadata) -> bytes:
    """Return JFIF's header, with the resolution in whole dots per inch."""
    known = metadata.dpi is not None
    dots = (round(value) for value in metadata.dpi) if metadata.dpi else (1, 1)
    x, y = (min(max(value, 1), 2**16 - 1) for value in dots)
    return JFIF + bytes((1, 1, INCH if known else 0)) + x.to_bytes(2) + y.to_bytes(2) + bytes(2)


def _set_resolution(segments: Segments, found: Metadata) -> None:
    """Set the resolution of the header, in dots per inch or without a unit."""
    for header in segments.payloads(APP0, JFIF)[:1]:
        if len(header) < 7:
            continue
        unit, x, y = header[2], int.from_bytes(header[3:5]), int.from_bytes(header[5:7])
        if unit == 0 and x != y and x and y:
            found.density = (x, y)
        if unit in (INCH, CENTIMETRE) and x and y:
            scale = 1 if unit == INCH else 2.54
            found.dpi = x * scale, y * scale


def _profile(segments: Segments, note: Note) -> bytes | None:
    """Return the colour profile, put together from its numbered parts."""
    parts = segments.payloads(APP2, ICC)
    if not parts:
        return None
    numbered = {part[0]: part[2:] for part in parts if len(part) > 2}
    count = parts[0][1] if len(parts[0]) > 1 else 0
    profile = b"".join(numbered[at] for at in sorted(numbered))
    complete = sorted(numbered) == list(range(1, count + 1)) and len(parts) == count
    if not complete or int.from_bytes(profile[:4]) > len(profile) or profile[36:40] != b"acsp":
        note("damaged colour profile dropped")
        return None
    return profile


def _profile_segments(profile: bytes) -> list[bytes]:
    parts = list(_cut(profile, ROOM - len(ICC) - 2))
    return [segment(APP2, ICC + bytes((at, len(parts))) + part) for at, part in enumerate(parts, 1)]


def _xmp(segments: Segments, note: Note) -> bytes | None:
    """Return the XMP packet, with its extension where that is complete."""
    packets = segments.payloads(APP1, XMP)
    if not packets:
        return None
    packet = packets[0].strip(b"\0 \n\r\t")
    guid = xmp.extension_of(packet)
    if guid is None:
        return packet
    extension = _extension(segments, guid)
    joined = xmp.joined(packet, extension) if extension else None
    if joined is None:
        note("extended XMP dropped: it is damaged")
    return joined or xmp.without_extension(packet)


def _extension(segments: Segments, guid: bytes) -> bytes | None:
    """Return an extension, put together from its parts; None where one is missing."""
    parts = {}
    total = None
    for part in segments.payloads(APP1, EXTENDED):
        if part[:32] == guid and len(part) > 40:
            total = int.from_bytes(part[32:36])
            parts[int.from_bytes(part[36:40])] = part[40:]
    whole = b"".join(parts[at] for at in sorted(parts))
    return whole if len(whole) == total else None


def _xmp_segments(packet: bytes) -> list[bytes]:
    """Return a packet in one segment, or in an extension where it is larger."""
    if len(packet) <= ROOM - len(XMP):
        return [segment(APP1, XMP + packet)]
    main, guid, extension = xmp.split(packet)
    room = ROOM - len(EXTENDED) - 40
    head = EXTENDED + guid + len(extension).to_bytes(4)
    parts = [
        segment(APP1, head + (at * room).to_bytes(4) + part)
        for at, part in enumerate(_cut(extension, room))
    ]
    return [segment(APP1, XMP + main), *parts]


def _text(data: bytes) -> str:
    data = data.rstrip(b"\0")
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _note_others(segments: Segments, note: Note) -> None:
    """Note segments that are not carried on."""
    names = []
    for kind, payload in segments.application:
        if kind == APP0 and payload.startswith(JFXX):
            note("thumbnail dropped")
        elif kind != COM and not payload.startswith(KNOWN.get(kind, ())):
            names.append(_name(kind, payload))
    if names:
        note(f"application data dropped: {', '.join(dict.fromkeys(names))}")


def _name(kind: int, payload: bytes) -> str:
    """Return what a segment of an unknown application calls itself.

    >>> _name(0xEC, b"Ducky" + bytes(9))
    'APP12 Ducky'
    """
    word = bytes(payload[:24]).split(b"\0")[0]
    named = word.isascii() and word.decode("latin-1").isprintable() and len(word) > 1
    return f"APP{kind - APP0} {word.decode('latin-1')}" if named else f"APP{kind - APP0}"


def _cut(data: bytes, room: int) -> Iterator[bytes]:
    for at in range(0, len(data), room):
        yield data[at : at + room]
