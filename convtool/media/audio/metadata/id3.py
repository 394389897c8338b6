"""ID3 tags, as in MP3, and in chunks of WAV and AIFF: versions 2.2 to 2.4 are read, 2.4 written.

Source: https://id3.org/id3v2.4.0-structure; https://id3.org/id3v2-chapters-1.0.
"""

import struct
from collections.abc import Iterator

from convtool.media.audio.metadata import id3_frames as frames
from convtool.media.audio.metadata.genres import genre
from convtool.media.audio.metadata.model import Chapter, Chunk, Metadata, Picture, Tag
from convtool.media.audio.metadata.vorbis import canonical

MAGIC = b"ID3"
HEAD = 10  # bytes of the header
PADDING = 32  # bytes behind the frames; some readers look for one more frame
UNSYNCHRONIZED, EXTENDED, FOOTER = 0x80, 0x40, 0x10
COMPRESSED, ENCRYPTED, FRAME_UNSYNCHRONIZED, WITH_LENGTH = 0x08, 0x04, 0x02, 0x01
SKIPPED = {"TLEN", "TSIZ", "CTOC", "SEEK", "ASPI", "MLLT", "ETCO", "SYTC"}  # about the encoding


def tag_length(head: bytes) -> int:
    r"""Return how many bytes an ID3v2 tag takes, by its first ten; 0 where it is none.

    >>> tag_length(b"ID3\x04\x00\x00\x00\x00\x01\x00")
    138
    """
    if len(head) < HEAD or head[:3] != MAGIC or any(byte & 0x80 for byte in head[6:10]):
        return 0
    footer = HEAD if head[5] & FOOTER else 0
    return HEAD + _syncsafe(head[6:10]) + footer


def parse_id3(data: bytes) -> Metadata:
    """Return what an ID3v2 tag holds."""
    length = tag_length(data)
    if not length:
        return Metadata()
    version, flags = data[3], data[5]
    body = data[HEAD:length]
    if flags & UNSYNCHRONIZED and version < 4:
        body = body.replace(b"\xff\0", b"\xff")
    if flags & EXTENDED and len(body) >= 4:
        size = _syncsafe(body[:4]) if version == 4 else int.from_bytes(body[:4], "big") + 4
        body = body[size:]
    found = Metadata()
    for name, content in _frames(body, version):
        found = _with_frame(found, name, content, version)
    return found


def _frames(body: bytes, version: int) -> Iterator[tuple[str, bytes]]:
    """Yield the identifiers and contents of frames that can be read."""
    position, letters = 0, 3 if version == 2 else 4
    head = 6 if version == 2 else 10
    while position + head < len(body) and body[position]:
        name = body[position : position + letters].decode("latin-1")
        size = body[position + letters : position + 2 * letters]
        length = _syncsafe(size) if version == 4 else int.from_bytes(size, "big")
        content = body[position + head : position + head + length]
        flags = body[position + 9] if version == 4 else 0
        position += head + length
        if len(content) < length:
            return
        if flags & (COMPRESSED | ENCRYPTED):
            continue
        if flags & WITH_LENGTH:
            content = content[4:]
        if flags & FRAME_UNSYNCHRONIZED:
            content = content.replace(b"\xff\0", b"\xff")
        if version == 2:
            name = frames.OLDEST.get(name, name)
        yield frames.OLDER.get(name, name), content


def _with_frame(found: Metadata, name: str, content: bytes, version: int) -> Metadata:
    """Return metadata with what one more frame holds."""
    if name == "APIC":
        picture = frames.picture(content, oldest=version == 2)
        return _plus(found, pictures=(picture,) if picture else ())
    if name == "CHAP":
        chapter = _chapter(content, version)
        return _plus(found, chapters=(chapter,) if chapter else ())
    tags = _tags(name, content)
    if tags or name in SKIPPED or (name[:1] == "T" and name != "TXXX" and not content.strip(b"\0")):
        return _plus(found, tags=tags)
    if len(name) == 4 and name.isalnum():
        return _plus(found, chunks=(Chunk("ID3", name.encode(), content),))
    return found


