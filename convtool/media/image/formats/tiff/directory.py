"""The directories of a TIFF file and their tags, classic and BigTIFF, in both byte orders.

Every loop over the file's own offsets has a bound here. What tags mean is not known here.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

# NumPy's codes of the types of tags, by their numbers (TIFF 6.0, section 2; BigTIFF).
TYPES = {
    1: "u1", 2: "u1", 3: "u2", 4: "u4", 5: "u4", 6: "i1", 7: "u1", 8: "i2", 9: "i4", 10: "i4",
    11: "f4", 12: "f8", 13: "u4", 16: "u8", 17: "i8", 18: "u8",
}  # fmt: skip
PAIRS = (5, 10)  # types whose values are fractions
MOST_VALUES = 2**18  # of a tag, unless more are asked for: three for each colour of a palette
BIG = 43  # the version number of BigTIFF


@dataclass(frozen=True, slots=True)
class Entry:
    """A tag's type, the number of its values, and where they lie in the file."""

    type: int
    count: int
    place: int

    @property
    def length(self) -> int:
        """The number of bytes of its values; 0 for an unknown type."""
        if self.type not in TYPES:
            return 0
        return self.count * int(TYPES[self.type][1]) * (1 + (self.type in PAIRS))


class TiffData:
    """The bytes of a TIFF file, read where they are asked for.

    Args:
        stream: the file, or the tags of an EXIF block, which are laid out alike.

    Attributes:
        order: `<` or `>`, the byte order.
        size: the number of bytes.
        first: where the first directory lies.

    Raises:
        ValueError: it does not begin like a TIFF file.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, 2)
        head = self.read(0, min(16, self.size))
        self.order = "<" if head[:2] == b"II" else ">"
        big_version = head[2:4] in (bytes([BIG, 0]), bytes([0, BIG]))
        self.big = big_version and head[:4] in (b"II+\0", b"MM\0+")
        at, self._offset = (8, "Q") if self.big else (4, "I")
        (self.first,) = self._unpack(self._offset, at)

    def read(self, place: int, length: int) -> bytes:
        """Return bytes of the file.

        Raises:
            EOFError: it ends before them.
        """
        if place + length > self.size:
            raise EOFError(f"the file is truncated: {place + length} bytes declared")
        self._stream.seek(place)
        return self._stream.read(length)

    def chain(self, offset: int) -> Iterator["Directory"]:
        """Yield the directories of a chain; after a fault of the file none comes any more.

        Args:
            offset: of the first.

        Raises:
            ValueError: they form a loop, or overlap.
            EOFError: one lies outside of the file.
        """
        seen: set[int] = set()
        taken = 0
        while offset:
            if offset in seen:
                raise ValueError("the directories of its pages form a loop")
            seen.add(offset)
            directory = Directory(self, offset)
            taken += directory.length
            if taken > self.size:
                raise ValueError("the directories of its pages overlap")
            yield directory
            offset = directory.next

    def _unpack(self, codes: str, place: int) -> tuple[Any, ...]:
        whole = self.order + codes
        return struct.unpack(whole, self.read(place, struct.calcsize(whole)))


class Directory:
    """The tags of a page.

    Args:
        data: the file.
        offset: where it lies.

    Attributes:
        length: the number of its bytes.
        next: where the next directory of its chain lies, or 0.
        entries: the tags by their numbers.

    Raises:
        EOFError: it lies outside of the file.
    """

    def __init__(self, data: TiffData, offset: int) -> None:
        self.data, self.offset = data, offset
        codes, entry, inline = ("Q", "HHQQ", 8) if data.big else ("H", "HHII", 4)
        (count,) = data._unpack(codes, offset)  # noqa: SLF001  # one parser in two classes
        start, step = offset + struct.calcsize(codes), struct.calcsize("<" + entry)
        self.length = struct.calcsize(codes) + count * step + inline
        if offset + self.length - inline > data.size:
            raise EOFError("the file is truncated: a directory ends outside of it")
        table = data.read(start, count * step)
        self.entries: dict[int, Entry] = {}
        for index, found in enumerate(struct.iter_unpack(data.order + entry, table)):
            tag, kind, values, place = found
            if Entry(kind, values, 0).length <= inline:
                place = start + (index + 1) * step - inline
            self.entries.setdefault(tag, Entry(kind, values, place))
        self.next = self._next(start + count * step, codes="Q" if data.big else "I")

    def _next(self, place: int, codes: str) -> int:
        if place + struct.calcsize(codes) > self.data.size:
            return 0  # some programs leave it out after the last directory
        return int(self.data._unpack(codes, place)[0])  # noqa: SLF001  # as above

    def raw(self, tag: int) -> bytes:
        """Return the bytes of a tag's values, in the byte order of the file; empty without it.

        Raises:
            EOFError: they lie outside of the file.
        """
        entry = self.entries.get(tag)
        return b"" if entry is None else self.data.read(entry.place, entry.length)

    def values(self, tag: int, most: int = MOST_VALUES) -> tuple[Any, ...]:
        """Return a tag's values, fractions as floats; none where it is missing or damaged.

        Args:
            tag: its number.
            most: values that are read; those after them are not asked for.
        """
        entry = self.entries.get(tag)
        if entry is None or not entry.length:
            return ()
        size = entry.length // entry.count
        try:
            raw = self.data.read(entry.place, min(entry.count, most) * size)
        except EOFError:
            return ()
        found = np.frombuffer(raw, self.data.order + TYPES[entry.type])
        if entry.type in PAIRS:
            upper, lower = found[::2].astype(float), found[1::2].astype(float)
            found = np.where(lower != 0, upper, 0) / np.where(lower != 0, lower, 1)
        return tuple(found.tolist())

    def number(self, tag: int, default: int) -> int:
        """Return the first value of a tag as a whole number."""
        values = self.values(tag)
        return int(values[0]) if values else default

    def text(self, tag: int) -> bytes:
        """Return a tag's text without the zero at its end; empty where it is damaged."""
        try:
            return self.raw(tag).rstrip(b"\0")
        except EOFError:
            return b""
