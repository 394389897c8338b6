"""XMP packets, edited as text: what is not touched stays as it was written.

Properties that describe how an image was stored, or that point to other images in its file, would
be wrong of another image.

Source: Adobe XMP specification, parts 1 and 3; Ultra HDR image format 1.1
"""

import hashlib
import re
from xml.parsers import expat  # only to check what was edited

TIFF = b"http://ns.adobe.com/tiff/1.0/"
EXIF = b"http://ns.adobe.com/exif/1.0/"
NOTE = b"http://ns.adobe.com/xmp/note/"
RDF = b"http://www.w3.org/1999/02/22-rdf-syntax-ns#"
GAIN_MAP = b"http://ns.adobe.com/hdr-gain-map/1.0/"
# Namespaces that describe other images or a video in the same file, and which names of them do.
POINTERS = {
    GAIN_MAP: rb"[\w.-]+",
    b"http://ns.google.com/photos/1.0/container/item/": rb"[\w.-]+",
    b"http://ns.google.com/photos/1.0/container/": rb"[\w.-]+",
    b"http://ns.google.com/photos/1.0/camera/": rb"(?:MotionPhoto|MicroVideo)\w*",
}
MAX_EDITED = 2**20  # bytes of a packet from which pointers are removed
EMPTY = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="%b"><rdf:Description rdf:about="" '
    b'xmlns:xmpNote="%b" xmpNote:HasExtendedXMP="%b"/></rdf:RDF></x:xmpmeta>'
)
MAIN_RDF = re.compile(rb"<rdf:RDF\b[^>]{0,9999}>(.*)</rdf:RDF\s*>", re.DOTALL)
OUTER = re.compile(rb"<(?:x:xmpmeta|rdf:RDF)\b[^>]{0,9999}>")
DECLARATION = re.compile(rb"xmlns:[\w.-]+\s*=\s*(?:\"[^\"]*\"|'[^']*')")


def fitted(packet: bytes, width: int, height: int) -> bytes:
    """Return a packet that states the size of an upright image, where it states one."""
    for uri, name, value in (
        (TIFF, b"Orientation", 1),
        (TIFF, b"ImageWidth", width),
        (TIFF, b"ImageLength", height),
        (EXIF, b"PixelXDimension", width),
        (EXIF, b"PixelYDimension", height),
    ):
        packet = _set(packet, uri, name, b"%d" % value)
    return packet


def orientation_of(packet: bytes) -> int:
    """Return the orientation that a packet states, 1 where it states none."""
    for prefix in _prefixes(packet, TIFF):
        found = re.search(rb"\b%b:Orientation(?:\s*=\s*[\"']|>)\s*([1-8])\b" % prefix, packet)
        if found:
            return int(found[1])
    return 1


def alone(packet: bytes) -> bytes | None:
    """Return a packet without what it says of other images in the file; None where that fails."""
    if len(packet) > MAX_EDITED and any(uri in packet for uri in POINTERS):
        return None
    edited = packet
    for uri, names in POINTERS.items():
        for prefix in _prefixes(packet, uri):
            edited = _removed(edited, prefix, names)
            if names == rb"[\w.-]+":
                edited = re.sub(rb"\s+xmlns:%b\s*=\s*([\"'])[^\"']*\1" % prefix, b"", edited)
    if edited == packet or _is_sound(edited) or not _is_sound(packet):
        return edited
    return None


def has_gain_map(packet: bytes | None) -> bool:
    """Return True where a packet announces a gain map beside the image."""
    return packet is not None and GAIN_MAP in packet


def extension_of(packet: bytes) -> bytes | None:
    """Return the number of the extension of a packet; None where it has none."""
    for prefix in _prefixes(packet, NOTE):
        name = prefix + b":HasExtendedXMP"
        found = re.search(rb"\b%b(?:\s*=\s*[\"']|>)\s*([0-9A-Fa-f]{32})" % name, packet)
        if found:
            return found[1]
    return None


def without_extension(packet: bytes) -> bytes:
    """Return a packet that does not announce an extension."""
    for prefix in _prefixes(packet, NOTE):
        packet = _removed(packet, prefix, b"HasExtendedXMP")
    return packet


def joined(packet: bytes, extension: bytes) -> bytes | None:
    """Return one packet of a packet and its extension; None where that fails."""
    more = MAIN_RDF.search(extension)
    if more is None:
        return None
    packet = without_extension(packet)
    outer = b"".join(OUTER.findall(packet))
    missing = [
        one
        for one in DECLARATION.findall(b"".join(OUTER.findall(extension)))
        if one.split(b"=")[0].strip() not in outer
    ]
    names = b"".join(b" " + one for one in missing)
    packet = re.sub(rb"<rdf:RDF\b", lambda found: found[0] + names, packet, count=1)
    end = packet.rfind(b"</rdf:RDF")
    whole = packet[:end] + more[1] + packet[end:]
    return whole if end >= 0 and _is_sound(whole) else None


def split(packet: bytes) -> tuple[bytes, bytes, bytes]:
    """Return a packet that announces another as its extension, the number of that, and it."""
    start = packet.find(b"<x:xmpmeta")
    end = packet.rfind(b"</x:xmpmeta>")
    extension = packet[start : end + 12] if 0 <= start < end else packet
    guid = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper().encode()
    return EMPTY % (RDF, NOTE, guid), guid, extension


def _prefixes(packet: bytes, uri: bytes) -> list[bytes]:
    declared = re.findall(rb"xmlns:([\w.-]+)\s*=\s*[\"']%b[\"']" % re.escape(uri), packet)
    return list(dict.fromkeys(re.escape(prefix) for prefix in declared))


def _set(packet: bytes, uri: bytes, name: bytes, value: bytes) -> bytes:
    for prefix in _prefixes(packet, uri):
        full = prefix + b":" + name
        packet = re.sub(
            rb"(\s%b\s{0,9}=\s{0,9})([\"'])[^\"'<]{0,99}\2" % full,
            rb"\g<1>\g<2>%b\g<2>" % value,
            packet,
        )
        packet = re.sub(
            rb"(<%b(?:\s[^>]{0,999})?>)[^<]{0,99}(</%b\s{0,9}>)" % (full, full),
            rb"\g<1>%b\2" % value,
            packet,
        )
    return packet


def _removed(packet: bytes, prefix: bytes, names: bytes) -> bytes:
    """Return a packet without properties, as elements and as attributes."""
    element = rb"<%b:(%b)(?:\s[^>]*)?(?<!/)>.*?</%b:\1\s*>\s*" % (prefix, names, prefix)
    packet = re.sub(element, b"", packet, flags=re.DOTALL)
    packet = re.sub(rb"<%b:%b(?:\s[^>]*)?/>\s*" % (prefix, names), b"", packet)
    return re.sub(rb"\s+%b:%b\s*=\s*(?:\"[^\"]*\"|'[^']*')" % (prefix, names), b"", packet)


def _is_sound(packet: bytes) -> bool:
    try:
        expat.ParserCreate().Parse(packet, True)  # it takes no name
    except expat.ExpatError:
        return False
    return True
