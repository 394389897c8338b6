"""APEv2 and ID3v1 tags at the end of MP3 files.

Source: https://wiki.hydrogenaud.io/index.php?title=APEv2_specification; https://id3.org/ID3v1.
"""

import struct

from convtool.media.audio.metadata.genres import genre
from convtool.media.audio.metadata.model import Metadata, Picture, Tag
from convtool.media.audio.metadata.vorbis import canonical

MAGIC = b"APETAGEX"
HEAD = 32  # bytes of the header, and of the footer
HAS_HEADER, IS_HEADER = 0x80000000, 0x20000000
BINARY = 1  # the type of an item
NAMES = {"YEAR": "DATE"}
ID3V1 = 128  # bytes
_FIELDS = (("TITLE", 3, 33), ("ARTIST", 33, 63), ("ALBUM", 63, 93), ("DATE", 93, 97))


def ape_length(head: bytes) -> int:
    """Return how many bytes an APEv2 tag takes from its header on; 0 where none begins."""
    if len(head) < HEAD or head[:8] != MAGIC:
        return 0
    size, _, flags = struct.unpack("<III", head[12:24])
    return int(size) + HEAD if flags & IS_HEADER else HEAD


def parse_ape(data: bytes) -> Metadata:
    """Return what an APEv2 tag holds; it begins with its header or its first item."""
    position = HEAD if data[:8] == MAGIC else 0
    tags: list[Tag] = []
    pictures: list[Picture] = []
    while position + 8 < len(data) and data[position : position + 8] != MAGIC:
        length, flags = struct.unpack_from("<II", data, position)
        end = data.find(b"\0", position + 8)
        if end < 0:
            break
        name = canonical(data[position + 8 : end].decode("latin-1"))
        value = data[end + 1 : end + 1 + length]
        position = end + 1 + length
        if flags >> 1 & 3 == BINARY:
            _, _, image = value.partition(b"\0")
            if name.startswith("COVER ART"):
                pictures.append(Picture(image, _mime(image)))
            continue
        texts = value.decode(errors="replace").split("\0")
        tags.extend((NAMES.get(name, name), text) for text in texts)
    return Metadata(tuple(tags), tuple(pictures))


def parse_id3v1(data: bytes) -> Metadata:
    r"""Return what an ID3v1 tag holds.

    >>> parse_id3v1(b"TAG" + b"Tone".ljust(30, b"\0") + bytes(92) + b"\x00\x07\xff").tags
    (('TITLE', 'Tone'), ('TRACKNUMBER', '7'))
    """
    tags = [(name, _text(data[start:end])) for name, start, end in _FIELDS]
    if data[125] == 0 and data[126]:
        tags += [("COMMENT", _text(data[97:125])), ("TRACKNUMBER", str(data[126]))]
    else:
        tags.append(("COMMENT", _text(data[97:127])))
    name = genre(str(data[127]))
    tags.append(("GENRE", "" if name.isdigit() else name))
    return Metadata(tuple(tag for tag in tags if tag[1]))


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode("latin-1").strip()


def _mime(image: bytes) -> str:
    return "image/png" if image.startswith(b"\x89PNG") else "image/jpeg"
