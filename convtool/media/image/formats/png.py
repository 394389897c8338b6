"""Look at the chunks of a PNG without decoding it."""

from typing import BinaryIO

SIGNATURE = 8  # bytes before the first chunk (PNG specification, 5.2)
WORDS = (b"eXIf", b"iTXt", b"tEXt", b"zTXt")  # chunks that EXIF tags may stand in
PIXELS = b"IDAT"


def has_words_behind(file: BinaryIO) -> bool:
    """Return whether there is text, or EXIF tags, behind the pixels.

    Args:
        file: all bytes of the picture; it is left where it was.
    """
    place = file.tell()
    file.seek(SIGNATURE)
    behind = False
    try:
        while len(head := file.read(8)) == 8:
            kind = head[4:]
            if behind and kind in WORDS:
                return True
            behind = behind or kind == PIXELS
            file.seek(int.from_bytes(head[:4]) + 4, 1)  # the chunk and its checksum
    finally:
        file.seek(place)
    return False
