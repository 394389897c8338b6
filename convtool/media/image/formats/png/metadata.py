"""What PNG says beside its pixels, as `Metadata`, and the other way round."""

import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from convtool.errors import ConvtoolError
from convtool.media.image import photoshop
from convtool.media.image.exif import START, Exif
from convtool.media.image.formats.png import text
from convtool.media.image.formats.png.chunks import Chunk, read, write
from convtool.media.image.metadata import Metadata
from convtool.media.image.orientation import is_sideways, stored
from convtool.media.image.reader import ImageInput
from convtool.media.image.xmp import alone
from convtool.media.policies import listed

TEXTS = ("tEXt", "zTXt", "iTXt")
# Sizes in bytes of the chunks that say what colours mean.
COLOUR = {"cICP": 4, "sRGB": 1, "gAMA": 4, "cHRM": 32, "mDCV": 24, "cLLI": 8}
# Chunks that stay true whatever a filter does to the samples.
LASTING = ("tIME", "oFFs", "sCAL", "sTER")
# Chunks that belong to the pixels, whose decoder reads them.
PIXELS = ("IHDR", "PLTE", "tRNS", "IDAT", "IEND", "acTL", "fcTL", "fdAT")
METRES_PER_INCH = 0.0254
PER_METRE = 1  # the unit of pHYs; 0 is none
LARGEST = 2**31 - 1
INTENT_BEFORE_PROFILE = "sRGB"


class MetadataReader:
    """Read the metadata of a file.

    Args:
        file: takes the notes.
        chunks: all of its chunks.

    Attributes:
        metadata: what is kept.
        orientation: in which the pixels are stored.
    """

    def __init__(self, file: ImageInput, chunks: Sequence[Chunk]) -> None:
        self.metadata = Metadata()
        self._file, self._inflate = file, text.Inflater()
        self._dropped: list[str] = []
        self._exif: Exif | None = None
        for chunk in chunks:
            if chunk.kind not in PIXELS:
                self._take(chunk)
        if self._dropped:
            named = listed(list(dict.fromkeys(self._dropped)))
            file.note(f"PNG chunks dropped: {named}")
        xmp = self.metadata.xmp
        self.orientation = stored(self._exif, xmp)
        self.metadata.xmp = alone(xmp) if xmp else None
        if is_sideways(self.orientation):
            self._turn_resolution()

    def _turn_resolution(self) -> None:
        dpi, chunks = self.metadata.dpi, self.metadata.chunks
        if dpi:
            self.metadata.dpi = dpi[1], dpi[0]
        if "pHYs" in chunks:
            aspect = chunks["pHYs"]
            chunks["pHYs"] = aspect[4:8] + aspect[:4] + aspect[8:]

    def _take(self, chunk: Chunk) -> None:
        if chunk.critical:
            raise ValueError(f"the chunk {chunk.kind}, which this version does not know")
        data = read(self._file, chunk)
        if data is None:
            self._dropped.append(chunk.kind)
            return
        try:
            self._read(chunk.kind, data)
        except ConvtoolError:
            raise
        except Exception:  # noqa: BLE001  # damaged tags raise anything; the pixels may be intact
            self._file.note(f"damaged {self._named(chunk.kind, data)} dropped")

    def _named(self, kind: str, data: bytes) -> str:
        if kind == "eXIf":
            return "EXIF data"
        keyword = data.partition(b"\0")[0].decode("latin-1")
        return f"text '{keyword}'" if kind in TEXTS else f"{kind} chunk"

    def _read(self, kind: str, data: bytes) -> None:
        metadata = self.metadata
        if kind in TEXTS:
            keyword, words = text.parse(kind, data, self._inflate)
            if text.is_in_language(kind, data):
                self._file.note(f"language of the text '{keyword}' dropped")
            self._read_text(keyword, words)
        elif kind == "eXIf":
            self._read_exif(data)
        elif kind == "iCCP":
            _, _, rest = data.partition(b"\0")
            metadata.icc = self._inflate(rest[1:])
        elif kind == "pHYs":
            self._read_resolution(data)
        elif kind in COLOUR:
            if len(data) != COLOUR[kind]:
                raise ValueError(f"{len(data)} bytes")
            metadata.colour.setdefault(kind, data)
        elif kind in LASTING:
            metadata.chunks.setdefault(kind, data)
        else:
            self._dropped.append(kind)

    def _read_text(self, keyword: str, words: str) -> None:
        metadata, profile = self.metadata, keyword.removeprefix(text.RAW)
        if keyword == text.XMP:
            metadata.xmp = words.encode()
        elif profile == keyword:
            metadata.text += ((keyword, words),)
        elif profile in text.EXIF_PROFILES:
            data = text.raw_profile(words)
            if data.startswith(START):
                self._read_exif(data)
            else:
                metadata.xmp = metadata.xmp or data[data.index(b"<") :]
        elif profile in text.IPTC_PROFILES:
            self._read_iptc(text.raw_profile(words))
        elif profile == "xmp":
            metadata.xmp = metadata.xmp or text.raw_profile(words)
        elif profile in ("icc", "icm"):
            metadata.icc = metadata.icc or text.raw_profile(words)
        else:
            metadata.text += ((keyword, words),)

    def _read_iptc(self, data: bytes) -> None:
        """Take IPTC records, alone or among Photoshop's resources."""
        is_photoshop = data.startswith(photoshop.SIGNATURE)
        iptc = photoshop.iptc_of(data, self._file.note) if is_photoshop else data
        self.metadata.iptc = iptc

    def _read_exif(self, data: bytes) -> None:
        self._exif = Exif.read(data, self._file.note)
        self.metadata.exif = self._exif or None

    def _read_resolution(self, data: bytes) -> None:
        x, y = int.from_bytes(data[:4]), int.from_bytes(data[4:8])
        if len(data) != 9 or not x or not y:
            raise ValueError(f"{x}×{y}")
        if data[8] == PER_METRE:
            # Two digits are enough to find the same whole number again.
            self.metadata.dpi = round(x * METRES_PER_INCH, 2), round(y * METRES_PER_INCH, 2)
        elif x != y:
            self.metadata.chunks["pHYs"] = data


