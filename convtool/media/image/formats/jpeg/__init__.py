"""JPEG: read and decoded here by libjpeg-turbo, written by Pillow."""

from collections.abc import Iterable, Sequence
from typing import Any

from convtool.media.image.exif import within
from convtool.media.image.format import FULL_CHROMA, Format
from convtool.media.image.formats.jpeg.metadata import MAX_EXIF, MAX_PROFILE, write
from convtool.media.image.formats.jpeg.reader import JpegReader
from convtool.media.image.metadata import COMMENT, Metadata
from convtool.media.image.reader import ImageInput, Reader
from convtool.media.image.samples import Frame
from convtool.media.policies import listed

SUBSAMPLING = {"4:2:2": "4:2:2", "4:2:0": "4:2:0", "4:1:1": "4:2:0", "4:1:0": "4:2:0"}  # Pillow's


class Jpeg(Format):
    """JPEG: 8 bits, lossy, without transparency. Images after the first are not frames."""

    name = "JPEG"
    suffixes = (".jpg", ".jpeg", ".jpe", ".jfif")
    signatures = (b"\xff\xd8\xff",)
    quality = True
    holds = frozenset({"icc", "exif", "dpi", "xmp", "iptc", "text"})
    copies = 3

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

    def options(self, frames: Sequence[Frame], metadata: Metadata, quality: int) -> dict[str, Any]:
        """Return Pillow's options for saving."""
        options: dict[str, Any] = {
            "quality": quality,
            "subsampling": self.chroma(metadata, quality),
            "extra": write(metadata, frames[0].colours, self.exif(metadata)),
        }
        if metadata.dpi:
            options["dpi"] = metadata.dpi
        return options

    def chroma(self, metadata: Metadata, quality: int) -> str:
        """Return how finely colours are sampled: as in the input, and fully at high quality."""
        if quality >= FULL_CHROMA or metadata.chroma is None:
            return "4:4:4"
        return SUBSAMPLING.get(metadata.chroma, "4:4:4")

    def exif(self, metadata: Metadata) -> bytes:
        """Return the EXIF tags that a segment can hold."""
        return b"" if metadata.exif is None else within(metadata.exif, MAX_EXIF)[0]


FORMAT = Jpeg()
