"""The channel layouts of Apple's formats: the `chan` chunk of CAF and the `CHAN` chunk of AIFF.

Source: Apple, CoreAudioTypes.h.
"""

import struct

from convtool.media.audio.layout import NAMES

BY_DESCRIPTIONS, BY_BITMAP = 0, 0x10000  # tags of layouts that are given otherwise
_BY_TAG = {  # the upper half of a tag; the lower one is the number of channels
    100: "FC",
    101: "FL FR",
    102: "FL FR",
    103: "FL FR",
    108: "FL FR BL BR",
    109: "FL FR BL BR FC",
    110: "FL FR BL BR FC BC",
    113: "FL FR FC",
    114: "FC FL FR",
    115: "FL FR FC BC",
    116: "FC FL FR BC",
    117: "FL FR FC BL BR",
    118: "FL FR BL BR FC",
    119: "FL FC FR BL BR",
    120: "FC FL FR BL BR",
    121: "FL FR FC LFE BL BR",
    122: "FL FR BL BR FC LFE",
    123: "FL FC FR BL BR LFE",
    124: "FC FL FR BL BR LFE",
    125: "FL FR FC LFE BL BR BC",
    126: "FL FR FC LFE BL BR FLC FRC",
    127: "FC FLC FRC FL FR BL BR LFE",
    128: "FL FR FC LFE SL SR BL BR",
    131: "FL FR BC",
    132: "FL FR BL BR",
    133: "FL FR LFE",
    134: "FL FR LFE BC",
    135: "FL FR LFE BL BR",
    136: "FL FR FC LFE",
    137: "FL FR FC LFE BC",
    138: "FL FR BL BR LFE",
    139: "FL FR BL BR FC BC",
    140: "FL FR SL SR FC BL BR",
    141: "FC FL FR BL BR BC",
    142: "FC FL FR BL BR BC LFE",
    143: "FC FL FR SL SR BL BR",
}
_LABELS = NAMES  # from 1 on
_REAR = {33: "BL", 34: "BR"}  # beside them, the usual surround channels are at the sides
_SIDES = {5: "SL", 6: "SR"}
_DESCRIPTION = 20  # bytes


def parse_layout(data: bytes) -> tuple[str, ...]:
    """Return the channels of a layout in the file's order; none where they are not known."""
    if len(data) < 12:
        return ()
    tag, bitmap, count = struct.unpack_from(">III", data)
    if tag == BY_BITMAP:
        return tuple(name for bit, name in enumerate(_LABELS) if bitmap >> bit & 1)
    if tag != BY_DESCRIPTIONS:
        return tuple(_BY_TAG.get(tag >> 16, "").split())
    if len(data) < 12 + count * _DESCRIPTION:
        return ()
    labels = [struct.unpack_from(">I", data, 12 + n * _DESCRIPTION)[0] for n in range(count)]
    known = dict(enumerate(_LABELS, 1)) | _REAR
    if set(labels) & set(_REAR):
        known |= _SIDES
    return tuple(known.get(label, "") for label in labels)


def build_layout(mask: int) -> bytes:
    """Return the chunk of a channel mask, whose bits are those of a layout by bitmap."""
    return struct.pack(">III", BY_BITMAP, mask, 0)
