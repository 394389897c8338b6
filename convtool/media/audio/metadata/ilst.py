"""The tags of M4A files: the list of items in `moov/udta/meta/ilst`.

Source: Apple QuickTime File Format; https://mutagen.readthedocs.io/en/latest/api/mp4.html (names).
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from convtool.media.audio.metadata.genres import genre
from convtool.media.audio.metadata.model import Chunk, Metadata, Picture
from convtool.media.audio.metadata.vorbis import canonical

TEXTS = {
    "TITLE": b"\xa9nam",
    "ARTIST": b"\xa9ART",
    "ALBUM": b"\xa9alb",
    "ALBUMARTIST": b"aART",
    "COMPOSER": b"\xa9wrt",
    "GENRE": b"\xa9gen",
    "DATE": b"\xa9day",
    "COMMENT": b"\xa9cmt",
    "COPYRIGHT": b"cprt",
    "LYRICS": b"\xa9lyr",
    "GROUPING": b"\xa9grp",
    "DESCRIPTION": b"desc",
    "SYNOPSIS": b"ldes",
    "TITLESORT": b"sonm",
    "ARTISTSORT": b"soar",
    "ALBUMSORT": b"soal",
    "ALBUMARTISTSORT": b"soaa",
    "COMPOSERSORT": b"soco",
}
PAIRS = {"TRACKNUMBER": b"trkn", "DISCNUMBER": b"disk"}
BYTES = {"COMPILATION": b"cpil"}
INTEGERS = (b"tmpo", b"cpil")
_KEYS = {item: name for name, item in (TEXTS | PAIRS | BYTES).items()}
_KEYS |= {b"tmpo": "BPM", b"gnre": "GENRE", b"\xa9too": "ENCODER"}
BINARY, UTF8, JPEG, PNG, BMP, INTEGER = 0, 1, 13, 14, 27, 21
_MIMES = {JPEG: "image/jpeg", PNG: "image/png", BMP: "image/bmp"}
KINDS = {"image/jpeg": JPEG, "image/png": PNG, "image/bmp": BMP}
PATH = (b"moov", b"udta", b"meta", b"ilst")
MAX_MOOV = 2**28  # bytes that are read of it
META_HEAD = 4  # bytes of `meta` before its boxes: version and flags
_PAIR = re.compile(r"\s*(\d{1,5})\s*(?:/\s*(\d{1,5})\s*)?")
_MEAN = struct.pack(">I", 0) + b"com.apple.iTunes"


def build_ilst(metadata: Metadata) -> bytes:
    """Return the content of an `ilst` box."""
    items = [_item(name, values) for name, values in metadata.grouped().items()]
    covers = b"".join(_cover(picture) for picture in metadata.pictures)
    carried = [_box(chunk.id, chunk.data) for chunk in metadata.chunks if chunk.home == "MP4"]
    return b"".join([*items, *carried]) + (_box(b"covr", covers) if covers else b"")


def _item(name: str, values: list[str]) -> bytes:
    """Return the item of a tag; one that has no item of its own is stated by its name."""
    pair = _PAIR.fullmatch(values[0]) if name in PAIRS else None
    if pair:
        numbers = struct.pack(">HHHH", 0, int(pair[1]) & 0xFFFF, int(pair[2] or 0) & 0xFFFF, 0)
        content = numbers if name == "TRACKNUMBER" else numbers[:6]
        return _box(PAIRS[name], _data(BINARY, content))
    if name == "BPM" and values[0].isdigit() and int(values[0]) < 2**16:
        return _box(b"tmpo", _data(INTEGER, struct.pack(">H", int(values[0]))))
    if name in BYTES and values[0] in ("0", "1"):
        return _box(BYTES[name], _data(INTEGER, bytes([int(values[0])])))
    texts = b"".join(_data(UTF8, value.encode()) for value in values)
    if name in TEXTS:
        return _box(TEXTS[name], texts)
    named = _box(b"mean", _MEAN) + _box(b"name", struct.pack(">I", 0) + name.encode())
    return _box(b"----", named + texts)


def _cover(picture: Picture) -> bytes:
    return _data(KINDS.get(picture.mime, BINARY), picture.data)


def _data(kind: int, content: bytes) -> bytes:
    return _box(b"data", struct.pack(">II", kind, 0) + content)


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content) + 8) + name + content


def read_ilst(file: BinaryIO) -> Metadata:
    """Return the tags and covers of an MP4 file."""
    found = Metadata()
    for name, content in _children(_list_of(file)):
        found = _with_item(found, name, content)
    return found


def _list_of(file: BinaryIO) -> bytes:
    """Return the content of the list; nothing where there is none."""
    content = b""
    for name, start, length in _boxes(file, 0, file.seek(0, 2)):
        if name == PATH[0]:
            file.seek(start + 8)
            content = file.read(min(length - 8, MAX_MOOV))
    for wanted in PATH[1:]:
        content = dict(_children(content)).get(wanted, b"")
        if wanted == b"meta" and content[4:8] != b"hdlr":
            content = content[META_HEAD:]
    return content


def _children(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the names and contents of the boxes in another."""
    position = 0
    while position + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, position)
        if length < 8:
            return
        yield name, content[position + 8 : position + length]
        position += length