def _plus(
    found: Metadata,
    *,
    tags: tuple[Tag, ...] = (),
    pictures: tuple[Picture, ...] = (),
    chapters: tuple[Chapter, ...] = (),
    chunks: tuple[Chunk, ...] = (),
) -> Metadata:
    return Metadata(
        found.tags + tags,
        found.pictures + pictures,
        found.chapters + chapters,
        found.chunks + chunks,
    )


def _tags(name: str, content: bytes) -> tuple[Tag, ...]:
    """Return the tags of a text frame; none for other frames."""
    if name in ("COMM", "USLT"):
        text, found = frames.described(content, language=True)
        usual = "COMMENT" if name == "COMM" else "LYRICS"
        own = canonical(text) if name == "COMM" and text else usual
        return tuple((own if own.startswith("ITUN") else usual, value) for value in found)
    if name == "TXXX":
        text, found = frames.described(content, language=False)
        return tuple((canonical(text) or "TEXT", value) for value in found)
    if name[:1] == "T" and name not in SKIPPED:
        found = frames.values(content)
        own = frames.TEXTS.get(name, name)
        return tuple((own, genre(value) if own == "GENRE" else value) for value in found)
    return ()


def _chapter(content: bytes, version: int) -> Chapter | None:
    """Return the chapter of a CHAP frame."""
    _, rest = frames.split(0, content)
    if len(rest) < 16:
        return None
    start, end = struct.unpack(">II", rest[:8])
    inner = dict(_frames(rest[16:], version))
    title = (*frames.values(inner.get("TIT2", b"")), "")[0]
    return Chapter(start / 1000, end / 1000, title)


def build_id3(metadata: Metadata) -> bytes:
    """Return an ID3v2.4 tag."""
    body = b"".join(_frame(name, content) for name, content in _contents(metadata))
    if not body:
        return b""
    body += bytes(PADDING)
    return MAGIC + b"\x04\0\0" + _syncsafe_bytes(len(body)) + body


def _contents(metadata: Metadata) -> Iterator[tuple[bytes, bytes]]:
    """Yield the identifiers and contents of all frames."""
    for name, values in metadata.grouped().items():
        text = b"\0".join(value.encode() for value in values)
        if name in ("COMMENT", "LYRICS"):
            frame = b"COMM" if name == "COMMENT" else b"USLT"
            joined = "\n".join(values).encode()
            yield frame, bytes([frames.UTF8]) + frames.UNDEFINED + b"\0" + joined
        elif name in frames.FRAMES or (len(name) == 4 and name[0] == "T" and name != "TEXT"):
            yield frames.FRAMES.get(name, name).encode(), bytes([frames.UTF8]) + text
        else:
            yield b"TXXX", bytes([frames.UTF8]) + name.encode() + b"\0" + text
    for picture in metadata.pictures:
        head = bytes([frames.UTF8]) + picture.mime.encode() + b"\0" + bytes([picture.kind])
        yield b"APIC", head + picture.text.encode() + b"\0" + picture.data
    yield from _chapters(metadata.chapters)
    for chunk in metadata.chunks:
        if chunk.home == "ID3":
            yield chunk.id, chunk.data


def _chapters(chapters: tuple[Chapter, ...]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the frames of chapters, and of their table of contents."""
    names = [f"ch{number}".encode() + b"\0" for number in range(len(chapters))]
    for name, chapter in zip(names, chapters, strict=True):
        times = struct.pack(">II", round(chapter.start * 1000), round(chapter.end * 1000))
        title = _frame(b"TIT2", bytes([frames.UTF8]) + chapter.title.encode())
        yield b"CHAP", name + times + b"\xff" * 8 + title
    if names:
        yield b"CTOC", b"toc\0" + bytes([3, len(names) & 0xFF]) + b"".join(names)


def _frame(name: bytes, content: bytes) -> bytes:
    return name + _syncsafe_bytes(len(content)) + b"\0\0" + content


def _syncsafe(data: bytes) -> int:
    r"""Return a number of seven bits per byte.

    >>> _syncsafe(b"\x00\x00\x02\x01")
    257
    """
    number = 0
    for byte in data:
        number = number << 7 | byte & 0x7F
    return number


def _syncsafe_bytes(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))
