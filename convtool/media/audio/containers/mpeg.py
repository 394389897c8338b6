"""The parts of MP3 files, which may have been joined of several.

A part may begin with a frame that holds no sound but a table about it. Its numbers are not trusted:
frames are counted.
"""

from array import array
from dataclasses import dataclass, field
from typing import BinaryIO

from convtool.media.audio.containers.mpeg_frames import TABLE_BYTES, Frame, Table, frame, table_of
from convtool.media.audio.metadata.ape import ID3V1, ape_length
from convtool.media.audio.metadata.id3 import HEAD as ID3_HEAD
from convtool.media.audio.metadata.id3 import tag_length

RESYNC = 2**16  # bytes that may lie between frames
IN_A_ROW = 3  # frames that tell sound from other bytes
SYNC = 0xFF  # the first byte of a frame
MAX_LYRICS = 2**17
PIECE = 2**20  # bytes that are read at once


@dataclass
class Part:
    """Frames that were encoded together.

    Attributes:
        kind: layer, rate and channels.
        start: where it begins in the file, with its table.
        starts: where each of its frames begins.
        end: where the last of them ends.
        samples: per channel, of all frames.
        table: what it states of itself; None where it has none.
        cut: a last frame is incomplete.
    """

    kind: tuple[int, int, int]
    start: int
    starts: "array[int]" = field(default_factory=lambda: array("Q"))
    end: int = 0
    samples: int = 0
    table: Table | None = None
    cut: bool = False

    @property
    def delay(self) -> int:
        """Samples at the beginning that the encoder added."""
        return self.table.delay if self.table else 0

    @property
    def length(self) -> int:
        """Samples per channel without those that the encoder added."""
        whole = self.table is not None and self.table.frames in (None, len(self.starts))
        padding = self.table.padding if self.table and whole else 0
        return max(0, self.samples - self.delay - padding)

    @property
    def missing(self) -> int:
        """Samples that the table states beyond the frames; 0 where only the table is wrong.

        The end is missing where both numbers of the table, of frames and of bytes, say so.
        """
        count = len(self.starts)
        if self.table is None or not count or (self.table.frames or 0) <= count:
            return 0
        mean = (self.end - self.start) // count
        if self.table.bytes <= self.end - self.start + mean:
            return 0
        assert self.table.frames is not None
        return (self.table.frames - count) * self.samples // count


@dataclass(frozen=True)
class Scan:
    """What an MP3 file is made of.

    Attributes:
        parts: those that hold sound.
        tags: where tags stand, and their lengths.
        skipped: bytes between frames that are neither sound nor tags.
    """

    parts: list[Part]
    tags: list[tuple[int, int]]
    skipped: int = 0


class _Bytes:
    """The bytes of a file, read in pieces."""

    def __init__(self, file: BinaryIO) -> None:
        self.size = file.seek(0, 2)
        self._file, self._start, self._held = file, 0, b""

    def at(self, position: int, count: int) -> bytes:
        """Return bytes from a position on, fewer at the end of the file."""
        offset = position - self._start
        if offset < 0 or offset + count > len(self._held):
            self._file.seek(position)
            self._start, offset = position, 0
            self._held = self._file.read(max(count, PIECE))
        return self._held[offset : offset + count]


def scan(file: BinaryIO) -> Scan:
    """Return the parts of an MP3 file; none where it is no such file, or of free format."""
    data = _Bytes(file)
    parts: list[Part] = []
    tags: list[tuple[int, int]] = []
    position, skipped, fresh = 0, 0, True
    while position + 4 <= data.size:
        found = frame(data.at(position, 4))
        other = not parts or (found is not None and found.kind != parts[-1].kind)
        if found is None or (other and not _in_a_row(data, position, None)):
            length = _tag(data, position)
            if length:
                tags.append((position, length))
                position, fresh = position + length, True
                continue
            following = _resync(data, position + 1, parts[-1].kind if parts else None)
            if following is None:
                break
            if parts and data.at(position, following - position).strip(b"\0"):
                skipped += following - position
            position = following
            continue
        table = table_of(found, data.at(position, TABLE_BYTES))
        if fresh or table or found.kind != parts[-1].kind:
            parts.append(Part(found.kind, position, table=table))
            fresh = False
        if table is None:
            _add(parts[-1], position, found, data.size)
        position += found.length
    return Scan([part for part in parts if part.starts or part.cut], tags, skipped)


def _add(part: Part, position: int, found: Frame, size: int) -> None:
    """Add a frame to a part, where it is complete."""
    if position + found.length > size:
        part.cut = True
        return
    part.starts.append(position)
    part.end = position + found.length
    part.samples += found.samples


def _tag(data: _Bytes, position: int) -> int:
    """Return how long the tag at a position is; 0 where there is none."""
    head = data.at(position, 32)
    if head[:3] == b"TAG":
        return ID3V1
    if head[:11] == b"LYRICSBEGIN":
        return _lyrics_length(data.at(position, MAX_LYRICS))
    return tag_length(head[:ID3_HEAD]) or ape_length(head)


def _lyrics_length(text: bytes) -> int:
    """Return how long a Lyrics3 tag is."""
    ends = [text.find(mark) for mark in (b"LYRICS200", b"LYRICSEND")]
    found = [end for end in ends if end >= 0]
    return min(found) + 9 if found else len(text)


def _resync(data: _Bytes, position: int, kind: tuple[int, int, int] | None) -> int | None:
    """Return where the next frames in a row begin, or the next tag; None where none do."""
    for start in range(position, min(data.size - 3, position + RESYNC)):
        first = data.at(start, 1)[0]
        if first == SYNC and _in_a_row(data, start, kind):
            return start
        if first in b"ITAL" and _tag(data, start):
            return start
    return None


def _in_a_row(data: _Bytes, start: int, kind: tuple[int, int, int] | None) -> bool:
    """Return whether frames of one kind follow each other."""
    for number in range(IN_A_ROW):
        if start == data.size or (start > data.size and number > 1):
            return number > 0
        found = frame(data.at(start, 4))
        if found is None or (kind is not None and found.kind != kind):
            return False
        kind, start = found.kind, start + found.length
    return True
