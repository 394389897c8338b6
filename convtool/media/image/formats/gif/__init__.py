"""GIF, still and animated: the file is taken apart and put together here.

`blocks` knows how a file is laid out, `pixels` the compression, `palette` chooses colours.
"""

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from convtool.media.image.format import Format, Row
from convtool.media.image.formats.gif import writer
from convtool.media.image.formats.gif.palette import is_colourful, is_soft
from convtool.media.image.formats.gif.reader import GifReader
from convtool.media.image.metadata import COMMENT, Metadata
from convtool.media.image.reader import ImageInput, Reader
from convtool.media.image.samples import Frame, alike
from convtool.media.image.timing import CENTISECONDS


class Gif(Format):
    """GIF: at most 256 colours per frame, of which one can be transparent."""

    name = "GIF"
    suffixes = (".gif",)
    signatures = (b"GIF87a", b"GIF89a")
    alpha = True
    frames = True
    timed = True
    clock = CENTISECONDS
    repeats = True
    reads = (
        Row("grey ramp of 256 levels, one image", "8 bits, one index transparent or none", "grey"),
        Row("palette of the file or image", "1 to 8 bits, one index transparent or none", "RGB"),
    )
    holds = frozenset({"icc", "xmp", "text"})
    copies = 6

    def losses(self, metadata: Metadata) -> Iterable[str]:
        """Yield what is lost; of texts all but comments."""
        yield from super().losses(metadata)
        if any(keyword != COMMENT for keyword, _ in metadata.text):
            yield "text dropped except comments, which GIF can hold"

    def unfit(self, frames: Sequence[Frame], metadata: Metadata) -> Iterable[str]:
        """Yield what of finished images cannot be held."""
        yield from super().unfit(frames, metadata)
        drawn = alike(frames)
        parts = zip(drawn, writer.regions(drawn), strict=True)
        if any(is_colourful(writer.part_of(frame, region)) for frame, region in parts):
            yield "colours reduced to 256 per frame: a GIF has no more"
        if any(map(is_soft, frames)):
            yield "partial transparency made full or none: GIF holds no more"

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading."""
        return GifReader(file)

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write finished images."""
        del quality  # colours are chosen as well as they can be
        writer.save(file, alike(frames), metadata)


FORMAT = Gif()
