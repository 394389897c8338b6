"""Replace the comments of an Ogg file while a library writes it.

Source: RFC 3533; Vorbis I specification, section 4.2.1; RFC 7845, section 5.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from convtool.media.audio.containers.ogg import Page, joined, page_at, paged

HEADERS = {b"\x01vorbis": 3, b"OpusHead": 2}  # packets before the sound, by the first one
MARKS = {b"\x01vorbis": (b"\x03vorbis", b"\x01"), b"OpusHead": (b"OpusTags", b"")}


class OggFile:
    """An Ogg file of one stream whose comments are replaced on the way.

    Args:
        file: where the bytes go.
        build: returns the comments that take the place of others.
    """

    def __init__(self, file: BinaryIO, build: Callable[[bytes], bytes]) -> None:
        self._file, self._build = file, build
        self._held = b""
        self._position = 0
        self._kind = b""
        self._headers: list[Page] = []
        self._shift: int | None = None  # pages that the comments take more than before

    def seek(self, offset: int, whence: int = 0) -> int:
        """Return the position: pages are written one after another."""
        del offset, whence
        return self._position

    def tell(self) -> int:
        """Return the number of bytes that the library has written."""
        return self._position

    def read(self, size: int) -> bytes:
        """Return no bytes: the file is written."""
        del size
        return b""

    def write(self, data: bytes) -> int:
        """Take the next bytes of the library and return their number."""
        self._position += len(data)
        self._held += bytes(data)
        while page := page_at(self._held, 0, 0):
            self._held = self._held[page.end :]
            self._take(page)
        return len(data)

    def _take(self, page: Page) -> None:
        """Write a page, or keep it until all headers are there."""
        if self._shift is not None:
            self._file.write(replace(page, number=page.number + self._shift).encoded())
            return
        if not self._kind:
            self._kind = next(kind for kind in HEADERS if page.body.startswith(kind))
            self._file.write(page.encoded())
            return
        self._headers.append(page)
        packets = joined(self._headers)
        if len(packets) >= HEADERS[self._kind] - 1:
            self._write_headers(packets)

    def _write_headers(self, packets: list[bytes]) -> None:
        mark, end = MARKS[self._kind]
        packets[0] = mark + self._build(packets[0][len(mark) :]) + end
        first = self._headers[0]
        pages = paged(packets, first.serial, first.number)
        for page in pages:
            self._file.write(page.encoded())
        self._shift = len(pages) - len(self._headers)
