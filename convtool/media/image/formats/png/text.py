"""The texts of PNG: keywords and words, and the metadata that programs keep in them.

Source: PNG Specification (Third Edition), section 11.3.3; the raw profiles are ImageMagick's.
"""

import re
import zlib
from typing import BinaryIO

from convtool.media.image.formats.png.chunks import write

XMP = "XML:com.adobe.xmp"
RAW = "Raw profile type "
EXIF_PROFILES = ("exif", "APP1")
IPTC_PROFILES = ("iptc", "8bim")
MOST = 2**26  # bytes of all texts and profiles of a file, inflated
LONGEST_KEYWORD = 79
LONG = 1024  # letters from which a text is compressed
HEX_LINE = 36  # bytes of a line of a raw profile


class Inflater:
    """Inflate what is compressed beside the pixels, up to a limit for the whole file."""

    def __init__(self) -> None:
        self._left = MOST

    def __call__(self, data: bytes) -> bytes:
        """Return the inflated data.

        Raises:
            ValueError: it is damaged, or too large.
        """
        stream = zlib.decompressobj()
        try:
            inflated = stream.decompress(data, self._left)
        except zlib.error as exc:
            raise ValueError("it cannot be inflated") from exc
        if not stream.eof:
            raise ValueError("it ends early, or is too large")
        self._left -= len(inflated)
        return inflated


def parse(kind: str, data: bytes, inflate: Inflater) -> tuple[str, str]:
    """Return the keyword and the text of a chunk.

    Args:
        kind: tEXt, zTXt or iTXt.
        data: of the chunk.
        inflate: inflates what is compressed.

    Raises:
        ValueError: it is damaged.
    """
    keyword, _, rest = data.partition(b"\0")
    name = keyword.decode("latin-1")
    if kind == "tEXt":
        return name, rest.decode("latin-1")
    if kind == "zTXt":
        if rest[:1] != b"\0":
            raise ValueError(f"compression {rest[:1].hex()}")
        return name, inflate(rest[1:]).decode("latin-1")
    compressed, method = rest[:2]
    words = rest[2:].split(b"\0", 2)[2]
    if compressed and method:
        raise ValueError(f"compression {method}")
    return name, (inflate(words) if compressed else words).decode()


def is_in_language(kind: str, data: bytes) -> bool:
    """Return True where a chunk says in which language its text is, or translates its keyword."""
    return kind == "iTXt" and any(data.partition(b"\0")[2][2:].split(b"\0", 2)[:2])


def raw_profile(text: str) -> bytes:
    r"""Return the bytes of a profile in hexadecimal digits, after its name and its length.

    Raises:
        ValueError: it is damaged.

    >>> raw_profile("\niptc\n       3\n1c02ff\n").hex()
    '1c02ff'
    """
    _, length, digits = text.strip().split("\n", 2)
    data = bytes.fromhex(re.sub(r"\s", "", digits))
    if len(data) != int(length):
        raise ValueError(f"{len(data)} bytes, not {length.strip()}")
    return data


def write_profile(file: BinaryIO, name: str, data: bytes) -> None:
    """Write bytes as a raw profile."""
    digits = data.hex()
    width = 2 * HEX_LINE
    lines = [digits[start : start + width] for start in range(0, len(digits), width)]
    write_text(file, f"{RAW}{name}", "\n".join([f"\n{name}\n{len(data):8}", *lines, ""]))


def write_text(file: BinaryIO, keyword: str, text: str) -> None:
    """Write a text, in Latin-1 where that is enough, compressed where it is long."""
    key = keyword.encode("latin-1") + b"\0"
    try:
        words = text.encode("latin-1")
    except UnicodeEncodeError:
        write(file, "iTXt", key, bytes(4), text.encode())
        return
    if len(words) > LONG:
        write(file, "zTXt", key, b"\0", zlib.compress(words))
    else:
        write(file, "tEXt", key, words)


def fits(keyword: str) -> bool:
    """Return True where a keyword is one that PNG can hold."""
    try:
        length = len(keyword.encode("latin-1"))
    except UnicodeEncodeError:
        return False
    return 0 < length <= LONGEST_KEYWORD and keyword.isprintable()


def write_xmp(file: BinaryIO, xmp: bytes) -> None:
    """Write an XMP packet."""
    write(file, "iTXt", XMP.encode() + b"\0", bytes(4), xmp)
