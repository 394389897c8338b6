"""JPEG: read and decoded here by libjpeg-turbo, and written by it."""

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from convtool.media.image.exif import within
from convtool.media.image.format import FULL_CHROMA, Format
from convtool.media.image.formats.jpeg import writer
from convtool.media.image.formats.jpeg.metadata import MAX_EXIF, MAX_PROFILE, write
from convtool.media.image.formats.jpeg.reader import JpegReader
from convtool.media.image.metadata import COMMENT, Metadata
from convtool.media.image.reader import ImageInput, Reader
from convtool.media.image.row_writer import RowWriter
from convtool.media.image.samples import Frame
from convtool.media.policies import listed

SUBSAMPLING = {"4:2:2": "422", "4:2:0": "420", "4:1:1": "420", "4:1:0": "420"}
FULL = "444"
LARGEST = 65500  # rows and columns that libjpeg encodes
COPIES = 6  # of a band: as rows, encoded, by several threads


class Jpeg(Format):
    """JPEG: 8 bits, lossy, without transparency. Images after the first are not frames."""

    name = "JPEG"
    suffixes = (".jpg", ".jpeg", ".jpe", ".jfif")
    signatures = (b"\xff\xd8\xff",)
    quality = True
    holds = frozenset({"icc", "exif", "dpi", "xmp", "iptc", "text"})
    copies = 2

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading."""
        return JpegReader(file)

    def losses(self, metadata: Metadata) -> Iterable[str]:
        """Yield what is lost: texts but comments, and what segments have no room for."""
        yield from super().losses(metadata)
        if any(keyword != COMMENT for keyword, _ in metadata.text):
            yield f"text dropped except comments, which {self.name} can hold"
        if metadata.exif is not None:
            _, lost = within(metadata.exif, MAX_EXIF)
            if lost:
                yield f"{listed(lost)} dropped: {self.name} has room for {MAX_EXIF} bytes of EXIF"
        if metadata.icc and len(metadata.icc) > MAX_PROFILE:
            yield f"colour profile dropped: it is larger than {MAX_PROFILE} bytes"

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write a finished image.

        Raises:
            ValueError: it is larger than JPEG can hold.
        """
        (frame,) = frames
        rows = self.rows(file, frame, metadata, quality)
        rows.write(frame.samples)
        rows.close()

    def held(self, row: int, metadata: Metadata) -> int:
        """Return an estimate of the bytes held while an image is written row by row."""
        del metadata  # it takes no room
        return COPIES * max(writer.TALLEST * row, writer.BAND)

    def rows(self, file: BinaryIO, like: Frame, metadata: Metadata, quality: int) -> RowWriter:
        """Begin a file whose rows follow.

        Raises:
            ValueError: it is larger than JPEG can hold.
        """
        if max(like.samples.shape) > LARGEST:
            raise ValueError(f"it holds at most {LARGEST}×{LARGEST} pixels")
        beside = write(metadata, like.colours, self.exif(metadata))
        return writer.JpegRows(file, like, quality, self.chroma(metadata, quality), beside)

    def chroma(self, metadata: Metadata, quality: int) -> str:
        """Return how finely colours are sampled: as in the input, and fully at high quality."""
        if quality >= FULL_CHROMA or metadata.chroma is None:
            return FULL
        return SUBSAMPLING.get(metadata.chroma, FULL)

    def exif(self, metadata: Metadata) -> bytes:
        """Return the EXIF tags that a segment can hold."""
        return b"" if metadata.exif is None else within(metadata.exif, MAX_EXIF)[0]


FORMAT = Jpeg()
