"""What a TIFF file says beside its pixels: profile, resolution, EXIF, XMP, IPTC, GeoTIFF.

What is not kept is named in a note.
"""

from collections.abc import Sequence
from typing import Any

from PIL import Image

from convtool.media.image.formats.tiff import exif
from convtool.media.image.formats.tiff.directory import Directory
from convtool.media.image.formats.tiff.tags import (
    DESCRIPTIVE,
    GEO,
    LAYOUT,
    WORDS,
    Photometric,
    Tag,
)
from convtool.media.image.orientation import is_sideways
from convtool.media.image.reader import ImageInput
from convtool.media.image.samples import Metadata
from convtool.media.policies import listed

NO_UNIT, INCH, CENTIMETRE = 1, 2, 3
PER_INCH = 2.54  # centimetres
ASCII = 2
SHAPED = b'{"shape": ['  # tifffile's own description of an array
STACKS = (b"ImageJ=", b"SCIFIO=")
# Colour models whose conversion to sRGB makes a profile meaningless.
CONVERTED = (Photometric.CMYK, Photometric.CIE_LAB, Photometric.ICC_LAB)
OF_PAGES = (Tag.ICC, Tag.XMP, Tag.IPTC, Tag.X_RESOLUTION, Tag.Y_RESOLUTION, *DESCRIPTIVE, *GEO)
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
    if is_stack(first.text(Tag.DESCRIPTION)):
        kept.stack = first.text(Tag.DESCRIPTION)
    try:
        kept.exif = _exif(first)
    except Exception:  # noqa: BLE001  # damaged tags raise anything; the pixels may be intact
        file.note("damaged EXIF data dropped")
    kept.geo = _geo(file, first)
    _note_rest(file, first)
    _note_pages(file, pages)
    return kept


def is_stack(text: bytes) -> bool:
    """Return True for a description that programs for microscopes read: ImageJ's and OME's."""
    return text.startswith(STACKS) or b"<OME " in text[:1000]


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


def _note_rest(file: ImageInput, directory: Directory) -> None:
    """Note the tags that are not known here, and not about the layout."""
    rest = [tag for tag in directory.entries if tag not in KEPT and tag not in LAYOUT]
    words = dict.fromkeys(WORDS.get(tag, f"tag {tag}") for tag in rest)
    if words:
        file.note(f"{listed(list(words))} dropped")


def _note_pages(file: ImageInput, pages: Sequence[Directory]) -> None:
    first = pages[0]
    differing = sum(
        page is not first and any(_differs(first, page, tag) for tag in OF_PAGES)
        for page in pages[1:]
    )
    if differing:
        counted = "1 page" if differing == 1 else f"{differing} pages"
        file.note(f"metadata of {counted} dropped: it differs from the first page's")


def _differs(first: Directory, page: Directory, tag: int) -> bool:
    return tag in page.entries and _bytes(first, tag) != _bytes(page, tag)
