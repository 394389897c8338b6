"""Write what libsndfile does not: metadata and the positions of channels."""

from functools import partial
from typing import Any, BinaryIO

from convtool.media.audio.apple_layout import build_layout
from convtool.media.audio.containers.headed import HeadedFile
from convtool.media.audio.containers.ogg_comments import OggFile
from convtool.media.audio.header import MASK_TAG
from convtool.media.audio.layout import FEW_MASKS, FLAC_IMPLIED
from convtool.media.audio.metadata import chunks as rows
from convtool.media.audio.metadata import flac
from convtool.media.audio.metadata.chunked import append_metadata
from convtool.media.audio.metadata.id3 import build_id3
from convtool.media.audio.metadata.model import Metadata
from convtool.media.audio.metadata.vorbis import build_comments

CHUNKED = ("WAV", "RF64", "W64", "AIFF", "CAF")


def wrapped(file: BinaryIO, format: str, layout: int, metadata: Metadata) -> Any:
    """Return a file for libsndfile that puts metadata where it stands before the samples.

    Args:
        file: where the bytes go.
        format: libsndfile's name of its format.
        layout: the mask of its channels; 0 where it states none.
        metadata: what it holds.
    """
    if format == "FLAC":
        stated = _with_mask(metadata, layout)
        build = partial(flac.build_header, metadata=stated)
        return HeadedFile(file, flac.header_length, build, flac.KEPT)
    if format == "OGG":
        return OggFile(file, lambda before: build_comments(metadata, before, pictures=True))
    if format == "MP3" and (tag := build_id3(metadata)):
        return HeadedFile(file, lambda head: 0 if head else None, lambda _: tag)
    return file


def _with_mask(metadata: Metadata, layout: int) -> Metadata:
    """Return metadata that states a layout which FLAC does not imply."""
    if layout in (0, *FLAC_IMPLIED.values()):
        return metadata
    tags = (*metadata.tags, (MASK_TAG, f"0x{layout:04X}"))
    return Metadata(tags, metadata.pictures, metadata.chapters, metadata.chunks)


def complete(file: BinaryIO, format: str, layout: int, metadata: Metadata) -> None:
    """Write metadata and channels into a complete file, where they stand behind the samples.

    Args:
        file: open for reading and writing.
        format: libsndfile's name of its format.
        layout: the mask of its channels; 0 where it states none.
        metadata: what it holds.
    """
    if format not in CHUNKED:
        return
    file.seek(0)
    row = rows.layout_of(file.read(16))
    assert row is not None
    extra: list[tuple[bytes, bytes]] = []
    if row is rows.RIFF:
        _set_mask(file, layout)
    elif layout not in (0, *FEW_MASKS.values()) and row in (rows.AIFF, rows.CAF):
        extra = [(b"CHAN" if row is rows.AIFF else b"chan", build_layout(layout))]
    append_metadata(file, row, metadata, extra)


def _set_mask(file: BinaryIO, layout: int) -> None:
    """Write the mask into the format chunk of a WAV file that has room for it."""
    for place in rows.places(file, rows.RIFF):
        if place.id == b"fmt " and place.length >= 40:
            file.seek(place.start + 20)
            file.write(layout.to_bytes(4, "little"))
            return
