"""What a TIFF file says beside its pixels: profile, resolution, EXIF, XMP, IPTC, GeoTIFF.

What is not kept is named in a note.
"""

import struct
from collections.abc import Container, Sequence
from typing import Any

from PIL import Image

from convtool.media.image.formats.tiff import exif
from convtool.media.image.formats.tiff.directory import Directory
from convtool.media.image.formats.tiff.stacks import is_stack
from convtool.media.image.formats.tiff.tags import (
    DESCRIPTIVE,
    GEO,
    LAYOUT,
    WORDS,
    Photometric,
    Tag,
)
from convtool.media.image.metadata import Metadata
from convtool.media.image.orientation import is_sideways
from convtool.media.image.reader import ImageInput
from convtool.media.policies import listed

NO_UNIT, INCH, CENTIMETRE = 1, 2, 3
PER_INCH = 2.54  # centimetres
ASCII = 2
SHAPED = b'{"shape": ['  # tifffile's own description of an array
# Colour models whose conversion to sRGB makes a profile meaningless.
CONVERTED = (Photometric.CMYK, Photometric.CIE_LAB, Photometric.ICC_LAB)
OF_PAGES = (Tag.XMP, Tag.IPTC, Tag.X_RESOLUTION, Tag.Y_RESOLUTION, *DESCRIPTIVE, *GEO)
CHROMATICITIES = Tag.WHITE_POINT, Tag.PRIMARIES
COORDINATES = 8
PER_UNIT = 100_000  # of PNG's chromaticities
KEPT = {*DESCRIPTIVE, *GEO, Tag.ICC, Tag.XMP, Tag.IPTC, Tag.EXIF, Tag.GPS}


def of(file: ImageInput, pages: Sequence[Directory]) -> Metadata:
    """Return what is kept of the first page, and note what is not.

    Args:
        file: takes the notes.
        pages: the directories of all pages.
    """
    first = pages[0]
    kept = Metadata(xmp=_bytes(first, Tag.XMP), iptc=_bytes(first, Tag.IPTC))
    if first.number(Tag.PHOTOMETRIC, 0) not in CONVERTED:
        kept.icc = _bytes(first, Tag.ICC)
    kept.dpi, kept.density = _resolution(first)
    kept.colour = _colour(first)
    if is_stack(first.text(Tag.DESCRIPTION)):
        kept.stack = first.text(Tag.DESCRIPTION)
    try:
        kept.exif = _exif(first)
    except Exception:  # noqa: BLE001  # damaged tags raise anything; the pixels may be intact
        file.note("damaged EXIF data dropped")
    kept.geo = _geo(file, first)
    _note_rest(file, first, KEPT | {*CHROMATICITIES} if kept.colour else KEPT)
    _note_pages(file, pages)
    return kept


def _bytes(directory: Directory, tag: int) -> bytes | None:
    try:
        return directory.raw(tag) or None
    except EOFError:
        return None


def _resolution(
    directory: Directory,
) -> tuple[tuple[float, float] | None, tuple[float, float] | None]:
    """Return the resolution of the upright image, in dots per inch or without a unit."""
    across = directory.values(Tag.X_RESOLUTION)
    down = directory.values(Tag.Y_RESOLUTION)
    if not across or not down or min(across[0], down[0]) <= 0:
        return None, None
    pair = float(across[0]), float(down[0])
    if is_sideways(directory.number(Tag.ORIENTATION, 1)):
        pair = pair[1], pair[0]
    unit = directory.number(Tag.RESOLUTION_UNIT, INCH)
    if unit == NO_UNIT:
        return None, None if pair == (1, 1) else pair
    scale = PER_INCH if unit == CENTIMETRE else 1
    dpi = pair[0] * scale, pair[1] * scale
    rounded = tuple(round(value, 6) for value in dpi)
    return (rounded[0], rounded[1]), None


def _exif(directory: Directory) -> Image.Exif | None:
    found = exif.tables(directory)
    text = directory.text(Tag.DESCRIPTION)
    if text.startswith(SHAPED) or is_stack(text):
        del found.main[Tag.DESCRIPTION]
    if not found.main and not found.inner:
        return None
    return exif.to_pillow(found)


def _geo(file: ImageInput, directory: Directory) -> dict[int, tuple[int, int, Any]]:
    found: dict[int, tuple[int, int, Any]] = {}
    for tag in GEO:
        entry = directory.entries.get(tag)
        if entry is not None:
            text = entry.type == ASCII
            values = directory.text(tag) if text else directory.values(tag)
            found[tag] = entry.type, len(values) + text, values
    if found and directory.number(Tag.ORIENTATION, 1) != 1:
        file.note("GeoTIFF tags dropped: they are for the image as stored, which is turned")
        return {}
    return found


def _colour(directory: Directory) -> dict[str, bytes]:
    """Return the white point and the primaries of RGB as PNG has them."""
    values = [value for tag in CHROMATICITIES for value in directory.values(tag)]
    is_rgb = directory.number(Tag.PHOTOMETRIC, 0) == Photometric.RGB
    if not is_rgb or len(values) != COORDINATES or not all(0 <= value < 1 for value in values):
        return {}
    return {"cHRM": struct.pack(">8I", *(round(value * PER_UNIT) for value in values))}


def _note_rest(file: ImageInput, directory: Directory, kept: Container[int]) -> None:
    """Note the tags that are neither kept nor about the layout."""
    rest = [tag for tag in directory.entries if tag not in kept and tag not in LAYOUT]
    words = dict.fromkeys(WORDS.get(tag, f"tag {tag}") for tag in rest)
    if words:
        file.note(f"{listed(list(words))} dropped")


def _note_pages(file: ImageInput, pages: Sequence[Directory]) -> None:
    first, kept_profile = pages[0], _bytes(pages[0], Tag.ICC)
    differing = sum(
        page is not first and any(_differs(first, page, tag) for tag in OF_PAGES)
        for page in pages[1:]
    )
    if differing:
        counted = "1 page" if differing == 1 else f"{differing} pages"
        file.note(f"metadata of {counted} dropped: it differs from the first page's")
    if kept_profile and any(_bytes(page, Tag.ICC) != kept_profile for page in pages[1:]):
        file.note("colour profile of the first page given to all pages")
    elif not kept_profile and any(Tag.ICC in page.entries for page in pages[1:]):
        file.note("colour profiles of later pages dropped: the first page has none")


def _differs(first: Directory, page: Directory, tag: int) -> bool:
    return tag in page.entries and _bytes(first, tag) != _bytes(page, tag)