def write_before_pixels(file: BinaryIO, metadata: Metadata, exif: bytes, channels: int) -> None:
    """Write everything that is held beside the pixels.

    Args:
        file: takes the chunks.
        metadata: what to write.
        exif: the encoded EXIF tags.
        channels: of the pixels, without alpha.
    """
    profile = metadata.profile(channels)
    for kind, data in _colours(metadata, profile):
        write(file, kind, data)
    if profile:
        write(file, "iCCP", b"icc\0\0", zlib.compress(profile))
    for kind, data in metadata.chunks.items():
        write(file, kind, data)
    if metadata.dpi:
        x, y = (min(round(each / METRES_PER_INCH), LARGEST) for each in metadata.dpi)
        write(file, "pHYs", x.to_bytes(4), y.to_bytes(4), bytes([PER_METRE]))
    if exif:
        write(file, "eXIf", exif.removeprefix(START))
    if metadata.xmp:
        text.write_xmp(file, metadata.xmp)
    if metadata.iptc:
        text.write_profile(file, "iptc", photoshop.resource(metadata.iptc))
    for keyword, words in metadata.text:
        if text.fits(keyword):
            text.write_text(file, keyword, words)


def _colours(metadata: Metadata, profile: bytes | None) -> Iterator[tuple[str, bytes]]:
    """Yield the chunks that say what colours mean; an image has a profile or an intent."""
    for kind in COLOUR:
        if kind in metadata.colour and not (profile and kind == INTENT_BEFORE_PROFILE):
            yield kind, metadata.colour[kind]
