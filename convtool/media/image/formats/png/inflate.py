"""Inflate the pixels of PNG, and say what is wrong with them."""

import zlib
from collections.abc import Iterable, Iterator
from typing import Any

from convtool.media.image.reader import ENDS_EARLY, ImageInput

HEADER = 2  # bytes of a deflated stream before its blocks
CHECKSUM = 4  # bytes at the end of a deflated stream
STEP = 2**12  # bytes inflated at once of damaged data: a small step loses little at the first fault
TRAILING = "there are bytes after the end of the compressed pixels"
Stream = Any  # of zlib, which does not name its type


def inflated(data: bytes, size: int, file: ImageInput) -> bytes:
    """Return rows of filtered samples; missing ones are black where that is allowed."""
    from imagecodecs import DeflateError, deflate_decode  # noqa: PLC0415  # takes 10 ms

    try:
        rows = bytes(deflate_decode(data, out=size))
    except DeflateError:
        return _rescued(data, size, file)
    if len(rows) < size:
        return _rescued(data, size, file)
    if zlib.adler32(rows) != int.from_bytes(data[-CHECKSUM:]):
        file.refuse_damaged(TRAILING)
    return rows


def in_pieces(data: Iterable[bytes], size: int, file: ImageInput, length: int) -> Iterator[bytes]:
    """Yield what `inflated` returns of intact data, in pieces of `length` bytes; refuse any other.

    Raises:
        ReadError: the data are damaged, or end early.
    """
    stream, held, count = zlib.decompressobj(), bytearray(), 0
    is_trailed = False
    for piece in data:
        is_trailed |= stream.eof and bool(piece)
        left, room = piece, 1
        while room and not stream.eof:
            room = min(length - len(held), size + 1 - count)
            try:
                found = stream.decompress(left, room)
            except zlib.error as exc:
                is_checksum = "incorrect" in str(exc)  # of the header, or of the data
                _refuse(size if is_checksum else count, size, file, is_damaged=not is_checksum)
                return
            held += found
            count += len(found)
            if count > size:
                _refuse(count, size, file)
                return
            if len(held) == length:
                yield bytes(held)
                held.clear()
            left, room = stream.unconsumed_tail, room - len(found) == 0
    if not stream.eof or count < size:
        _refuse(count, size, file, is_open=not stream.eof)
    elif stream.unused_data or is_trailed:
        file.refuse_damaged(TRAILING)
    if held:
        yield bytes(held)


def _rescued(data: bytes, size: int, file: ImageInput) -> bytes:
    """Return what can be inflated of damaged data, filled up with zeros."""
    rows, stream, is_damaged = _salvaged(data[HEADER:], size + 1)
    _refuse(len(rows), size, file, is_damaged=is_damaged, is_open=not stream.eof)
    return bytes(rows[:size].ljust(size, b"\0"))


def _refuse(
    found: int, size: int, file: ImageInput, *, is_damaged: bool = False, is_open: bool = False
) -> None:
    """Say what is wrong with compressed pixels.

    Args:
        found: bytes that could be inflated.
        size: bytes that there should be.
        file: takes the fault.
        is_damaged: there is a fault behind them.
        is_open: the stream does not end.
    """
    if found > size:
        file.refuse_damaged("there are more pixels than the header declares")
    elif is_damaged:
        file.refuse_damaged("the compressed pixels cannot be inflated")
    elif found < size and is_open:
        file.refuse_truncated(ENDS_EARLY)
    elif found < size:
        file.refuse_damaged("there are fewer pixels than the header declares")
    else:
        file.refuse_damaged("the pixels do not match the checksum of their compression")


def _salvaged(data: bytes, most: int) -> tuple[bytearray, Stream, bool]:
    """Return what there is before the first fault, the stream, and whether there is a fault."""
    stream, rows = zlib.decompressobj(-zlib.MAX_WBITS), bytearray()
    for start in range(0, len(data), STEP):
        piece, before = data[start : start + STEP], stream.copy()
        try:
            rows += stream.decompress(piece, most - len(rows))
        except zlib.error:
            rows += _before_fault(before, piece, most - len(rows))
            return rows, stream, True
        if len(rows) >= most or stream.eof:
            break
    return rows, stream, False


def _before_fault(stream: Stream, data: bytes, most: int) -> bytearray:
    """Return what the bytes before a fault hold, one by one."""
    rows = bytearray()
    for byte in data:
        try:
            rows += stream.decompress(bytes([byte]), most - len(rows))
        except zlib.error:
            break
        if len(rows) >= most:
            break
    return rows
