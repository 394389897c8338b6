"""Read TIFF files: pages upright, light on dark, as grey, RGB or bands, with alpha apart."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch

from convtool.media.image.formats.tiff import colour, metadata, segments
from convtool.media.image.formats.tiff.directory import Directory, TiffData
from convtool.media.image.formats.tiff.layout import GREY as GREYS
from convtool.media.image.formats.tiff.layout import LAB, Layout
from convtool.media.image.formats.tiff.pages import Page, pages_of
from convtool.media.image.formats.tiff.tags import Photometric, Tag
from convtool.media.image.orientation import is_sideways, upright
from convtool.media.image.reader import ImageInput
from convtool.media.image.samples import GREY, RGB, Header, Pixels, Samples, straight
from convtool.sizes import counted

BYTE, WORD, SINGLE = 8, 16, 32  # bits
STRIP = 2**20  # bytes at a time of a strip that is not compressed
TILE, MOST_TILE = 16, 4096  # rows and columns of tiles are a multiple of so many, at most
UPWARDS = (3, 4)  # orientations whose last row is the upright image's first
COPIES, FLOAT_COPIES = 4, 24  # of a band, coded and decoded; also as floats
CONVERTING = 2**27  # bytes of floats, at most, of what is converted at once
TYPES = {1: torch.uint8, 2: torch.uint16}  # of palettes, by their bytes
# Colour models whose conversion changes values.
CONVERTED = {
    Photometric.PALETTE: "palette",
    Photometric.CMYK: "CMYK",
    Photometric.CIE_LAB: "Lab",
    Photometric.ICC_LAB: "Lab",
}


class TiffReader:
    """A TIFF file.

    Args:
        file: the file.

    Attributes:
        count, metadata, tolerant: as of every Reader.

    Raises:
        ReadError: it is a raw photo, or incomplete.
        ValueError: it is damaged.
    """

    tolerant = False

    def __init__(self, file: ImageInput) -> None:
        self._file = file
        data = TiffData(file.stream)
        self._pages, pyramid = pages_of(file, data)
        self.count = len(self._pages)
        self.metadata = metadata.of(file, [page.directory for page in self._pages])
        self.metadata.big, self.metadata.tile = data.big, _tile(self._pages[0].directory)
        self.metadata.pyramid = pyramid
        self._ranges: dict[tuple[str, int], tuple[int, int]] = {}

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Yield the height and width of every page, as stored."""
        for page in self._pages:
            yield page.directory.number(Tag.LENGTH, 0), page.directory.number(Tag.WIDTH, 0)

    def header(self, index: int) -> Header:
        """Return what is known of a page before it is decoded, and note what is converted.

        Raises:
            ValueError: it is not of a kind that is known to be read right.
        """
        page = self._pages[index]
        try:
            layout = page.layout
        except ValueError as exc:
            raise ValueError(f"page {index + 1}: {exc}" if self.count > 1 else str(exc)) from exc
        self._note(layout)
        if layout.bands:
            channels = tuple(str(band) for band in range(1, len(layout.bands) + 1))
        else:
            channels = GREY if layout.photometric in GREYS else RGB
        dtype = layout.dtype
        if layout.photometric == Photometric.PALETTE:
            map_type = colour.colour_map(page.directory, layout.bits).dtype
            dtype = TYPES[map_type.itemsize]
        return Header(layout.size, channels, dtype, layout.alpha is not None, _by_rows(layout))

    def decode(self, index: int) -> Pixels:
        """Return a page, upright."""
        page = self._pages[index]
        layout = page.layout
        stored = segments.read(self._file, page.directory, layout)
        if layout.by_range:
            self._find_range(layout, stored)
        return self._finished(stored, page, layout)

    def rows(self, index: int) -> Iterator[Pixels]:
        """Yield a page in bands, upright."""
        page = self._pages[index]
        layout = page.layout.in_strips(STRIP)
        if layout.by_range:
            self._find_range(layout)
        upwards = layout.orientation in UPWARDS
        for stored in segments.bands(self._file, page.directory, layout, upwards=upwards):
            yield self._finished(stored, page, layout)

    def _finished(self, stored: Samples, page: Page, layout: Layout) -> Pixels:
        """Return the pixels of stored samples, of all rows or of some of them."""
        if layout.by_range:
            stored = self._by_range(stored, layout)
        elif layout.photometric != Photometric.PALETTE:
            stored = _full(stored, layout)
        return upright(self._apart(stored, page, layout), layout.orientation)

    def _note(self, layout: Layout) -> None:
        note, model = self._file.note, layout.model
        if layout.photometric in CONVERTED:
            note(f"{CONVERTED[layout.photometric]} converted to RGB")
        extra = layout.samples - model.colours - (layout.alpha is not None)
        if layout.bands and layout.photometric == Photometric.RGB:
            more = counted(extra, "more channel")
            note(f"RGB and {more} read as {len(layout.bands)} bands")
        elif extra and not layout.bands:
            note(f"{counted(extra, 'extra channel')} dropped")
        if layout.by_range and Tag.NO_DATA in self.metadata.geo:
            del self.metadata.geo[Tag.NO_DATA]
            note("the value for no data dropped: samples are read by their own range")
        if layout.kind == "f" and layout.bits > SINGLE:
            note("64-bit samples read as 32-bit floats")

    def _by_range(self, stored: Samples, layout: Layout) -> Samples:
        """Return integers by the range that they have in all pages of their type."""
        low, high = self._ranges[layout.kind, layout.bits]
        kind = f"{layout.bits}-bit {'signed' if layout.kind == 'i' else 'unsigned'} samples"
        white = 1 if layout.bits > WORD else 2**layout.bits - 1
        ends = f"{low} … {high}".replace("-", "\N{MINUS SIGN}")
        self._file.note(f"{kind} read by their own range: {ends} become 0 … {white}")
        result = np.empty(stored.shape, np.float32 if white == 1 else f"u{layout.bits // 8}")
        for row, given in enumerate(stored):
            floats = (given.astype(np.float64) - low) * (white / max(1, high - low))
            result[row] = floats if white == 1 else np.rint(floats)
        return result

    def _find_range(self, layout: Layout, stored: Samples | None = None) -> None:
        """Find the lowest and highest sample of all pages of a type.

        Args:
            layout: of one of them.
            stored: all of its samples, where they are there.
        """
        key = layout.kind, layout.bits
        if key in self._ranges:
            return
        found = [] if stored is None else [(int(stored.min()), int(stored.max()))]
        for page in self._pages if self.count > 1 or stored is None else ():
            other = page.layout.in_strips(STRIP)
            if (other.kind, other.bits) == key and other.by_range:
                bands = segments.bands(self._file, page.directory, other)
                found += [(int(band.min()), int(band.max())) for band in bands]
        self._ranges[key] = min(low for low, _ in found), max(high for _, high in found)

    def _apart(self, samples: Samples, page: Page, layout: Layout) -> Pixels:
        """Return colours and alpha, which premultiplied colours are divided by."""
        alpha = None if layout.alpha is None else samples[..., layout.alpha]
        colours = samples[..., layout.bands or slice(layout.model.colours)]
        if layout.photometric == Photometric.PALETTE:
            colours = colour.palette(colours, colour.colour_map(page.directory, layout.bits))
            alpha = None if alpha is None else _as(alpha, 2**layout.bits - 1, colours.dtype)
            return _solid(colours, alpha)
        white = colour.highest(samples)
        if layout.premultiplied and alpha is not None:
            colours = straight(colours, alpha, int(white))
        if layout.photometric == Photometric.WHITE_IS_ZERO:
            colours = samples.dtype.type(white) - colours
        elif layout.photometric == Photometric.CMYK:
            colours = colour.cmyk(colours, page.directory.raw(Tag.ICC))
        elif layout.photometric in LAB:
            colours = colour.lab(colours, layout.photometric, page.directory)
        elif layout.photometric == Photometric.YCBCR:
            colours = colour.ycbcr(colours, layout, page.directory)
        return _solid(colours, alpha)


