"""Read PNG: the pages that a file shows, with alpha apart, in its own depth."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, repeat

import numpy as np
import torch

from convtool.media.image.canvas import Player, Region, leaves_gaps
from convtool.media.image.formats.png.animation import SEQUENCE, animation_of
from convtool.media.image.formats.png.chunks import Chunk, chunks_of, read, read_pixels
from convtool.media.image.formats.png.layout import PALETTE_TYPE, layout_of
from convtool.media.image.formats.png.metadata import MetadataReader
from convtool.media.image.formats.png.pixels import BYTE, band_bytes, bands, colours_of, decode
from convtool.media.image.orientation import upright, upright_size
from convtool.media.image.reader import ImageInput
from convtool.media.image.samples import Header, Pixels

MIRRORED = 2  # the orientation whose rows are in order
COPIES = 8  # of a band: inflated, as an image of its own, decoded, and alpha apart
SIXTEEN = 16  # bits of the samples that are not read as bytes


class PngReader:
    """A PNG file.

    Args:
        file: the file.

    Attributes:
        count, metadata, tolerant: as of every Reader.

    Raises:
        ReadError: it is damaged or truncated.
        ValueError: it is not a PNG as the specification has it.
    """

    tolerant = True

    def __init__(self, file: ImageInput) -> None:
        self._file = file
        chunks = chunks_of(file)
        first = {chunk.kind: chunk for chunk in reversed(chunks)}
        self._layout = layout_of(self._data(first, "IHDR") or b"")
        palette = self._data(first, "PLTE")
        self._colours = colours_of(self._layout, palette, self._data(first, "tRNS"))
        reader = MetadataReader(file, chunks)
        self.metadata, self._orientation = reader.metadata, reader.orientation
        self._shown = shown = animation_of(file, chunks, self._layout)
        self.metadata.plays = shown.plays
        self.count = max(1, len(shown.drawings) + shown.hides)
        screen = Region(0, 0, self._layout.width, self._layout.height)
        drawings = shown.drawings
        gaps = bool(drawings) and leaves_gaps(drawings, screen)
        self._transparent = self._colours.transparent or gaps
        self._player = Player(
            (self._layout.height, self._layout.width),
            len(self._layout.channels),
            np.uint16 if self._layout.bits == SIXTEEN else np.uint8,
            drawings,
            self._frame,
            transparent=self._transparent,
        )
        if self._layout.colour == PALETTE_TYPE:
            file.note("palette converted to RGB")

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of every page, as stored."""
        return repeat((self._layout.height, self._layout.width), self.count)

    def header(self, index: int) -> Header:
        """Return what is known of a page before it is decoded."""
        layout, transparent = self._layout, self._transparent
        if self._is_still(index):
            transparent = self._colours.transparent
        size = upright_size(layout.height, layout.width, self._orientation)
        dtype = torch.uint16 if layout.bits == SIXTEEN else torch.uint8
        return Header(size, layout.channels, dtype, transparent, self._by_rows())

    def decode(self, index: int) -> Pixels:
        """Return a page, upright.

        Raises:
            ReadError: it is damaged or truncated.
        """
        if self._is_still(index):
            size = self._layout.height, self._layout.width
            pixels = replace(self._picture(self._shown.still, size), hidden=self._shown.hides)
        else:
            pixels = self._player.show(index - self._shown.hides)
        return upright(pixels, self._orientation)

    def _is_still(self, index: int) -> bool:
        shown = self._shown
        return not shown.drawings or (shown.hides and index == 0)

    def _frame(self, number: int) -> Pixels:
        region = self._shown.drawings[number].region
        return self._picture(self._shown.data[number], (region.height, region.width))

    def rows(self, index: int) -> Iterator[Pixels]:
        """Yield a page in bands, upright."""
        del index  # there is one
        size = self._layout.height, self._layout.width
        data = chain.from_iterable(read_pixels(self._file, chunk) for chunk in self._shown.still)
        for samples in bands(self._layout, size, data, self._file):
            yield upright(self._colours.pixels(samples, self._file), self._orientation)

    def _by_rows(self) -> int | None:
        """Return an estimate of the bytes held while the image is read row by row.

        What is damaged, and allowed to be, needs a look at all of it.
        """
        layout, turned = self._layout, self._orientation not in (1, MIRRORED)
        if (
            self._shown.drawings
            or layout.interlaced
            or turned
            or self._file.reading.allow_truncated
        ):
            return None
        return COPIES * band_bytes(layout) * max(1, BYTE // layout.bits)

    def _picture(self, chunks: Iterable[Chunk], size: tuple[int, int]) -> Pixels:
        data = [b"".join(read_pixels(self._file, chunk)) for chunk in chunks]
        data = [
            piece if chunk.kind == "IDAT" else piece[SEQUENCE:]
            for piece, chunk in zip(data, chunks, strict=True)
        ]
        return self._colours.pixels(decode(self._layout, size, data, self._file), self._file)

    def _data(self, chunks: dict[str, Chunk], kind: str) -> bytes | None:
        return read(self._file, chunks[kind]) if kind in chunks else None
