"""The segments of a JPEG file: what stands before, between and behind its scans.

Nothing is decoded here. Source: ITU-T T.81, annex B; T.872 and Adobe's technical note 5116 for the
colour models.
"""

from dataclasses import dataclass, field

from convtool.media.image.formats.jpeg.markers import (
    ALONE,
    APP0,
    APP14,
    APPLICATION,
    EOI,
    FRAMES,
    SOS,
    HeaderError,
    next_marker,
    payload_at,
    segment,
)
from convtool.media.image.formats.jpeg.scans import follow

PROGRESSIVE, PROGRESSIVE_ARITHMETIC, LOSSLESS = 0xC2, 0xCA, 0xC3
WHOLE = bytes((0, 63, 0))  # what a scan of all coefficients says of itself


@dataclass(frozen=True)
class Component:
    """One component of the frame: its number, and how finely it is sampled."""

    number: int
    horizontal: int
    vertical: int


@dataclass(frozen=True)
class Frame:
    """The frame header (T.81, B.2.2).

    Attributes:
        marker: the coding process.
        precision: bits per sample.
        height, width: in pixels.
        components: in their order.
    """

    marker: int
    precision: int
    height: int
    width: int
    components: tuple[Component, ...]

    @property
    def is_progressive(self) -> bool:
        """True where scans refine each other."""
        return self.marker in (PROGRESSIVE, PROGRESSIVE_ARITHMETIC)

    @property
    def is_sequential(self) -> bool:
        """True where each scan holds all coefficients of its components."""
        return not self.is_progressive and self.marker != LOSSLESS

    @property
    def sampling(self) -> str:
        """The sampling factors of all components, such as `2×2, 1×1, 1×1`."""
        return ", ".join(f"{one.horizontal}×{one.vertical}" for one in self.components)


@dataclass
class Segments:
    """The parts of a file.

    Attributes:
        frame: the frame header.
        tables: segments that decoding needs, by their markers.
        application: segments of applications and comments, by their markers.
        strays: bytes that belong to no segment, all before the first scan.
        scan: where the first scan begins.
        end: where the image ends; None where its end is missing.
        missing: what the scans leave out, in words; empty where they are complete.
    """

    frame: Frame
    tables: list[tuple[int, bytes]] = field(default_factory=list)
    application: list[tuple[int, bytes]] = field(default_factory=list)
    strays: int = 0
    scan: int = 0
    end: int | None = None
    missing: str = ""

    @property
    def adobe(self) -> int | None:
        """The colour transform that Adobe's segment states; None without such a segment."""
        for marker, payload in self.application:
            if marker == APP14 and payload.startswith(b"Adobe") and len(payload) >= 12:
                return payload[11]
        return None

    def payloads(self, marker: int, start: bytes) -> list[bytes]:
        """Return what follows `start` in the segments that have this marker and begin so."""
        return [
            payload[len(start) :]
            for kind, payload in self.application
            if kind == marker and payload.startswith(start)
        ]


def parse(data: bytes) -> Segments:
    """Return the parts of a file.

    Raises:
        HeaderError: it has no frame or no scan, or they contradict each other.
    """
    frame, found = None, []
    place, strays = 2, 0
    while True:
        marker, place, skipped = next_marker(data, place)
        strays += skipped
        if marker in ALONE:
            strays += 2 * (marker != 0x01)
            continue
        if marker == EOI:
            raise HeaderError("it holds no image data")
        payload, after = payload_at(data, place)
        if marker == SOS:
            break
        if marker in FRAMES:
            if frame is not None:
                raise HeaderError("it has two frame headers")
            frame = _frame(marker, payload)
        found.append((marker, payload))
        place = after
    if frame is None:
        raise HeaderError("it has no frame header")
    segments = Segments(
        frame,
        [(kind, payload) for kind, payload in found if kind not in APPLICATION],
        [(kind, payload) for kind, payload in found if kind in APPLICATION],
        strays,
        scan=place - 2,
    )
    numbers = [one.number for one in frame.components]
    segments.end, segments.missing = follow(
        data, segments.scan, numbers, progressive=frame.is_progressive
    )
    return segments


def minimal(data: bytes, segments: Segments) -> bytes:
    """Return the same image with nothing but what its pixels need."""
    head, start = minimal_head(data, segments)
    return head + data[start:]


def minimal_head(data: bytes, segments: Segments) -> tuple[bytes, int]:
    """Return all that the pixels need before the data of the first scan, and where that begins."""
    kept = [(APP0, b"JFIF\0\1\1\0\0\1\0\1\0\0")] if segments.payloads(APP0, b"JFIF\0") else []
    if segments.adobe is not None:
        usual = 2 if len(segments.frame.components) == 4 else 1
        transform = segments.adobe if segments.adobe < 3 else usual
        kept.append((APP14, b"Adobe\0\x64\0\0\0\0" + bytes([transform])))
    parts = [segment(marker, payload) for marker, payload in kept + segments.tables]
    first, after = payload_at(data, segments.scan + 2)
    if segments.frame.is_sequential:
        first = first[:-3] + WHOLE  # some encoders write something else, and mean this
    return b"".join([b"\xff\xd8", *parts, segment(SOS, first)]), after


def _frame(marker: int, payload: bytes) -> Frame:
    count = payload[5] if len(payload) > 5 else 0
    if len(payload) < 6 + 3 * count or not count:
        raise HeaderError("its frame header is cut")
    components = tuple(
        Component(payload[at], payload[at + 1] >> 4, payload[at + 1] & 15)
        for at in range(6, 6 + 3 * count, 3)
    )
    height, width = int.from_bytes(payload[1:3]), int.from_bytes(payload[3:5])
    if not height or not width:
        raise HeaderError(f"its frame header states {width}×{height} pixels")
    return Frame(marker, payload[0], height, width, components)
