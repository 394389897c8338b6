"""What the properties of an image say: its depth, its colours, and what stands beside it.

Colours are described as PNG does it: code points of ITU-T H.273, mastering display, light levels.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from convtool.media.image.isobmff.boxes import Items, items, walk

SRGB = (1, 13)  # primaries and transfer function (H.273, tables 2 and 3)
UNSPECIFIED = (2, 2)
ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
NCLX = b"nclx"
LIGHT_UNIT = 10_000  # PNG counts light in ten-thousandths of a candela per square metre
CHROMA = {(1, 1): "4:2:0", (1, 0): "4:2:2", (0, 0): None}
IMAGES = (b"av01", b"hvc1", b"grid", b"iovl", b"iden")


@dataclass
class Description:
    """What a file says of the image that it shows.

    Attributes:
        bits: per sample.
        chroma: how finely colours are sampled, such as `4:2:0`; None where as finely as brightness.
        colour: `cICP`, `mDCV` and `cLLI` as in PNG, where the image is not sRGB.
        orientation: as in EXIF, in which the image is stored.
        exif: the EXIF block.
        cropped: the image is to be cropped.
    """

    bits: int = 8
    chroma: str | None = None
    colour: dict[str, bytes] = field(default_factory=dict)
    orientation: int = 1
    exif: bytes | None = None
    cropped: bool = False


def describe(data: bytes, note: Callable[[str], None]) -> Description:
    """Return what a file says of the image that it shows.

    Args:
        data: the file.
        note: is told of other images in the file.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        return _described(data, items(data), note)
    except IndexError as exc:
        raise ValueError("the description of the image ends early") from exc


def _described(data: bytes, known: Items, note: Callable[[str], None]) -> Description:
    found = Description()
    codings = _codings(data, known)
    for coding in codings:
        found.bits, found.chroma = _coded(coding)
    for pixi in known.of_primary(b"pixi"):
        found.bits = max(pixi[5:], default=found.bits)
    found.colour = _colour(data, known)
    found.orientation = _orientation(known)
    found.exif = _exif(data, known)
    found.cropped = bool(known.of_primary(b"clap"))
    _note_others(known, note)
    return found


def _codings(data: bytes, known: Items) -> list[tuple[bytes, bytes]]:
    """Return the decoder configurations of the image, of one of its tiles, or of the track."""
    numbers = [known.primary]
    for kind, source, targets in known.references:
        if kind == b"dimg" and source == known.primary:
            numbers += targets
    found = [
        (one.kind, one.payload)
        for number in numbers
        for one in known.properties.get(number, ())
        if one.kind in (b"av1C", b"hvcC")
    ]
    tracks = ((box.kind, data[box.start : box.end]) for box in walk(data) if box.kind == b"av1C")
    return found[:1] or list(tracks)[:1]


def _coded(coding: tuple[bytes, bytes]) -> tuple[int, str | None]:
    """Return bits per sample and the sampling of colours of a decoder configuration."""
    kind, payload = coding
    if kind == b"av1C":
        flags = payload[2]
        bits = (12 if flags & 0x20 else 10) if flags & 0x40 else 8
        return bits, None if flags & 0x10 else CHROMA.get((flags >> 3 & 1, flags >> 2 & 1))
    return 8 + (payload[17] & 7), {1: "4:2:0", 2: "4:2:2"}.get(payload[16] & 3)


def _colour(data: bytes, known: Items) -> dict[str, bytes]:
    described = known.of_primary(b"colr")
    if not described:
        described = [data[box.start : box.end] for box in walk(data) if box.kind == b"colr"]
    points = next((one[4:] for one in described if one[:4] == NCLX), b"")
    has_profile = any(one[:4] != NCLX for one in described)
    pair = int.from_bytes(points[:2]), int.from_bytes(points[2:4])
    found = {}
    if len(points) >= 4 and pair not in (SRGB, UNSPECIFIED) and not has_profile:
        found["cICP"] = bytes((*(code & 0xFF for code in pair), 0, 1))  # of RGB, in full range
    for display in known.of_primary(b"mdcv"):
        primaries = display[:12]
        found["mDCV"] = primaries[8:] + primaries[:8] + display[12:24]  # green, blue, red before
    for light in known.of_primary(b"clli"):
        levels = (int.from_bytes(light[at : at + 2]) * LIGHT_UNIT for at in (0, 2))
        found["cLLI"] = b"".join(level.to_bytes(4) for level in levels)
    return found


def properties_of(colour: dict[str, bytes]) -> list[tuple[bytes, bytes]]:
    """Return the properties that describe mastering display and light levels."""
    found = []
    if display := colour.get("mDCV"):
        found.append((b"mdcv", display[4:12] + display[:4] + display[12:24]))
    if light := colour.get("cLLI"):
        levels = (int.from_bytes(light[at : at + 4]) for at in (0, 4))
        rounded = (min(round(level / LIGHT_UNIT), 0xFFFF) for level in levels)
        found.append((b"clli", b"".join(level.to_bytes(2) for level in rounded)))
    return found


def _orientation(known: Items) -> int:
    """Return the EXIF orientation of the rotation, counter-clockwise, and then the mirroring."""
    turns = known.of_primary(b"irot")
    mirrors = known.of_primary(b"imir")
    angle = turns[0][0] & 3 if turns else 0
    if not mirrors:
        return (1, 8, 3, 6)[angle]
    return (2, 7, 4, 5)[angle] if mirrors[0][0] & 1 else (4, 5, 2, 7)[angle]


def _exif(data: bytes, known: Items) -> bytes | None:
    numbers = [number for number, kind in known.kinds.items() if kind == b"Exif"]
    for number in numbers:
        parts = known.places.get(number, ())
        block = b"".join(data[start : start + length] for start, length in parts)
        start = 4 + int.from_bytes(block[:4])
        if len(block) > start:
            return block[start:]
    return None


def _note_others(known: Items, note: Callable[[str], None]) -> None:
    """Note images in the file that are not read."""
    told = {known.primary}
    for kind, source, targets in known.references:
        if kind == b"dimg":
            told |= {*targets}
        elif kind == b"thmb":
            told.add(source)
            note("thumbnail dropped")
        elif kind == b"auxl":
            told.add(source)
            _note_auxiliary(known, source, note)
    if b"tmap" in known.kinds.values():
        note("a gain map in the file dropped")
    rest = [number for number, kind in known.kinds.items() if kind in IMAGES]
    if set(rest) - told:
        note("further images in the file dropped")


def _note_auxiliary(known: Items, number: int, note: Callable[[str], None]) -> None:
    for one in known.properties.get(number, ()):
        if one.kind == b"auxC":
            name = one.payload[4:].split(b"\0")[0]
            if name not in ALPHA:
                note(f"an auxiliary image dropped: {name.decode('latin-1').split(':')[-1]}")
