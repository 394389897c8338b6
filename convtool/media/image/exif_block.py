"""EXIF blocks, edited in place.

Source: CIPA DC-008 (Exif), TIFF 6.0 section 2
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import ExifTags

SHORT, LONG, UNDEFINED = 3, 4, 7
SIZES = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}  # bytes per type, others 1
MAX_DIRECTORIES = 8  # of which three are usual
INLINE = 4  # bytes of a value that stands in its entry
DIRECTORIES = (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.Interop)
MAX_SHORT = 2**16 - 1
THUMBNAIL, THUMBNAIL_LENGTH = 0x0201, 0x0202
RESOLUTIONS = (
    (ExifTags.Base.XResolution, ExifTags.Base.YResolution),
    (ExifTags.Base.FocalPlaneXResolution, ExifTags.Base.FocalPlaneYResolution),
)
WIDTHS = (ExifTags.Base.ImageWidth, ExifTags.Base.ExifImageWidth)
HEIGHTS = (ExifTags.Base.ImageLength, ExifTags.Base.ExifImageHeight)
ENTRY = 12  # bytes


@dataclass
class _Entry:
    """One tag: where it stands, and what it says."""

    place: int
    tag: int
    kind: int
    count: int

    @property
    def bytes(self) -> int:
        """The size of its value; one of a few bytes stands in the entry."""
        return self.count * SIZES.get(self.kind, 1)


class Block:
    """An EXIF block to be edited.

    Args:
        raw: the block, which is changed.

    Raises:
        ValueError: it is damaged.
    """

    def __init__(self, raw: bytearray) -> None:
        self._raw = raw
        self._order = {b"II": "<", b"MM": ">"}[bytes(raw[:2])]
        self._first = self._number(4, "L")

    def check(self) -> None:
        """Check that every directory is whole."""
        for directory in self._directories():
            for _ in self._entries(directory):
                pass

    def remove(self, tag: int) -> int | None:
        """Remove a tag of a small number from the first directory; return it if it is there."""
        found = self._find(self._first, tag)
        if found is None:
            return None
        value = self._number(found.place + 8, "L" if found.kind == LONG else "H")
        count = self._number(self._first, "H")
        end = self._first + 2 + count * ENTRY + 4  # the pointer to the next directory moves as well
        self._raw[found.place : end] = self._raw[found.place + ENTRY : end] + bytes(ENTRY)
        self._put(self._first, "H", count - 1)
        return value

    def cut_largest(self) -> int | None:
        """Remove the tag with the largest value, and its bytes; return it, None if there is none.

        What stands behind it moves forward.
        """
        entries = [one for at in self._directories() for one in self._entries(at)]
        largest = max(entries, key=lambda one: one.bytes, default=None)
        if largest is None or largest.bytes <= INLINE or largest.tag in DIRECTORIES:
            return None
        start = self._number(largest.place + 8, "L")
        length = largest.bytes // 2 * 2  # offsets are even
        for place in self._offsets():
            if self._number(place, "L") > start:
                self._put(place, "L", self._number(place, "L") - length)
        self._put(largest.place + 2, "H", UNDEFINED)
        self._put(largest.place + 4, "L", 0)
        del self._raw[start : start + length]
        return largest.tag

    def _offsets(self) -> Iterator[int]:
        """Yield the places of all offsets."""
        yield 4
        for directory in self._directories():
            for entry in self._entries(directory):
                if entry.bytes > INLINE or entry.tag in DIRECTORIES:
                    yield entry.place + 8

    def swap_resolutions(self) -> None:
        """Exchange horizontal and vertical resolutions, as the image is turned."""
        for directory in self._directories():
            for tags in RESOLUTIONS:
                x, y = (self._find(directory, tag) for tag in tags)
                if x and y:
                    first = slice(x.place + 2, x.place + ENTRY)
                    second = slice(y.place + 2, y.place + ENTRY)
                    self._raw[first], self._raw[second] = self._raw[second], self._raw[first]

    def drop_thumbnail(self) -> bool:
        """Detach the second directory and blank the thumbnail; return whether there was one."""
        pointer = self._first + 2 + self._number(self._first, "H") * ENTRY
        second = self._number(pointer, "L") if pointer + 4 <= len(self._raw) else 0
        if not second:
            return False
        self._put(pointer, "L", 0)
        start, length = (
            self._number(found.place + 8, "L") if found else 0
            for found in (self._find(second, THUMBNAIL), self._find(second, THUMBNAIL_LENGTH))
        )
        end = min(start + length, len(self._raw))
        if start and end == len(self._raw):
            del self._raw[start:]
        elif start:
            self._raw[start:end] = bytes(end - start)
        return True

    def set_sizes(self, width: int, height: int) -> None:
        """Set the tags that state the size of the image, where they are."""
        for directory in self._directories():
            for entry in self._entries(directory):
                if entry.tag in (*WIDTHS, *HEIGHTS) and entry.kind in (SHORT, LONG):
                    self._set(entry, width if entry.tag in WIDTHS else height)

    def _set(self, entry: _Entry, value: int) -> None:
        kind = SHORT if entry.kind == SHORT and value <= MAX_SHORT else LONG
        self._put(entry.place + 2, "H", kind)
        self._put(entry.place + 8, "L", 0)
        self._put(entry.place + 8, "H" if kind == SHORT else "L", value)

    def _directories(self) -> list[int]:
        """Return the places of the first directory, and of those that it points to."""
        places = [self._first]
        for place in places:  # which grows
            for tag in DIRECTORIES:
                found = self._find(place, tag)
                pointed = self._number(found.place + 8, "L") if found else None
                if pointed is not None and pointed not in places:
                    places.append(pointed)
            if len(places) > MAX_DIRECTORIES:
                raise ValueError("the EXIF block has too many directories")
        return places

    def _find(self, directory: int, tag: int) -> _Entry | None:
        return next((entry for entry in self._entries(directory) if entry.tag == tag), None)

    def _entries(self, directory: int) -> Iterator[_Entry]:
        for index in range(self._number(directory, "H")):
            place = directory + 2 + index * ENTRY
            tag, kind = self._number(place, "H"), self._number(place + 2, "H")
            yield _Entry(place, tag, kind, self._number(place + 4, "L"))
            self._number(place + 8, "L")  # raises where the entry is cut

    def _number(self, place: int, code: str) -> int:
        try:
            (value,) = struct.unpack_from(self._order + code, self._raw, place)
        except struct.error as exc:
            raise ValueError("the EXIF block ends early") from exc
        return int(value)

    def _put(self, place: int, code: str, value: int) -> None:
        struct.pack_into(self._order + code, self._raw, place, value)
