"""EXIF tags as TIFF holds them: the same entries as in an EXIF block, copied byte for byte."""

import io
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from PIL import Image

from convtool.media.image.formats.tiff.directory import Directory, TiffData
from convtool.media.image.formats.tiff.tags import DESCRIPTIVE, LAYOUT, Tag

ASCII, LONG, LONG8 = 2, 4, 16
INNER = (Tag.EXIF, Tag.GPS)
CLASSIC_TYPES = range(1, 14)
BLOCK = b"Exif\0\0"


@dataclass(frozen=True)
class Value:
    """A tag's type, the number of its values, and their bytes."""

    type: int
    count: int
    raw: bytes


Table = Mapping[int, Value]


class Tables(NamedTuple):
    """The directories of EXIF tags.

    Attributes:
        order: the byte order of all values, `<` or `>`.
        main: what describes the image.
        inner: further directories by the tags that lead to them, the innermost first.
    """

    order: str
    main: dict[int, Value]
    inner: dict[int, dict[int, Value]]


def tables(directory: Directory) -> Tables:
    """Return the EXIF tags of a page.

    Raises:
        EOFError: they lie outside of the file.
    """
    inner: dict[int, dict[int, Value]] = {}
    for tag in INNER:
        offset = directory.number(tag, 0)
        if offset:
            found = Directory(directory.data, offset)
            deeper = found.number(Tag.INTEROPERABILITY, 0)
            if deeper:
                inner[int(Tag.INTEROPERABILITY)] = _inner(Directory(directory.data, deeper))
            inner[int(tag)] = _inner(found)
    main = _values(directory, DESCRIPTIVE)
    return Tables(directory.data.order, main, {tag: table for tag, table in inner.items() if table})


def from_pillow(exif: Image.Exif) -> Tables:
    """Return the tags that Pillow holds; those about another file's layout are left out."""
    data = TiffData(io.BytesIO(exif.tobytes().removeprefix(BLOCK)))
    first = Directory(data, data.first)
    rest = [tag for tag in first.entries if tag not in LAYOUT and tag not in INNER]
    return tables(first)._replace(main=_values(first, rest))


def to_pillow(found: Tables) -> Image.Exif:
    """Return tags as Pillow holds them; texts that are not ASCII as bytes, which it keeps."""
    exif = Image.Exif()
    exif.load(BLOCK + block(found))
    _keep_texts(found.main, exif)
    for tag, table in found.inner.items():
        _keep_texts(table, exif.get_ifd(tag))
    exif.tobytes()  # raises now what would fail when it is written
    return exif


def _keep_texts(table: Table, kept: Any) -> None:
    for tag, value in table.items():
        if value.type == ASCII and not value.raw.isascii():
            kept[tag] = value.raw.rstrip(b"\0")


def _values(directory: Directory, tags: Iterable[int]) -> dict[int, Value]:
    found = {}
    for tag in tags:
        entry = directory.entries.get(tag)
        if entry is not None and entry.length and entry.type in CLASSIC_TYPES:
            found[int(tag)] = Value(entry.type, entry.count, directory.raw(tag))
    return found


def _inner(directory: Directory) -> dict[int, Value]:
    return _values(directory, [tag for tag in directory.entries if tag != Tag.INTEROPERABILITY])


def block(found: Tables) -> bytes:
    """Return a TIFF file of the tags alone."""
    head = (b"II" if found.order == "<" else b"MM") + struct.pack(found.order + "HI", 42, 8)
    return head + nested(found, 8)


def nested(found: Tables, place: int, next: int = 0, *, big: bool = False) -> bytes:
    """Return a directory with those inside of it behind it, and their values.

    Args:
        found: the tags.
        place: where in the file it will lie.
        next: where the next page's directory will lie, or 0.
        big: the file is a BigTIFF.
    """
    kind, code = (LONG8, "Q") if big else (LONG, "I")

    def pointer(where: int) -> Value:
        return Value(kind, 1, struct.pack(found.order + code, where))

    main = found.main | {tag: pointer(0) for tag in INNER if tag in found.inner}
    behind = place + len(packed(found.order, main, place, big=big))
    inner, places = b"", {}
    for tag, table in found.inner.items():
        places[tag] = pointer(behind + len(inner))
        is_outer = tag == Tag.EXIF and Tag.INTEROPERABILITY in places
        more = {int(Tag.INTEROPERABILITY): places[Tag.INTEROPERABILITY]} if is_outer else {}
        inner += packed(found.order, table | more, behind + len(inner), big=big)
    main |= {tag: places[tag] for tag in INNER if tag in places}
    return packed(found.order, main, place, next, big=big) + inner


def packed(order: str, table: Table, place: int, next: int = 0, *, big: bool = False) -> bytes:
    """Return a directory and the values behind it.

    Args:
        order: the byte order.
        table: its tags.
        place: where in the file it will lie.
        next: where the next one will lie, or 0.
        big: the file is a BigTIFF.
    """
    count, entry, offset = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    room = struct.calcsize("<" + offset)
    step = struct.calcsize("<" + entry) + room
    after = place + struct.calcsize("<" + count) + len(table) * step + room
    head, rest = struct.pack(order + count, len(table)), b""
    for tag in sorted(table):
        raw = table[tag].raw
        head += struct.pack(order + entry, tag, table[tag].type, table[tag].count)
        if len(raw) <= room:
            head += raw.ljust(room, b"\0")
        else:
            head += struct.pack(order + offset, after + len(rest))
            rest += raw + b"\0" * (len(raw) % 2)
    rest += b"\0" * ((len(head) + room + len(rest)) % 2)  # directories begin at even places
    return head + struct.pack(order + offset, next) + rest
