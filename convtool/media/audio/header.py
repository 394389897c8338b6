"""What libraries do not tell of a file: the positions of its channels, and all its metadata."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from convtool.media.audio.apple_layout import parse_layout
from convtool.media.audio.containers.ogg import packets
from convtool.media.audio.layout import (
    FEW_MASKS,
    FLAC_IMPLIED,
    IMPLIED,
    checked,
    mask_of,
    order,
    vorbis_order,
)
from convtool.media.audio.metadata import chunks as rows
from convtool.media.audio.metadata.chunked import read_chunked
from convtool.media.audio.metadata.flac import COMMENTS, MAGIC, read_flac
from convtool.media.audio.metadata.model import Metadata
from convtool.media.audio.metadata.vorbis import parse_comments

EXTENSIBLE = 0xFFFE  # the format tag of WAV files with a channel mask
MASK_TAG = "WAVEFORMATEXTENSIBLE_CHANNEL_MASK"  # of FLAC files with other channels than implied
VORBIS, OPUS, OGG_FLAC = b"\x03vorbis", b"OpusTags", b"\x7fFLAC"


@dataclass(frozen=True)
class Header:
    """What a file says of its channels and beside its samples.

    Attributes:
        layout: the mask of its channels; 0 where their positions are not known.
        order: where each channel of the mask stands in the file; None where in the mask's order.
        metadata: its tags and so on.
    """

    layout: int
    order: list[int] | None
    metadata: Metadata


def read_header(file: BinaryIO, channels: int) -> Header:
    """Return the header of a file of this number of channels."""
    file.seek(0)
    start = file.read(16)
    if start[:4] == b"OggS":
        return _ogg(file, channels)
    if start[:4] == MAGIC:
        return _flac(read_flac(file), channels)
    row = rows.layout_of(start)
    if row is not None:
        return _chunked(file, row, channels)
    return Header(FEW_MASKS.get(channels, 0), None, Metadata())


def _ogg(file: BinaryIO, channels: int) -> Header:
    """Return the header of the first stream of an Ogg file."""
    found = packets(file, 2)
    first, second = (*found, b"", b"")[:2]
    if first.startswith(OGG_FLAC):
        comments = second[4:] if second[:1] and second[0] & 0x7F == COMMENTS else b""
        return _flac(parse_comments(comments), channels)
    for mark in (VORBIS, OPUS):
        if second.startswith(mark):
            metadata = parse_comments(second[len(mark) :])
            return Header(IMPLIED.get(channels, 0), vorbis_order(channels), metadata)
    return Header(FEW_MASKS.get(channels, 0), None, Metadata())


def _flac(metadata: Metadata, channels: int) -> Header:
    """Return the header of a FLAC stream; a tag may name other channels than the usual ones."""
    stated = metadata.get(MASK_TAG)
    tags = tuple(tag for tag in metadata.tags if tag[0] != MASK_TAG)
    rest = Metadata(tags, metadata.pictures, metadata.chapters, metadata.chunks)
    try:
        mask = int(stated, 16) if stated else FLAC_IMPLIED.get(channels, 0)
    except ValueError:
        mask = FLAC_IMPLIED.get(channels, 0)
    return Header(checked(mask, channels), None, rest)


def _chunked(file: BinaryIO, row: rows.Layout, channels: int) -> Header:
    """Return the header of a file that is a row of chunks."""
    mask, places = FEW_MASKS.get(channels, 0), None
    for place in rows.places(file, row):
        if place.id == b"fmt " and place.length >= 40:
            tag, *_, stated = struct.unpack("<H18sI", place.read(file)[:24])
            mask = checked(stated, channels) if tag == EXTENSIBLE else mask
        elif place.id in (b"chan", b"CHAN"):
            names = parse_layout(place.read(file))
            if len(names) == channels and mask_of(names):
                mask, places = mask_of(names), order(names)
    return Header(mask, places, read_chunked(file))
