"""Write TIFF files: deflated strips or tiles, pages of any kinds, and the metadata of the input."""

from collections.abc import Sequence
from typing import BinaryIO

from convtool.media.image.formats.tiff import exif, pyramid, stacks
from convtool.media.image.formats.tiff.exif import Tables, Value
from convtool.media.image.formats.tiff.output import NOWHERE, Output, Segment
from convtool.media.image.formats.tiff.page_tags import ASCII, PageTags
from convtool.media.image.formats.tiff.page_writer import STRIP, PageWriter
from convtool.media.image.formats.tiff.tags import Tag
from convtool.media.image.metadata import Metadata
from convtool.media.image.row_writer import RowWriter
from convtool.media.image.samples import Frame

COPIES = 6  # of a strip or a row of tiles: samples, ordered and deflated
MOST = 2**32 - 2**20  # bytes of a file that is no BigTIFF
IMAGEJ = b"ImageJ="


def save(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata) -> None:
    """Write finished images.

    Args:
        file: where the bytes go; seekable.
        frames: the pages.
        metadata: the input's.
    """
    output = _begun(file, frames, metadata)
    if is_stack(frames, metadata):
        _write_stack(output, frames)
        return
    for index, frame in enumerate(frames):
        page = PageWriter(output, frame, index, len(frames))
        page.write(frame.samples)
        page.close()


def rows(file: BinaryIO, like: Frame, metadata: Metadata) -> RowWriter:
    """Begin a file of one page, whose rows follow.

    Args:
        file: where the bytes go; seekable.
        like: a frame of the same shape and type.
        metadata: the input's, without a description by ImageJ.
    """
    return PageWriter(_begun(file, [like], metadata), like, 0, 1)


def held(row: int, metadata: Metadata) -> int | None:
    """Return an estimate of the bytes held while a file is written row by row.

    Args:
        row: the bytes of a row.
        metadata: the input's.

    Returns:
        None where ImageJ described the images, which then lie in one piece.
    """
    if _is_imagej(metadata):
        return None
    tile = _tile(metadata)
    if tile is None:
        return COPIES * max(row, STRIP)
    # The levels of a pyramid hold at most a row of tiles more, as each is half of the one before.
    return COPIES * max(tile[0] * row, STRIP) * (2 if metadata.pyramid else 1)


def is_stack(frames: Sequence[Frame], metadata: Metadata) -> bool:
    """Return whether images are written in one piece, as ImageJ described them."""
    return _is_imagej(metadata) and stacks.describes(metadata.stack, frames)


def _is_imagej(metadata: Metadata) -> bool:
    return metadata.stack is not None and metadata.stack.startswith(IMAGEJ)


def _tile(metadata: Metadata) -> tuple[int, int] | None:
    return metadata.tile or (pyramid.TILE if metadata.pyramid else None)


def _begun(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata) -> Output:
    """Return a file whose header is written."""
    found = Tables("<", {}, {})
    if metadata.exif is not None:
        found = exif.from_pillow(metadata.exif)
    if metadata.stack and stacks.describes(metadata.stack, frames):
        text = stacks.without_range(metadata.stack) + b"\0"
        found.main[Tag.DESCRIPTION] = Value(ASCII, len(text), text)
    tags = PageTags(found, metadata)
    tags.state_size(frames[0])
    size = sum(frame.samples.nbytes for frame in frames)
    size += size // 2 * metadata.pyramid  # a third, and the edges of tiles
    big = metadata.big or size > MOST
    output = Output(file, tags, _tile(metadata), big=big, pyramid=metadata.pyramid)
    output.head()
    return output


def _write_stack(output: Output, frames: Sequence[Frame]) -> None:
    """Write all directories, then all samples in one piece, as ImageJ expects them."""
    whole, length = frames[0].samples.shape[:2], frames[0].samples.nbytes
    every = [output.tags.of(frame, index, len(frames)) for index, frame in enumerate(frames)]
    sizes = [len(output.directory(tables, whole, [NOWHERE], 0, 0)) for tables in every]
    samples = output.end + sum(sizes)
    for index, (tables, size) in enumerate(zip(every, sizes, strict=True)):
        next = output.end + size if index + 1 < len(every) else 0
        strip = Segment(samples + index * length, length)
        output.append(output.directory(tables, whole, [strip], output.end, next))
    for frame in frames:
        output.append(output.ordered(frame.samples).tobytes())
