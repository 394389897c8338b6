"""Boxes, and the items of a file with their properties, references and data."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

# Boxes that hold boxes, and how many bytes stand before these.
CONTAINERS = {
    b"meta": 4,
    b"iprp": 0,
    b"ipco": 0,
    b"moov": 0,
    b"trak": 0,
    b"mdia": 0,
    b"minf": 0,
    b"stbl": 0,
    b"stsd": 8,
    b"av01": 78,
}
MAX_BOXES = 100_000


class Box(NamedTuple):
    """One box: its kind, and where its content stands."""

    kind: bytes
    start: int
    end: int


class Property(NamedTuple):
    """A property of an item: its kind, and its content."""

    kind: bytes
    payload: bytes


@dataclass
class Items:
    """The items of a file.

    Attributes:
        primary: the number of the item that is shown.
        kinds: of all items, by their numbers.
        properties: of all items, by their numbers.
        references: kind, the item that refers, the items referred to.
        places: where the data of items stand: start and length of each part.
    """

    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    properties: dict[int, list[Property]] = field(default_factory=dict)
    references: list[tuple[bytes, int, list[int]]] = field(default_factory=list)
    places: dict[int, list[tuple[int, int]]] = field(default_factory=dict)

    def of_primary(self, kind: bytes) -> list[bytes]:
        """Return the properties of a kind that the item shown has."""
        return [one.payload for one in self.properties.get(self.primary, ()) if one.kind == kind]


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes between two places.

    Raises:
        ValueError: one is larger than what it stands in.
    """
    end = len(data) if end is None else end
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16]), 16
        size = size or end - start
        if size < head or start + size > end:
            raise ValueError("a box is larger than the file")
        yield Box(kind, start + head, start + size)
        start += size


def walk(data: bytes) -> Iterator[Box]:
    """Yield all boxes, inner ones after the one that they stand in."""
    waiting = list(boxes(data))
    for count, box in enumerate(waiting):  # which grows
        if count > MAX_BOXES:
            raise ValueError(f"more than {MAX_BOXES} boxes")
        yield box
        if box.kind in CONTAINERS:
            waiting += boxes(data, box.start + CONTAINERS[box.kind], box.end)


def items(data: bytes) -> Items:
    """Return the items of a file; none where it has only tracks.

    Raises:
        ValueError: the file is damaged.
    """
    found = Items()
    meta = next((box for box in boxes(data) if box.kind == b"meta"), None)
    if meta is None:
        return found
    try:
        for box in boxes(data, meta.start + 4, meta.end):
            if box.kind in READERS:
                READERS[box.kind](data, box, found)
    except (struct.error, IndexError) as exc:
        raise ValueError("the description of the image ends early") from exc
    return found


class Cursor:
    """Reads numbers one after the other.

    Args:
        data: the file.
        start: where the first one stands.
    """

    def __init__(self, data: bytes, start: int) -> None:
        self.data, self.place = data, start

    def number(self, size: int) -> int:
        """Return the next number of some bytes, 0 for none."""
        taken = self.data[self.place : self.place + size]
        if len(taken) < size:
            raise IndexError(self.place)
        self.place += size
        return int.from_bytes(taken)


def _primary(data: bytes, box: Box, found: Items) -> None:
    cursor = Cursor(data, box.start)
    version = cursor.number(4) >> 24
    found.primary = cursor.number(4 if version else 2)


def _kinds(data: bytes, box: Box, found: Items) -> None:
    size = 4 if data[box.start] else 2
    for entry in boxes(data, box.start + 4 + size, box.end):
        cursor = Cursor(data, entry.start)
        version = cursor.number(4) >> 24
        number = cursor.number(4 if version == 3 else 2)
        cursor.number(2)  # protection
        found.kinds[number] = data[cursor.place : cursor.place + 4]


def _references(data: bytes, box: Box, found: Items) -> None:
    size = 4 if data[box.start] else 2
    for entry in boxes(data, box.start + 4, box.end):
        cursor = Cursor(data, entry.start)
        source, count = cursor.number(size), cursor.number(2)
        targets = [cursor.number(size) for _ in range(count)]
        found.references.append((entry.kind, source, targets))


def _properties(data: bytes, box: Box, found: Items) -> None:
    inner = list(boxes(data, box.start, box.end))
    known = [
        Property(one.kind, data[one.start : one.end])
        for holder in inner
        if holder.kind == b"ipco"
        for one in boxes(data, holder.start, holder.end)
    ]
    for holder in inner:
        if holder.kind == b"ipma":
            _associate(data, holder, known, found)


def _associate(data: bytes, box: Box, known: list[Property], found: Items) -> None:
    cursor = Cursor(data, box.start)
    head = cursor.number(4)
    wide, large = head & 1, head >> 24
    for _ in range(cursor.number(4)):
        number = cursor.number(4 if large else 2)
        for _ in range(cursor.number(1)):
            index = cursor.number(2) & 0x7FFF if wide else cursor.number(1) & 0x7F
            if 0 < index <= len(known):
                found.properties.setdefault(number, []).append(known[index - 1])


def _places(data: bytes, box: Box, found: Items) -> None:
    cursor = Cursor(data, box.start)
    version = cursor.number(4) >> 24
    sizes = cursor.number(2)
    offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    for _ in range(cursor.number(4 if version == 2 else 2)):
        number = cursor.number(4 if version == 2 else 2)
        method = cursor.number(2) & 15 if version else 0
        cursor.number(2)  # where another file is named
        start = cursor.number(base)
        parts = []
        count = cursor.number(2)
        if count > 1 and not offset and not length:
            raise ValueError("the parts of an item have no places")
        for _ in range(count):
            cursor.number(index if version else 0)
            place = start + cursor.number(offset)
            parts.append((place, cursor.number(length)))
        if method == 0 and sum(size for _, size in parts) <= len(data):
            found.places[number] = parts


READERS = {
    b"pitm": _primary,
    b"iinf": _kinds,
    b"iref": _references,
    b"iprp": _properties,
    b"iloc": _places,
}
