"""Which directories of a TIFF file are pages, and which are previews, masks and the like.

Raw photos are recognized and refused here.
"""

import math
import re
from typing import NamedTuple

from convtool.errors import ReadError
from convtool.media.image.formats.tiff.declared import layout_of
from convtool.media.image.formats.tiff.directory import Directory, TiffData
from convtool.media.image.formats.tiff.layout import Layout
from convtool.media.image.formats.tiff.stacks import IMAGES
from convtool.media.image.formats.tiff.tags import (
    RAW_COMPRESSIONS,
    RAW_MODELS,
    Compression,
    Photometric,
    Tag,
)
from convtool.media.image.reader import ImageInput
from convtool.media.policies import refuse_truncated

REDUCED, MASK = 1, 4  # flags of a directory's purpose
OLD_REDUCED = 2
CANON = b"CR\x02\0"  # after the header of CR2 files
MOST_INNER = 1024  # directories inside of a page
SHAPED = re.compile(rb'{"shape": \[([\d, ]+)\].*"truncated": true', re.DOTALL)


class Page(NamedTuple):
    """A page of a file.

    Attributes:
        directory: its tags.
        plane: which of several images that follow each other behind one directory.
    """

    directory: Directory
    plane: int = 0

    @property
    def layout(self) -> Layout:
        """How its samples are stored.

        Raises:
            ValueError: it is not of a kind that is known to be read right.
        """
        layout = layout_of(self.directory)
        return layout.plane(self.plane) if self.plane else layout


class Pages(NamedTuple):
    """The pages of a file.

    Attributes:
        pages: at least one.
        pyramid: there is one, which the file holds in reduced sizes, too.
    """

    pages: list[Page]
    pyramid: bool


def pages_of(file: ImageInput, data: TiffData) -> Pages:
    """Return the pages of a file, and note what else it holds.

    Raises:
        ReadError: it is a raw photo, or incomplete.
        ValueError: its directories form a loop.
    """
    chain = _chain(file, data)
    inner = [found for directory in chain for found in _inner(file, directory)]
    _refuse_raw(file, data, [*chain, *inner])
    whole = [directory for directory in chain if _is_page(directory)]
    if not whole:
        whole, inner = [found for found in inner if _is_page(found)] or chain, []
    left = [directory for directory in (*chain, *inner) if directory not in whole]
    pages = [Page(directory) for directory in whole]
    if len(whole) == 1:
        planes = _planes(file, whole[0])
        pages = [Page(whole[0], plane) for plane in range(planes)]
    pyramid = len(pages) == 1 and any(_is_level(found, whole[0]) for found in left)
    _note_left(file, left, pyramid=pyramid)
    return Pages(pages, pyramid)


def _chain(file: ImageInput, data: TiffData) -> list[Directory]:
    found: list[Directory] = []
    try:
        found.extend(data.chain(data.first))
    except EOFError as exc:
        loss = f"page {len(found) + 1} lies outside of the file"
        refuse_truncated(file, file.name, loss, file.reading, exc)
    if not found:
        raise ValueError("it has no pages")
    return found


def _inner(file: ImageInput, directory: Directory) -> list[Directory]:
    """Return the directories inside of a page, one level deep."""
    found = []
    for offset in directory.values(Tag.SUB_DIRECTORIES)[:MOST_INNER]:
        try:
            found.append(Directory(directory.data, int(offset)))
        except EOFError:
            file.note("damaged previews dropped")
    return found


def _is_page(directory: Directory) -> bool:
    purpose = directory.number(Tag.SUBFILE, 0)
    if Tag.SUBFILE not in directory.entries:
        purpose = int(directory.number(Tag.OLD_SUBFILE, 0) == OLD_REDUCED)
    if Tag.WIDTH not in directory.entries:
        return False  # a thumbnail as EXIF has it, or no image at all
    return not purpose & (REDUCED | MASK) and not _is_mask(directory)


def _is_level(directory: Directory, whole: Directory) -> bool:
    """Return whether a directory is a level of a pyramid, and not a thumbnail: tiled, or half."""
    if not _is_reduced(directory):
        return False
    is_half = all(
        abs(2 * directory.number(tag, 0) - whole.number(tag, 0)) <= 1
        for tag in (Tag.WIDTH, Tag.LENGTH)
    )
    return is_half or Tag.TILE_OFFSETS in directory.entries


def _is_reduced(directory: Directory) -> bool:
    return not _is_page(directory) and not _is_mask(directory)


def _is_mask(directory: Directory) -> bool:
    return directory.number(Tag.PHOTOMETRIC, -1) == Photometric.MASK


def _refuse_raw(file: ImageInput, data: TiffData, directories: list[Directory]) -> None:
    """Refuse raw photos, whose previews would be taken for them."""
    is_raw = data.read(0, min(12, data.size))[8:12] == CANON
    for directory in directories:
        is_raw |= Tag.DNG_VERSION in directory.entries
        is_raw |= directory.number(Tag.PHOTOMETRIC, -1) in RAW_MODELS
        is_raw |= directory.number(Tag.COMPRESSION, 1) in RAW_COMPRESSIONS
    if is_raw:
        raise ReadError(
            f"{file.name}: raw photos are not read",
            hint="develop it first, for example with darktable or RawTherapee",
        )


def _note_left(file: ImageInput, left: list[Directory], *, pyramid: bool) -> None:
    masks, reduced = sum(map(_is_mask, left)), sum(map(_is_reduced, left))
    others = len(left) - masks - reduced
    for count, words in (
        (masks, "transparency mask"),
        (0 if pyramid else reduced, "reduced image"),  # those of a pyramid are made anew
        (others, "image inside of pages"),
    ):
        if count:
            plural = words.replace("mask", "masks").replace("image", "images")
            file.note(f"{count} {words if count == 1 else plural} dropped")


def _planes(file: ImageInput, directory: Directory) -> int:
    """Return how many images follow each other behind the only directory of a file."""
    text = directory.text(Tag.DESCRIPTION)
    declared = 1
    if found := IMAGES.match(text):
        declared = int(found[1])
    elif found := SHAPED.match(text):
        shape = [int(word) for word in found[1].split(b",")]
        declared = math.prod(shape) // math.prod(_page_shape(directory))
    elif Tag.STACK in directory.entries:
        declared = directory.entries[Tag.STACK].count
    if declared <= 1:
        return 1
    layout = layout_of(directory)
    if layout.compression != Compression.NONE or layout.planar or not layout.offsets:
        raise ValueError(f"{declared} planes behind one directory, compressed or in planes")
    room = directory.data.size - int(layout.offsets[0])
    fitting = max(0, room) // (layout.row_bytes * layout.height)
    if fitting < declared:
        loss = f"{fitting} of {declared} planes"
        refuse_truncated(file, file.name, loss, file.reading)
    return max(1, min(declared, fitting))


def _page_shape(directory: Directory) -> tuple[int, int, int]:
    height, width = directory.number(Tag.LENGTH, 1), directory.number(Tag.WIDTH, 1)
    return max(1, height), max(1, width), max(1, directory.number(Tag.SAMPLES, 1))
