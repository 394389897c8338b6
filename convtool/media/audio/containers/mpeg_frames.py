"""The frames of MP3 files (MPEG audio, layers I to III), and the tables that they may hold.

Source: ISO/IEC 11172-3 and 13818-3; http://gabriel.mp3-tech.org/mp3infotag.html (LAME).
"""

import struct
from dataclasses import dataclass

_V1_RATES = {
    1: (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    2: (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
}
_V2_RATES = {
    1: (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    3: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
DECODER_DELAY = 529  # samples that decoders add before the first one
TABLE_BYTES = 256  # of a frame; its table lies in them


@dataclass(frozen=True, slots=True)
class Frame:
    """The header of a frame.

    Attributes:
        layer: 1 to 3.
        rate: samples per second.
        channels: 1 or 2.
        samples: per channel.
        length: bytes.
        side: bytes between the header and the sound, where tables stand behind.
    """

    layer: int
    rate: int
    channels: int
    samples: int
    length: int
    side: int

    @property
    def kind(self) -> tuple[int, int, int]:
        """What stays the same within a stream."""
        return self.layer, self.rate, self.channels


_HEADERS: dict[bytes, Frame | None] = {}


def frame(head: bytes) -> Frame | None:
    """Return the frame that begins with four bytes; None where none does, or of free format."""
    if head not in _HEADERS:
        _HEADERS[head] = _frame(head)
    return _HEADERS[head]


def _frame(head: bytes) -> Frame | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    bits, rate = head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer == 4 or bits in (0, 15) or rate == 3 or head[3] & 3 == 2:
        return None
    table = _V1_RATES if version == 3 else _V2_RATES
    hertz, kilobits = _SAMPLE_RATES[version][rate], table[layer][bits - 1]
    padding = head[2] >> 1 & 1
    samples = {1: 384, 2: 1152, 3: 1152 if version == 3 else 576}[layer]
    if layer == 1:
        length = (12000 * kilobits // hertz + padding) * 4
    else:
        length = samples // 8 * 1000 * kilobits // hertz + padding
    channels = 1 if head[3] >> 6 == 3 else 2
    side = (17, 32)[channels - 1] if version == 3 else (9, 17)[channels - 1]
    return Frame(layer, hertz, channels, samples, length, side)


@dataclass(frozen=True)
class Table:
    """What the first frame of a part states of the others.

    Attributes:
        frames: their number; None where it is not stated.
        bytes: their length, with this frame; 0 where it is not stated.
        delay: samples at the beginning that the encoder and decoders add.
        padding: samples at the end that were added.
    """

    frames: int | None = None
    bytes: int = 0
    delay: int = 0
    padding: int = 0


def table_of(found: Frame, content: bytes) -> Table | None:
    """Return the table that a frame holds; None where it holds sound.

    Args:
        found: the frame's header.
        content: at least its first `TABLE_BYTES` bytes.
    """
    content = content[: found.length]
    if found.layer != 3:
        return None
    if content[36:40] == b"VBRI" and len(content) >= 54:
        size, frames = struct.unpack_from(">II", content, 46)
        return Table(frames, size)
    for start in (4 + found.side, 6 + found.side):  # behind a checksum, too
        if content[start : start + 4] in (b"Xing", b"Info") and len(content) >= start + 8:
            return _xing(content[start:])
    return None


def _xing(content: bytes) -> Table:
    """Return what a table of Xing's kind states."""
    flags = int.from_bytes(content[4:8], "big")
    numbers, offset = [], 8
    for bit, length in ((1, 4), (2, 4), (4, 100), (8, 4)):
        present = bool(flags & bit)
        numbers.append(int.from_bytes(content[offset : offset + 4], "big") if present else 0)
        offset += length if present else 0
    delay, padding = _lame(content[offset : offset + 24])
    return Table(numbers[0] if flags & 1 else None, numbers[1], delay, padding)


def _lame(content: bytes) -> tuple[int, int]:
    """Return the delay and the padding that LAME's extension of a table states, in samples."""
    if len(content) < 24 or not content[:1].isalpha():
        return 0, 0
    packed = int.from_bytes(content[21:24], "big")
    delay, padding = packed >> 12, packed & 0xFFF
    if not delay and not padding:
        return 0, 0
    return delay + DECODER_DELAY, max(0, padding - DECODER_DELAY)