def _with_item(found: Metadata, name: bytes, content: bytes) -> Metadata:
    """Return metadata with what one more item holds."""
    boxes = list(_children(content))
    values = [(box[3], box[8:]) for inner, box in boxes if inner == b"data" and len(box) >= 8]
    if name == b"covr":
        pictures = tuple(Picture(data, _MIMES.get(kind, "image/jpeg")) for kind, data in values)
        return replace(found, pictures=found.pictures + pictures)
    key = _KEYS.get(name, "")
    if name == b"----":
        key = canonical(dict(boxes).get(b"name", b"")[4:].decode(errors="replace"))
    texts = [text for kind, data in values if (text := _text(name, kind, data))]
    if key and texts:
        return replace(found, tags=found.tags + tuple((key, text) for text in texts))
    chunk = Chunk("MP4", name, content, name=name.decode("latin-1").strip())
    return replace(found, chunks=(*found.chunks, chunk))


def _text(name: bytes, kind: int, data: bytes) -> str:
    """Return the value of an item as text; nothing where it is of another kind."""
    if name in PAIRS.values() and len(data) >= 6:
        number, total = struct.unpack_from(">HH", data, 2)
        return f"{number}/{total}" if total else str(number)
    if name == b"gnre" and len(data) == 2:
        return genre(str(int.from_bytes(data, "big") - 1))
    if kind == INTEGER or name in INTEGERS:
        return str(int.from_bytes(data, "big"))
    return data.decode(errors="replace") if kind == UTF8 else ""


def write_ilst(file: BinaryIO, metadata: Metadata) -> None:
    """Replace the tags of an M4A file whose `moov` box is its last.

    Args:
        file: open for reading and writing.
        metadata: what it holds.
    """
    end = file.seek(0, 2)
    for name, start, length in _boxes(file, 0, end):
        if name == PATH[0] and start + length == end:
            file.seek(start)
            moov = file.read(length)
            file.seek(start)
            file.write(_replaced(moov[8:], PATH, build_ilst(metadata)))
            file.truncate()
            return


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name, the beginning and the length of each box."""
    while start + 8 <= end:
        file.seek(start)
        length, name = struct.unpack(">I4s", file.read(8))
        if length == 1:
            (length,) = struct.unpack(">Q", file.read(8))
        length = length or end - start
        if length < 8:
            return
        yield name, start, length
        start += length


def _replaced(content: bytes, path: tuple[bytes, ...], items: bytes) -> bytes:
    """Return a box with another `ilst` inside, made where it is missing.

    Args:
        content: of the box, without its size and name.
        path: its name, and those of the boxes on the way to the list.
        items: the content of the list.
    """
    name, rest = path[0], path[1:]
    if not rest:
        return _box(name, items)
    head = META_HEAD if name == b"meta" else 0
    content = content or bytes(head)
    parts, position, found = [content[:head]], head, False
    while position + 8 <= len(content):
        length, inner = struct.unpack_from(">I4s", content, position)
        length = max(8, length)
        part = content[position : position + length]
        if inner == rest[0] and not found:
            part, found = _replaced(part[8:], rest, items), True
        parts.append(part)
        position += length
    if not found:
        parts.append(_replaced(b"", rest, items))
    return _box(name, b"".join(parts))
