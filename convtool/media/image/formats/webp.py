"""WebP, still and animated, lossy and lossless."""

from collections.abc import Sequence
from typing import Any

from convtool.media.image.format import Format
from convtool.media.image.metadata import Metadata
from convtool.media.image.pillow import PillowReader
from convtool.media.image.reader import DAMAGED, ImageInput, decoding
from convtool.media.image.samples import Frame, Pixels

LOSSLESS_QUALITY = 100
EFFORT = 4  # of lossless compression, 0 to 100; more is slower and hardly smaller
HEAD = 12  # bytes before the first chunk
FRAME_HEAD = 16  # bytes of an animated frame before its chunks


class WebPReader(PillowReader):
    """A WebP file."""

    def __init__(self, format: str, file: ImageInput, *, frames: bool) -> None:
        file.stream.seek(0)
        data = file.stream.read()
        file.stream.seek(0)
        self._fault = _fault(data)
        with decoding(file.name, self._fault):
            super().__init__(format, file, frames=frames)
        self.metadata.lossless = _is_lossless(data)

    def pixels(self) -> Pixels:
        """Return the frame that Pillow is at."""
        with decoding(self.file.name, self._fault):
            return super().pixels()


class WebP(Format):
    """WebP: 8 bits, lossy or lossless, with transparency, metadata and frames."""

    name = "WEBP"
    suffixes = (".webp",)
    alpha = True
    frames = True
    timed = True
    repeats = True
    quality = True
    holds = frozenset({"icc", "exif", "xmp"})
    copies = 7
    reader = WebPReader

    def matches(self, start: bytes) -> bool:
        """Return True for RIFF files of the kind WEBP."""
        return start.startswith(b"RIFF") and start[8:12] == b"WEBP"

    def options(self, frames: Sequence[Frame], metadata: Metadata, quality: int) -> dict[str, Any]:
        """Return Pillow's options for saving: lossless as the input, and at the best quality."""
        options = super().options(frames, metadata, quality)
        if metadata.lossless or quality == LOSSLESS_QUALITY:
            options |= {"lossless": True, "exact": True, "quality": EFFORT}
        return options


def _fault(data: bytes) -> str:
    """Return what is wrong with a file that cannot be decoded."""
    declared = HEAD - 4 + int.from_bytes(data[4:8], "little")
    if declared > len(data):
        return f"truncated: {declared} bytes declared, {len(data)} found"
    return DAMAGED


def _is_lossless(data: bytes) -> bool:
    """Return True where every frame is coded without loss (WebP container specification)."""
    kinds: set[bytes] = set()
    waiting = [(HEAD, len(data))]
    while waiting:
        place, end = waiting.pop()
        while place + 8 <= end:
            kind = data[place : place + 4]
            size = int.from_bytes(data[place + 4 : place + 8], "little")
            if kind == b"ANMF":
                waiting.append((place + 8 + FRAME_HEAD, min(place + 8 + size, end)))
            kinds.add(kind)
            place += 8 + size + size % 2
    return b"VP8L" in kinds and b"VP8 " not in kinds


FORMAT = WebP()
