"""EXIF tags, edited where they stand.

Maker notes hold offsets into the whole block, and types that Pillow does not know would be lost:
so a block is not taken apart and put together again, as `PIL.Image.Exif` does.

Source: CIPA DC-008 (Exif), TIFF 6.0 section 2
"""

from collections.abc import Callable
from typing import Self

from PIL import ExifTags, Image

from convtool.media.image.exif_block import RESOLUTIONS, Block

START = b"Exif\0\0"
INCH, CENTIMETRE = 2, 3
SIDEWAYS = range(5, 9)  # orientations in which rows are stored as columns
MAX_DROPPED = 16  # tags that are left out one by one where there is no room

Note = Callable[[str], None]


class Exif(Image.Exif):
    """The tags of an upright image, without orientation and thumbnail.

    It is read like Pillow's; tags can be removed from it, but are then written in Pillow's way.

    Attributes:
        orientation: in which the image was stored; None where that is not said.
    """

    orientation: int | None = None

    @classmethod
    def read(cls, data: bytes, note: Note) -> Self | None:
        """Return the tags of a block; None where there are none or it is damaged.

        Args:
            data: the block, with `Exif` before it or without.
            note: is told what is lost.
        """
        raw = bytearray(data)
        while raw.startswith(START):
            del raw[: len(START)]
        try:
            block = Block(raw)
            block.check()
            orientation = block.remove(ExifTags.Base.Orientation)
            if orientation in SIDEWAYS:
                block.swap_resolutions()
            has_thumbnail = block.drop_thumbnail()
            exif = cls()
            if orientation is not None and not 1 <= orientation < SIDEWAYS.stop:
                orientation = None
            exif._keep(bytes(raw))
            Image.Exif.tobytes(exif)  # raises now where tags are damaged
        except Exception:  # noqa: BLE001  # damaged tags raise anything; the pixels may be intact
            note("damaged EXIF data dropped")
            return None
        if has_thumbnail:
            note("EXIF thumbnail dropped")
        exif.orientation = orientation
        return exif

    @classmethod
    def of(cls, exif: Image.Exif) -> Self:
        """Return tags of another kind as these, without a change."""
        if isinstance(exif, cls):
            return exif
        made = cls()
        made._keep(exif.tobytes().removeprefix(START))
        return made

    @property
    def dpi(self) -> tuple[float, float] | None:
        """The resolution in dots per inch; None where none is stated."""
        try:
            x, y = (float(self[tag]) for tag in RESOLUTIONS[0])
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return None
        unit = self.get(ExifTags.Base.ResolutionUnit, INCH)
        if unit not in (INCH, CENTIMETRE) or not (x > 0 and y > 0):
            return None
        scale = 1 if unit == INCH else 2.54
        return x * scale, y * scale

    def fitted(self, width: int, height: int) -> Self:
        """Return the tags with the size of an image in those that state one."""
        raw = bytearray(self._raw)
        Block(raw).set_sizes(width, height)
        exif = type(self)()
        exif._keep(bytes(raw))  # noqa: SLF001  # of its own class
        for tag in self._tags - set(self):
            exif.pop(tag, None)
        return exif

    def tobytes(self, offset: int = 8) -> bytes:
        """Return the block, with `Exif` before it, as it was but for what was removed."""
        if set(self) == self._tags:
            return START + self._raw
        return super().tobytes(offset)

    def _keep(self, raw: bytes) -> None:
        self._raw = raw
        self.load(START + raw)
        self._tags = frozenset(self)


def within(exif: Image.Exif, room: int) -> tuple[bytes, list[str]]:
    """Return tags that fit into some bytes, and the names of those left out, the largest first.

    Args:
        exif: the tags.
        room: bytes.
    """
    raw = bytearray(exif.tobytes().removeprefix(START))
    dropped: list[str] = []
    while len(raw) > room - len(START):
        largest = Block(raw).cut_largest() if len(dropped) < MAX_DROPPED else None
        if largest is None:
            return b"", ["EXIF tags"]
        dropped.append(f"EXIF tag {ExifTags.TAGS.get(largest, largest)}")
    return START + raw, dropped
