"""GIF, still and animated."""

from collections.abc import Sequence
from typing import Any

from convtool.media.image.format import Format
from convtool.media.image.pillow import PillowReader
from convtool.media.image.samples import Frame, Metadata

CLEAR = 2  # disposal method: clear the frame's area before the next (GIF89a, section 23)


class GifReader(PillowReader):
    """A GIF file; the frames of an animation always become RGB, which needs no note."""

    def note_conversion(self) -> None:
        """Note that the palette of a still image is converted to RGB."""
        if self.count == 1:
            super().note_conversion()


class Gif(Format):
    """GIF: at most 256 colours per frame, of which one can be transparent."""

    name = "GIF"
    suffixes = (".gif",)
    signatures = (b"GIF87a", b"GIF89a")
    alpha = True
    frames = True
    timed = True
    copies = 6
    reader = GifReader

    def timing(self, frames: Sequence[Frame], metadata: Metadata) -> dict[str, Any]:
        """Return options by which a transparent frame does not show the one before it."""
        options = super().timing(frames, metadata)
        if frames[0].transparent:
            options["disposal"] = CLEAR
        return options


FORMAT = Gif()
