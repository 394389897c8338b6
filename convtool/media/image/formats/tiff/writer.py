"""Write TIFF files: deflated strips, pages of any kinds, and the metadata of the input."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO

import imagecodecs
import numpy as np

from convtool.media.image.formats.tiff import exif, stacks
from convtool.media.image.formats.tiff.directory import TYPES
from convtool.media.image.formats.tiff.exif import Tables, Value
from convtool.media.image.formats.tiff.layout import STRAIGHT
from convtool.media.image.formats.tiff.tags import Compression, Photometric, Tag
from convtool.media.image.metadata import Metadata
from convtool.media.image.samples import Frame

ASCII, SHORT, LONG, RATIONAL, BYTE, UNDEFINED, LONG8 = 2, 3, 4, 5, 1, 7, 16
STRIP = 2**18  # bytes, about
LEVEL = 6  # of deflate
PER_UNIT = 100_000  # of PNG's chromaticities
MOST = 2**32 - 2**20  # bytes of a file that is no BigTIFF
NO_UNIT, INCH = 1, 2
PART_OF_SEVERAL = 2
FORMATS = {"u": 1, "f": 3}


def save(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata) -> None:
    """Write finished images.

    Args:
        file: where the bytes go.
        frames: the pages.
        metadata: the input's.
    """
    found = Tables("<", {}, {})
    if metadata.exif is not None:
        found = exif.from_pillow(metadata.exif)
    big = sum(frame.samples.nbytes for frame in frames) > MOST
    writer = _Writer(file, found, metadata, big=big)
    writer.state_size(frames[0])
    text = metadata.stack if stacks.describes(metadata.stack, frames) else None
    if text:
        text = stacks.without_range(text) + b"\0"
        found.main[Tag.DESCRIPTION] = Value(ASCII, len(text), text)
    if text and text.startswith(b"ImageJ="):
        writer.stack(frames)
    else:
        writer.pages(frames)


@dataclass
class _Writer:
    """Places directories and strips one after the other, so that nothing is written twice."""

    file: BinaryIO
    found: Tables
    metadata: Metadata
    big: bool

    def state_size(self, frame: Frame) -> None:
        """Let EXIF's own directory state the size of the result, where it states one."""
        height, width = frame.samples.shape[:2]
        table = self.found.inner.get(Tag.EXIF, {})
        for tag, size in ((Tag.EXIF_WIDTH, width), (Tag.EXIF_HEIGHT, height)):
            if tag in table:
                table[tag] = self._value(LONG, [size])

    def pages(self, frames: Sequence[Frame]) -> None:
        """Write each page's directory, and its strips behind it."""
        place = self._head()
        for index, frame in enumerate(frames):
            rows = max(1, STRIP // max(1, frame.samples[:1].nbytes))
            strips = [_deflated(part) for part in _split(self._ordered(frame), rows)]
            tables = self._tables(frame, index, len(frames))
            tables.main[Tag.COMPRESSION] = self._value(SHORT, [Compression.DEFLATE])
            lengths = [len(strip) for strip in strips]
            size = len(self._directory(tables, rows, lengths, place, [0] * len(lengths), 0))
            offsets = [place + size + sum(lengths[:at]) for at in range(len(lengths))]
            end = place + size + sum(lengths)
            end += end % 2
            next = end if index + 1 < len(frames) else 0
            self.file.write(self._directory(tables, rows, lengths, place, offsets, next))
            self.file.writelines(strips)
            self.file.write(bytes((place + size + sum(lengths)) % 2))
            place = end

    def stack(self, frames: Sequence[Frame]) -> None:
        """Write all directories, then all samples in one piece, as ImageJ expects them."""
        place, height = self._head(), len(frames[0].samples)
        length = frames[0].samples.nbytes
        every = [self._tables(frame, index, len(frames)) for index, frame in enumerate(frames)]
        sizes = [len(self._directory(tables, height, [length], 0, [0], 0)) for tables in every]
        samples = place + sum(sizes)
        for index, (tables, size) in enumerate(zip(every, sizes, strict=True)):
            next = place + size if index + 1 < len(every) else 0
            offset = samples + index * length
            self.file.write(self._directory(tables, height, [length], place, [offset], next))
            place += size
        for frame in frames:
            self.file.write(self._ordered(frame).tobytes())

    def _head(self) -> int:
        """Write the header, and return where the first directory lies."""
        order = self.found.order
        self.file.write(b"II" if order == "<" else b"MM")
        if self.big:
            self.file.write(struct.pack(order + "HHHQ", 43, 8, 0, 16))
            return 16
        self.file.write(struct.pack(order + "HI", 42, 8))
        return 8

    def _directory(
        self,
        tables: Tables,
        rows: int,
        lengths: list[int],
        place: int,
        offsets: list[int],
        next: int,
    ) -> bytes:
        kind = LONG8 if self.big else LONG
        where: dict[int, Value] = {
            Tag.ROWS_PER_STRIP: self._value(LONG, [rows]),
            Tag.STRIP_OFFSETS: self._value(kind, offsets),
            Tag.STRIP_COUNTS: self._value(kind, lengths),
        }
        whole = tables._replace(main={**tables.main, **where})
        return exif.nested(whole, place, next, big=self.big)

    def _ordered(self, frame: Frame) -> np.ndarray[Any, Any]:
        kind = frame.samples.dtype
        return frame.samples.astype(f"{self.found.order}{kind.char}", copy=False)

    def _value(self, kind: int, values: Iterable[float]) -> Value:
        raw = np.array(list(values), self.found.order + TYPES[kind])
        return Value(kind, len(raw) // (1 + (kind == RATIONAL)), raw.tobytes())

    def _tables(self, frame: Frame, index: int, count: int) -> Tables:
        """Return the tags of a page but those of its strips; the first has the metadata."""
        height, width, samples = frame.samples.shape
        plain = 3 if frame.colours == 3 else 1  # red, green, blue
        extras = [0] * (frame.colours - plain) + [STRAIGHT] * frame.transparent
        value, kind = self._value, frame.samples.dtype
        main: dict[int, Value] = {
            Tag.WIDTH: value(LONG, [width]),
            Tag.LENGTH: value(LONG, [height]),
            Tag.BITS: value(SHORT, [8 * kind.itemsize] * samples),
            Tag.COMPRESSION: value(SHORT, [Compression.NONE]),
            Tag.PHOTOMETRIC: value(
                SHORT, [Photometric.RGB if plain > 1 else Photometric.BLACK_IS_ZERO]
            ),
            Tag.SAMPLES: value(SHORT, [samples]),
            Tag.PLANAR: value(SHORT, [1]),
            Tag.SAMPLE_FORMAT: value(SHORT, [FORMATS[kind.kind]] * samples),
        }
        if extras:
            main[Tag.EXTRA_SAMPLES] = value(SHORT, extras)
        if count > 1:
            main[Tag.SUBFILE] = value(LONG, [PART_OF_SEVERAL])
        if profile := self.metadata.profile(frame.colours):
            main[Tag.ICC] = Value(UNDEFINED, len(profile), profile)
        resolution = self.metadata.dpi or self.metadata.density
        if resolution:
            main[Tag.X_RESOLUTION] = value(RATIONAL, _fraction(resolution[0]))
            main[Tag.Y_RESOLUTION] = value(RATIONAL, _fraction(resolution[1]))
            main[Tag.RESOLUTION_UNIT] = value(SHORT, [INCH if self.metadata.dpi else NO_UNIT])
        if index:
            return Tables(self.found.order, main, {})
        return self.found._replace(main={**self.found.main, **self._first(), **main})

    def _first(self) -> dict[int, Value]:
        """Return the tags that only the first page has."""
        metadata = self.metadata
        found: dict[int, Value] = {}
        for tag, kind, data in (
            (Tag.XMP, BYTE, metadata.xmp),
            (Tag.IPTC, UNDEFINED, metadata.iptc),
        ):
            if data:
                found[int(tag)] = Value(kind, len(data), data)
        for number, (kind, _, values) in metadata.geo.items():
            if kind == ASCII:
                found[number] = Value(ASCII, len(values) + 1, values + b"\0")
            else:
                found[number] = self._value(kind, values)
        if chromaticities := metadata.colour.get("cHRM"):
            numbers = struct.unpack(">8I", chromaticities)
            values = [value for number in numbers for value in (number, PER_UNIT)]
            found[int(Tag.WHITE_POINT)] = self._value(RATIONAL, values[:4])
            found[int(Tag.PRIMARIES)] = self._value(RATIONAL, values[4:])
        for number, text in texts(metadata.text).items():
            if number not in self.found.main:
                found[number] = Value(ASCII, len(text), text)
        return found


# Keywords of PNG's texts, and the tags that mean the same.
KEYWORDS = {
    "Title": Tag.DOCUMENT_NAME,
    "Description": Tag.DESCRIPTION,
    "Author": Tag.ARTIST,
    "Software": Tag.SOFTWARE,
    "Copyright": Tag.COPYRIGHT,
}


def texts(pairs: Iterable[tuple[str, str]]) -> dict[int, bytes]:
    """Return the tags of texts that have one, with the zero at their end."""
    return {int(KEYWORDS[word]): text.encode() + b"\0" for word, text in pairs if word in KEYWORDS}


def _fraction(value: float) -> tuple[int, int]:
    denominator = max(1, min(10**6, int((2**32 - 1) / max(value, 1))))
    fraction = Fraction(value).limit_denominator(denominator)
    return fraction.numerator, fraction.denominator


def _split(samples: np.ndarray[Any, Any], rows: int) -> Iterable[np.ndarray[Any, Any]]:
    return (samples[row : row + rows] for row in range(0, len(samples), rows))


def _deflated(samples: np.ndarray[Any, Any]) -> bytes:
    return bytes(imagecodecs.deflate_encode(np.ascontiguousarray(samples).tobytes(), level=LEVEL))
