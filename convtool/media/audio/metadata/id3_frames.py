"""The frames of ID3v2: how text is stored, and which frame holds which tag.

Source: https://id3.org/id3v2.4.0-frames and https://id3.org/id3v2.3.0.
"""

from convtool.media.audio.metadata.model import Picture

TEXTS = {
    "TIT2": "TITLE",
    "TPE1": "ARTIST",
    "TALB": "ALBUM",
    "TPE2": "ALBUMARTIST",
    "TCOM": "COMPOSER",
    "TCON": "GENRE",
    "TDRC": "DATE",
    "TRCK": "TRACKNUMBER",
    "TPOS": "DISCNUMBER",
    "TCOP": "COPYRIGHT",
    "TENC": "ENCODEDBY",
    "TSSE": "ENCODER",
    "TSRC": "ISRC",
    "TBPM": "BPM",
    "TLAN": "LANGUAGE",
    "TPUB": "PUBLISHER",
    "TPE3": "CONDUCTOR",
    "TPE4": "REMIXER",
    "TEXT": "LYRICIST",
    "TIT1": "GROUPING",
    "TIT3": "SUBTITLE",
    "TKEY": "INITIALKEY",
    "TMOO": "MOOD",
    "TDOR": "ORIGINALDATE",
    "TSOT": "TITLESORT",
    "TSOP": "ARTISTSORT",
    "TSOA": "ALBUMSORT",
    "TSO2": "ALBUMARTISTSORT",
    "TSOC": "COMPOSERSORT",
    "TMED": "MEDIA",
    "TCMP": "COMPILATION",
}
FRAMES = {name: frame for frame, name in TEXTS.items()}
OLDER = {"TYER": "TDRC", "TORY": "TDOR"}  # of ID3v2.3
# Of ID3v2.2, whose identifiers have three letters.
OLDEST = {
    "TT2": "TIT2",
    "TP1": "TPE1",
    "TAL": "TALB",
    "TP2": "TPE2",
    "TCM": "TCOM",
    "TCO": "TCON",
    "TYE": "TDRC",
    "TRK": "TRCK",
    "TPA": "TPOS",
    "TCR": "TCOP",
    "TEN": "TENC",
    "TSS": "TSSE",
    "TRC": "TSRC",
    "TBP": "TBPM",
    "TLA": "TLAN",
    "TPB": "TPUB",
    "TP3": "TPE3",
    "TP4": "TPE4",
    "TXT": "TEXT",
    "TT1": "TIT1",
    "TT3": "TIT3",
    "TKE": "TKEY",
    "TCP": "TCMP",
    "TXX": "TXXX",
    "COM": "COMM",
    "ULT": "USLT",
    "PIC": "APIC",
}
ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")
UTF8 = 3
UNDEFINED = b"XXX"  # a language


def decode(encoding: int, data: bytes) -> str:
    """Return text in one of the encodings of ID3."""
    codec = ENCODINGS[encoding] if encoding < len(ENCODINGS) else "latin-1"
    if codec == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        codec = "utf-16-le"  # the mark is missing
    return data.decode(codec, "replace")


def split(encoding: int, data: bytes) -> tuple[bytes, bytes]:
    """Return what stands before and behind the first zero character of a text."""
    wide = encoding in (1, 2)
    step, zero = (2, b"\0\0") if wide else (1, b"\0")
    for position in range(0, len(data) - step + 1, step):
        if data[position : position + step] == zero:
            return data[:position], data[position + step :]
    return data, b""


def values(data: bytes) -> list[str]:
    r"""Return the values of a text frame.

    >>> values(b"\x03Bach\x00Busoni")
    ['Bach', 'Busoni']
    """
    text = decode(data[0], data[1:]) if data else ""
    found = [value.removeprefix("\ufeff") for value in text.split("\0")]
    return [value for value in found if value]


def described(data: bytes, *, language: bool) -> tuple[str, list[str]]:
    """Return the description and the values of a TXXX, COMM or USLT frame."""
    if not data:
        return "", []
    content = data[4:] if language else data[1:]
    before, after = split(data[0], content)
    return decode(data[0], before).removeprefix("\ufeff"), values(data[:1] + after)


def picture(data: bytes, *, oldest: bool) -> Picture | None:
    """Return the picture of an APIC frame, or of ID3v2.2's PIC; None where it is damaged."""
    if len(data) < 6:
        return None
    if oldest:
        kinds = {b"PNG": "image/png", b"JPG": "image/jpeg"}
        mime, rest = kinds.get(data[1:4], "image/" + data[1:4].decode("latin-1").lower()), data[4:]
    else:
        name, rest = split(0, data[1:])
        mime = name.decode("latin-1")
    text, content = split(data[0], rest[1:])
    if not rest or not content:
        return None
    mime = mime if "/" in mime else f"image/{mime.lower()}"
    return Picture(content, mime, rest[0], decode(data[0], text).removeprefix("\ufeff"))
