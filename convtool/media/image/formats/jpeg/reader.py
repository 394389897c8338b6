"""Read a JPEG file: its header, its metadata, and its first image."""

from collections.abc import Iterable, Iterator

import torch

from convtool.media.image import xmp
from convtool.media.image.formats.jpeg import decoding, metadata
from convtool.media.image.formats.jpeg.markers import APP2
from convtool.media.image.formats.jpeg.segments import Segments, parse
from convtool.media.image.modes import CONVERTED
from convtool.media.image.orientation import upright, upright_size
from convtool.media.image.reader import ImageInput
from convtool.media.image.samples import GREY, RGB, Header, Pixels
from convtool.sizes import counted

IMAGE, VIDEO = b"\xff\xd8\xff", b"ftyp"  # how they begin, the latter after 4 bytes
MIRRORED = 2  # the orientation whose rows are in order
BAND = 2**20  # bytes of rows that are decoded at once, where an image is read row by row
COPIES = 8  # of a band, libvips' own lines among them
# Names of samplings, by the factors of the first component where the others have 1×1.
CHROMA = {(2, 2): "4:2:0", (2, 1): "4:2:2", (1, 2): "4:4:0", (4, 1): "4:1:1", (4, 2): "4:1:0"}


class JpegReader:
    """A JPEG file.

    Attributes:
        count, metadata, tolerant: as of every Reader.
    """

    tolerant = False  # what is damaged is told here
    count = 1

    def __init__(self, file: ImageInput) -> None:
        file.stream.seek(0)
        self._file, self._data = file, file.stream.read()
        self._segments = parse(self._data)
        decoding.check(file, self._segments)
        if self._segments.strays:
            file.note(f"{self._segments.strays} stray bytes in the header skipped")
        self.metadata = metadata.read(self._segments, file.note)
        self.metadata.chroma = _chroma(self._segments)
        self._profile = self.metadata.icc
        if self._is_cmyk:
            file.note(f"{CONVERTED['CMYK']} converted to RGB")
            self.metadata.icc = None  # it is for inks, and was used to convert them
        self._orientation = metadata.orientation(self.metadata)
        self.metadata.exif = self.metadata.exif or None  # which may hold nothing else
        self._verified = False
        self._leave_others()

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of the image."""
        return [(self._segments.frame.height, self._segments.frame.width)]

    def header(self, index: int) -> Header:
        """Return what is known of the image before it is decoded."""
        del index  # there is one
        frame = self._segments.frame
        size = upright_size(frame.height, frame.width, self._orientation)
        channels = GREY if len(frame.components) == 1 else RGB
        return Header(size, channels, torch.uint8, by_rows=self._by_rows())

    def decode(self, index: int) -> Pixels:
        """Return the image, upright."""
        del index  # there is one
        data, self._data = self._data, b""  # whose memory is not needed any more
        pixels = decoding.decode(self._file, data, self._segments, self._profile)
        return upright(pixels, self._orientation)

    def rows(self, index: int) -> Iterator[Pixels]:
        """Yield the image in bands, upright."""
        del index  # there is one
        if not self._verified:
            decoding.verify(self._file, self._data, self._segments)
            self._verified = True
        for pixels in decoding.rows(self._file, self._data, self._segments, self._length):
            yield upright(pixels, self._orientation)

    def _by_rows(self) -> int | None:
        """Return an estimate of the bytes held while the image is read row by row."""
        turned = self._orientation not in (1, MIRRORED)
        if turned or not decoding.can_stream(self._file, self._data, self._segments):
            return None
        return len(self._data) + COPIES * BAND

    @property
    def _length(self) -> int:
        """The rows of a band."""
        return max(1, BAND // (self._segments.frame.width * len(self._segments.frame.components)))

    @property
    def _is_cmyk(self) -> bool:
        return len(self._segments.frame.components) == decoding.CMYK

    def _leave_others(self) -> None:
        """Note what follows the image, and leave out what the metadata say of it."""
        packet = self.metadata.xmp
        self._note_rest(is_gain_map=xmp.has_gain_map(packet))
        if packet:
            self.metadata.xmp = xmp.alone(packet)
            if self.metadata.xmp is None:
                self._file.note("XMP dropped: it describes other images of the file")

    def _note_rest(self, *, is_gain_map: bool) -> None:
        end = self._segments.end
        rest = b"" if end is None else self._data[end:].strip(b"\0\n\r\t ")
        images = rest.count(IMAGE) if self._segments.payloads(APP2, metadata.MPF) else 0
        if rest.startswith(IMAGE) or images:
            kind = ": a gain map" if is_gain_map else ""
            self._file.note(f"a second image in the file dropped{kind}")
        elif VIDEO in rest[:16]:
            self._file.note("a video behind the image dropped")
        elif rest:
            self._file.note(f"{counted(len(rest), 'byte')} behind the image dropped")


def _chroma(segments: Segments) -> str | None:
    """Return how finely colours are sampled; None where that is as finely as brightness."""
    first, *others = segments.frame.components
    horizontal = {first.horizontal / one.horizontal for one in others}
    vertical = {first.vertical / one.vertical for one in others}
    if len(others) != 2 or len(horizontal) > 1 or len(vertical) > 1:  # grey, or inks
        return None
    return CHROMA.get((int(horizontal.pop()), int(vertical.pop())))
