"""The tags of pages that are written: what they hold, and the metadata of the input.

Where their samples lie is added by `writer`.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from convtool.media.image.formats.tiff.directory import TYPES
from convtool.media.image.formats.tiff.exif import Tables, Value
from convtool.media.image.formats.tiff.layout import STRAIGHT
from convtool.media.image.formats.tiff.tags import Compression, Photometric, Tag
from convtool.media.image.metadata import Metadata
from convtool.media.image.samples import Frame

ASCII, SHORT, LONG, RATIONAL, BYTE, UNDEFINED = 2, 3, 4, 5, 1, 7
PER_UNIT = 100_000  # of PNG's chromaticities
NO_UNIT, INCH = 1, 2
PART_OF_SEVERAL = 2
FORMATS = {"u": 1, "f": 3}


@dataclass
class PageTags:
    """The tags of all pages of a file.

    Attributes:
        found: the EXIF tags of the input, in whose byte order the file is.
        metadata: the input's.
    """

    found: Tables
    metadata: Metadata

    def state_size(self, frame: Frame) -> None:
        """Let EXIF's own directory state the size of the result, where it states one."""
        height, width = frame.samples.shape[:2]
        table = self.found.inner.get(Tag.EXIF, {})
        for tag, size in ((Tag.EXIF_WIDTH, width), (Tag.EXIF_HEIGHT, height)):
            if tag in table:
                table[tag] = self.value(LONG, [size])

    def value(self, kind: int, values: Iterable[float]) -> Value:
        """Return numbers as a value of a tag, in the byte order of the file."""
        raw = np.array(list(values), self.found.order + TYPES[kind])
        return Value(kind, len(raw) // (1 + (kind == RATIONAL)), raw.tobytes())

    def of(self, frame: Frame, index: int, count: int) -> Tables:
        """Return the tags of a page but those of its strips; the first has the metadata."""
        height, width, samples = frame.samples.shape
        plain = 3 if frame.colours == 3 else 1  # red, green, blue
        extras = [0] * (frame.colours - plain) + [STRAIGHT] * frame.transparent
        value, kind = self.value, frame.samples.dtype
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
                found[number] = self.value(kind, values)
        if chromaticities := metadata.colour.get("cHRM"):
            numbers = struct.unpack(">8I", chromaticities)
            values = [value for number in numbers for value in (number, PER_UNIT)]
            found[int(Tag.WHITE_POINT)] = self.value(RATIONAL, values[:4])
            found[int(Tag.PRIMARIES)] = self.value(RATIONAL, values[4:])
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
