"""Vorbis comments, as in Ogg Vorbis, Opus and FLAC, with pictures and chapters among them.

Source: https://www.xiph.org/vorbis/doc/v-comment.html; RFC 9639, section 8.8 (pictures).
"""

import base64
import binascii
import re
import struct
from collections.abc import Iterator

from convtool.media.audio.metadata.model import Chapter, Metadata, Picture, Tag

PICTURE = "METADATA_BLOCK_PICTURE"
_CHAPTER = re.compile(r"CHAPTER(\d{3})(NAME)?")
_TIME = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
ALIASES = {  # names that programs write, and the usual ones
    "ALBUM ARTIST": "ALBUMARTIST",
    "ALBUM_ARTIST": "ALBUMARTIST",
    "DISC": "DISCNUMBER",
    "TRACK": "TRACKNUMBER",
    "ENCODED-BY": "ENCODEDBY",
    "ENCODED_BY": "ENCODEDBY",
    "UNSYNCEDLYRICS": "LYRICS",
}


def canonical(name: str) -> str:
    """Return the usual name of a tag, in capitals.

    >>> canonical("album_artist"), canonical("Title")
    ('ALBUMARTIST', 'TITLE')
    """
    name = name.upper()
    return ALIASES.get(name, name)


def parse_comments(data: bytes) -> Metadata:
    """Return what a block of comments holds; what lies beyond its end is left out."""
    tags: list[Tag] = []
    pictures: list[Picture] = []
    for text in _comments(data):
        name, equals, value = text.partition("=")
        if not equals:
            continue
        name = canonical(name)
        picture = _decoded_picture(value) if name == PICTURE else None
        if picture is not None:
            pictures.append(picture)
        else:
            tags.append((name, value))
    chapters = _chapters(tags)
    if chapters:
        tags = [tag for tag in tags if not _CHAPTER.fullmatch(tag[0])]
    return Metadata(tuple(tags), tuple(pictures), chapters)


def _comments(data: bytes) -> Iterator[str]:
    """Yield the comments of a block."""
    try:
        (length,) = struct.unpack_from("<I", data, 0)
        position = 4 + length
        (count,) = struct.unpack_from("<I", data, position)
        position += 4
        for _ in range(min(count, len(data) // 4)):
            (length,) = struct.unpack_from("<I", data, position)
            if position + 4 + length > len(data):
                return
            yield data[position + 4 : position + 4 + length].decode(errors="replace")
            position += 4 + length
    except struct.error:
        return


def build_comments(metadata: Metadata, before: bytes, *, pictures: bool) -> bytes:
    """Return a block of comments.

    Args:
        metadata: what it holds.
        before: the block that it replaces; the name of the encoder's library is kept.
        pictures: put the pictures among the comments, as Ogg files do.
    """
    lines = [f"{name}={value}" for name, value in metadata.tags]
    for number, chapter in enumerate(metadata.chapters):
        lines.append(f"CHAPTER{number:03}={_time(chapter.start)}")
        lines.append(f"CHAPTER{number:03}NAME={chapter.title}")
    if pictures:
        blocks = (base64.b64encode(build_picture(each)).decode() for each in metadata.pictures)
        lines.extend(f"{PICTURE}={block}" for block in blocks)
    texts = [line.encode() for line in lines]
    vendor = before[4 : 4 + int.from_bytes(before[:4], "little")]
    head = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(texts))
    return head + b"".join(struct.pack("<I", len(text)) + text for text in texts)


def parse_picture(data: bytes) -> Picture | None:
    """Return the picture of a FLAC block, None where the block is damaged."""
    try:
        kind, length = struct.unpack_from(">II", data, 0)
        mime = data[8 : 8 + length].decode("ascii", "replace")
        position = 8 + length
        (length,) = struct.unpack_from(">I", data, position)
        text = data[position + 4 : position + 4 + length].decode(errors="replace")
        position += 4 + length + 16
        (length,) = struct.unpack_from(">I", data, position)
    except struct.error:
        return None
    content = data[position + 4 : position + 4 + length]
    return Picture(content, mime, kind, text) if len(content) == length else None


def build_picture(picture: Picture) -> bytes:
    """Return the FLAC block of a picture; its size in pixels is left to the image itself."""
    mime, text = picture.mime.encode(), picture.text.encode()
    return b"".join(
        (
            struct.pack(">II", picture.kind, len(mime)),
            mime,
            struct.pack(">I", len(text)),
            text,
            struct.pack(">IIIII", 0, 0, 0, 0, len(picture.data)),
            picture.data,
        )
    )


def _decoded_picture(value: str) -> Picture | None:
    try:
        return parse_picture(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        return None


def _chapters(tags: list[Tag]) -> tuple[Chapter, ...]:
    """Return the chapters that tags such as CHAPTER001=00:01:02.500 state."""
    starts: dict[str, float] = {}
    titles: dict[str, str] = {}
    for name, value in tags:
        match = _CHAPTER.fullmatch(name)
        if match and match[2]:
            titles[match[1]] = value
        elif match and (time := _TIME.fullmatch(value.strip())):
            starts[match[1]] = int(time[1]) * 3600 + int(time[2]) * 60 + float(time[3])
    numbers = sorted(starts, key=lambda number: starts[number])
    ends = [starts[number] for number in numbers[1:]] + [starts[n] for n in numbers[-1:]]
    return tuple(
        Chapter(starts[number], end, titles.get(number, ""))
        for number, end in zip(numbers, ends, strict=True)
    )


def _time(seconds: float) -> str:
    """Return a time as chapters state it.

    >>> _time(62.5)
    '00:01:02.500'
    """
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes) // 60:02}:{int(minutes) % 60:02}:{rest:06.3f}"
