"""AVIF, still and animated."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from convtool.media.image.brands import brands
from convtool.media.image.format import Format
from convtool.media.image.samples import Frame, Metadata

UNTIMED = 100  # milliseconds for which programs show the frames of a GIF without a duration


class Avif(Format):
    """AVIF: 8 bits, lossy, with transparency, metadata and frames."""

    name = "AVIF"
    suffixes = (".avif", ".avifs")
    alpha = True
    frames = True
    timed = True
    quality = True
    holds = frozenset({"icc", "exif"})
    copies = 12

    def unfit(self, frames: Sequence[Frame], metadata: Metadata) -> Iterable[str]:
        """Yield what of finished images cannot be held: frames are always shown for a time."""
        yield from super().unfit(frames, metadata)
        if len(frames) > 1 and not all(frame.duration for frame in frames):
            yield f"frames without a duration are shown for {UNTIMED} milliseconds in AVIF"

    def timing(self, frames: Sequence[Frame], metadata: Metadata) -> dict[str, Any]:
        """Return Pillow's options for an animation."""
        timed = [replace(frame, duration=frame.duration or UNTIMED) for frame in frames]
        return super().timing(timed, metadata)

    def matches(self, start: bytes) -> bool:
        """Return True for files of the brands of AVIF images and sequences."""
        return not {b"avif", b"avis"}.isdisjoint(brands(start))


FORMAT = Avif()
