"""What the channels of audio are: their positions, in the order of WAV files and of SMPTE.

Samples inside the program are always in this order. Formats with another one are read and written
through `order`.

Source: Microsoft, WAVEFORMATEXTENSIBLE; Vorbis I specification, section 4.3.9; RFC 7845, section
5.1.1.2; Apple Core Audio Format, channel layouts.
"""

from collections.abc import Sequence

# The bits of a channel mask, from the lowest; FFmpeg has the same names and bits.
NAMES = (
    "FL",
    "FR",
    "FC",
    "LFE",
    "BL",
    "BR",
    "FLC",
    "FRC",
    "BC",
    "SL",
    "SR",
    "TC",
    "TFL",
    "TFC",
    "TFR",
    "TBL",
    "TBC",
    "TBR",
)
MONO, STEREO = 0x4, 0x3
# The positions that Vorbis and Opus imply by a number of channels, and those that FLAC implies.
IMPLIED = {1: MONO, 2: STEREO, 3: 0x7, 4: 0x33, 5: 0x37, 6: 0x3F, 7: 0x70F, 8: 0x63F}
FLAC_IMPLIED = IMPLIED | {5: 0x607, 6: 0x60F}
FEW_MASKS = {1: MONO, 2: STEREO}  # what all formats mean by one and two channels
_VORBIS = {  # the order of channels in Vorbis and Opus
    3: ("FL", "FC", "FR"),
    5: ("FL", "FC", "FR", "BL", "BR"),
    6: ("FL", "FC", "FR", "BL", "BR", "LFE"),
    7: ("FL", "FC", "FR", "SL", "SR", "BC", "LFE"),
    8: ("FL", "FC", "FR", "SL", "SR", "BL", "BR", "LFE"),
}
_ALAC = {  # the order of channels in ALAC, and with it their positions
    3: ("FC", "FL", "FR"),
    4: ("FC", "FL", "FR", "BC"),
    5: ("FC", "FL", "FR", "BL", "BR"),
    6: ("FC", "FL", "FR", "BL", "BR", "LFE"),
    7: ("FC", "FL", "FR", "BL", "BR", "BC", "LFE"),
    8: ("FC", "FLC", "FRC", "FL", "FR", "BL", "BR", "LFE"),
}
TITLES = {
    MONO: "mono",
    STEREO: "stereo",
    0xB: "2.1",
    0x7: "3.0",
    0x103: "3.0(back)",
    0xF: "3.1",
    0x33: "quad",
    0x603: "quad(side)",
    0x107: "4.0",
    0x10F: "4.1",
    0x37: "5.0",
    0x607: "5.0(side)",
    0x3F: "5.1",
    0x60F: "5.1(side)",
    0x707: "6.0",
    0x13F: "6.1(back)",
    0x70F: "6.1",
    0x637: "7.0",
    0x63F: "7.1",
    0xFF: "7.1(wide)",
}


def alac_masks() -> dict[int, int]:
    """Return the mask of ALAC for each number of channels."""
    return FEW_MASKS | {count: mask_of(channels) for count, channels in _ALAC.items()}


def names(mask: int) -> tuple[str, ...]:
    """Return the channels of a mask in their order.

    >>> names(0x60F)
    ('FL', 'FR', 'FC', 'LFE', 'SL', 'SR')
    """
    return tuple(name for bit, name in enumerate(NAMES) if mask >> bit & 1)


def mask_of(channels: Sequence[str]) -> int:
    """Return the mask of channels in any order; 0 where one has no bit, or stands twice.

    >>> hex(mask_of(["FL", "FC", "FR"])), mask_of(["W", "X"])
    ('0x7', 0)
    """
    if not set(channels) <= set(NAMES) or len(set(channels)) < len(channels):
        return 0
    return sum(1 << NAMES.index(name) for name in channels)


def checked(mask: int, channels: int) -> int:
    """Return a mask, or 0 where it does not tell the position of each channel."""
    return mask if mask.bit_count() == channels and len(names(mask)) == channels else 0


def order(channels: Sequence[str]) -> list[int] | None:
    """Return where each channel of a mask stands in a file; None where they stand in its order.

    >>> order(["FL", "FC", "FR"]), order(["FL", "FR"])
    ([0, 2, 1], None)
    """
    wanted = names(mask_of(channels))
    places = [channels.index(name) for name in wanted]
    return places if places != list(range(len(channels))) and wanted else None


def inverse(places: Sequence[int] | None) -> list[int] | None:
    """Return the order that undoes another.

    >>> inverse([2, 0, 1])
    [1, 2, 0]
    """
    if places is None:
        return None
    return [places.index(channel) for channel in range(len(places))]


def vorbis_order(channels: int) -> list[int] | None:
    """Return where each channel stands in Vorbis and Opus; None where in the usual order."""
    return order(_VORBIS[channels]) if channels in _VORBIS else None


def alac_order(channels: int) -> list[int] | None:
    """Return where each channel stands in ALAC; None where in the usual order."""
    return order(_ALAC[channels]) if channels in _ALAC else None


def title(mask: int) -> str:
    """Return the usual name of a mask, or its channels.

    >>> title(0x60F), title(0x3), title(0x5)
    ('5.1(side)', 'stereo', 'FL+FC')
    """
    return TITLES.get(mask, "+".join(names(mask)))
