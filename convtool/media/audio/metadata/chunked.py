"""The metadata of WAV, RF64, W64, AIFF and CAF files: text chunks, ID3 tags, and what is carried.

Source: EBU Tech 3285 (bext); http://www.gallery.co.uk/ixml; Microsoft RIFF (INFO, cue, smpl).
"""

import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from convtool.media.audio.metadata.chunks import (
    AIFF,
    CAF,
    MAX_CHUNK,
    RIFF,
    W64,
    Layout,
    Place,
    append,
    layout_of,
    places,
)
from convtool.media.audio.metadata.id3 import build_id3, parse_id3
from convtool.media.audio.metadata.model import Chunk, Metadata, Tag
from convtool.media.audio.metadata.vorbis import canonical

INFO = {
    b"INAM": "TITLE",
    b"IART": "ARTIST",
    b"IPRD": "ALBUM",
    b"ICMT": "COMMENT",
    b"ICOP": "COPYRIGHT",
    b"ICRD": "DATE",
    b"IGNR": "GENRE",
    b"ITRK": "TRACKNUMBER",
    b"IPRT": "TRACKNUMBER",
    b"ISFT": "ENCODER",
    b"IENG": "ENGINEER",
    b"IKEY": "KEYWORDS",
    b"ILNG": "LANGUAGE",
    b"IMUS": "COMPOSER",
    b"ISBJ": "SUBJECT",
    b"ISRC": "SOURCE",
    b"ITCH": "ENCODEDBY",
}
_INFO_IDS = {name: id for id, name in INFO.items() if id != b"IPRT"}
AIFF_TEXTS = {b"NAME": "TITLE", b"AUTH": "ARTIST", b"(c) ": "COPYRIGHT", b"ANNO": "COMMENT"}
_AIFF_IDS = {name: id for id, name in AIFF_TEXTS.items()}
ID3_IDS = (b"id3 ", b"ID3 ")
CAF_NAMES = {
    "RECORDED DATE": "DATE",
    "YEAR": "DATE",
    "COMMENTS": "COMMENT",
    "TRACK NUMBER": "TRACKNUMBER",
    "ENCODING APPLICATION": "ENCODER",
}
_CAF_KEYS = {name: key.lower() for key, name in CAF_NAMES.items()}
# What encoders write themselves, and what would be wrong beside other samples.
OWN = {
    "RIFF": {b"fmt ", b"data", b"fact", b"PEAK", b"ds64", b"JUNK", b"junk", b"PAD ", b"FLLR"}
    | {b"JUNQ", b"bxml"},
    "AIFF": {b"COMM", b"SSND", b"FVER", b"PEAK", b"CHAN", b"JUNK", b"FLLR", b"\0\0\0\0"},
    "CAF": {b"desc", b"data", b"pakt", b"kuki", b"chan", b"free", b"peak", b"ovvw"},
    "W64": {b"fmt ", b"data", b"fact", b"PEAK", b"junk", b"wave"},
}
TIMED = {b"bext", b"iXML", b"cue ", b"smpl", b"plst", b"adtl", b"MARK", b"INST", b"mark", b"regn"}


def read_chunked(file: BinaryIO) -> Metadata:
    """Return the metadata of a file that is a row of chunks."""
    file.seek(0)
    layout = layout_of(file.read(16))
    if layout is None:
        return Metadata()
    tagged, text, chunks = Metadata(), Metadata(), []
    for place in places(file, layout):
        if place.id in OWN[layout.home] or place.length > MAX_CHUNK:
            continue
        content = place.read(file)
        tags = _texts(layout, place, content)
        if place.id in ID3_IDS:
            tagged = tagged.and_also(parse_id3(content))
        elif tags is not None:
            text = Metadata(text.tags + tags)
        else:
            chunks.append(_chunk(layout, place, content))
    return Metadata(chunks=tuple(chunks)).and_also(tagged).and_also(text)