def _tile(directory: Directory) -> tuple[int, int] | None:
    """Return the size of a page's tiles; None where it has none, or none that can be written."""
    tile = directory.number(Tag.TILE_LENGTH, 0), directory.number(Tag.TILE_WIDTH, 0)
    is_usual = all(0 < size <= MOST_TILE and size % TILE == 0 for size in tile)
    return tile if is_usual else None


def _by_rows(layout: Layout) -> int | None:
    """Return an estimate of the bytes held while a page is read row by row."""
    if is_sideways(layout.orientation):
        return None
    is_converted = layout.photometric in CONVERTED or layout.photometric == Photometric.YCBCR
    copies = FLOAT_COPIES if layout.premultiplied else COPIES
    return copies * segments.band_bytes(layout.in_strips(STRIP)) + is_converted * CONVERTING


def _solid(colours: Samples, alpha: Samples | None) -> Pixels:
    solid = None if alpha is None else np.ascontiguousarray(alpha)
    return Pixels(np.ascontiguousarray(colours), solid)


def _full(samples: Samples, layout: Layout) -> Samples:
    """Return samples in the full range of their type."""
    if layout.kind == "f":
        with np.errstate(over="ignore"):  # what becomes infinite is refused as such
            return samples.astype(np.float32, copy=False)
    if layout.bits in (BYTE, WORD):
        return samples
    return _as(samples, 2**layout.bits - 1, samples.dtype)


def _as(samples: Samples, highest: int, dtype: np.dtype[Any]) -> Samples:
    """Return whole numbers of 0 … `highest` in the full range of a type."""
    white = np.iinfo(dtype).max
    table: Samples = np.rint(np.arange(highest + 1) * (white / highest)).astype(dtype)
    return table[samples]