def _chunk(layout: Layout, place: Place, content: bytes) -> Chunk:
    """Return a chunk that is carried; a list is known by its type."""
    listed = place.id == b"LIST"
    known = content[:4] if listed else place.id
    name = known.decode("latin-1").strip() if len(known) == 4 else known.hex()
    return Chunk(layout.home, place.id, content, known in TIMED, name)


def _texts(layout: Layout, place: Place, content: bytes) -> tuple[Tag, ...] | None:
    """Return the tags of a text chunk; None for other chunks."""
    if layout in (RIFF, W64) and place.id == b"LIST" and content[:4] == b"INFO":
        return tuple(_info(content))
    if layout is AIFF and place.id in AIFF_TEXTS:
        text = _text(content)
        return ((AIFF_TEXTS[place.id], text),) if text else ()
    if layout is CAF and place.id == b"info":
        return tuple(_strings(content))
    return None


def _text(data: bytes) -> str:
    """Return text in UTF-8, or else in the encoding of old programs."""
    data = data.split(b"\0")[0]
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _info(content: bytes) -> Iterator[Tag]:
    """Yield the tags of an INFO list."""
    position = 4
    while position + 8 <= len(content):
        id = content[position : position + 4]
        (length,) = struct.unpack_from("<I", content, position + 4)
        text = _text(content[position + 8 : position + 8 + length])
        if text:
            yield INFO.get(id, id.decode("latin-1").strip()), text
        position += 8 + length + length % 2


def _strings(content: bytes) -> Iterator[Tag]:
    """Yield the tags of CAF's information chunk: pairs of strings behind their number."""
    parts = [part.decode(errors="replace") for part in content[4:].split(b"\0")]
    for name, value in zip(parts[::2], parts[1::2], strict=False):
        if name and value:
            key = canonical(name)
            yield CAF_NAMES.get(key, key), value


def append_metadata(
    file: BinaryIO, layout: Layout, metadata: Metadata, extra: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Write metadata into a file of chunks that is complete otherwise.

    Args:
        file: open for reading and writing.
        layout: of the file.
        metadata: what its format holds.
        extra: further chunks.
    """
    chunks = [(chunk.id, chunk.data) for chunk in metadata.chunks if chunk.home == layout.home]
    found = [*extra, *_tag_chunks(layout, metadata), *chunks]
    if found:
        append(file, layout, found)


def _tag_chunks(layout: Layout, metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    """Yield the chunks of tags.

    They are those that the format has had from the beginning, where these hold everything, or else
    an ID3 tag; of both, some readers take the first and leave out the other.
    """
    if layout is CAF:
        yield from _caf_chunk(metadata)
        return
    known = {RIFF: _INFO_IDS, AIFF: _AIFF_IDS}.get(layout, {})
    names = {name for name, _ in metadata.tags}
    beside = metadata.pictures or metadata.chapters or _has_frames(metadata)
    if names <= set(known) and len(names) == len(metadata.tags) and not beside:
        yield from _info_chunk(metadata) if layout is RIFF else _aiff_chunks(metadata)
    elif tag := build_id3(metadata):
        yield (b"id3 " if layout is RIFF else b"ID3 "), tag


def _has_frames(metadata: Metadata) -> bool:
    return any(chunk.home == "ID3" for chunk in metadata.chunks)


def _aiff_chunks(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    for name, value in metadata.tags:
        yield _AIFF_IDS[name], value.encode()


def _caf_chunk(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    if metadata.tags:
        pairs = [part for name, value in metadata.tags for part in _caf_pair(name, value)]
        count = struct.pack(">I", len(metadata.tags))
        yield b"info", count + b"".join(part.encode() + b"\0" for part in pairs)


def _caf_pair(name: str, value: str) -> tuple[str, str]:
    return _CAF_KEYS.get(name, name.lower()), value


def _info_chunk(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    entries = []
    for name, value in metadata.tags:
        text = value.encode() + b"\0"
        size = struct.pack("<I", len(text))
        entries.append(_INFO_IDS[name] + size + text + b"\0" * (len(text) % 2))
    if entries:
        yield b"LIST", b"INFO" + b"".join(entries)
