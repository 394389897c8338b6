"""TIFF pages that Pillow would reduce to 8 bits or cannot open: 16-bit, float and planar ones.

tifffile takes 0.2 s to import, and this module with it.
"""

import logging
from collections.abc import Iterable, Sequence
from typing import BinaryIO

import numpy as np
import torch
from tifffile import TiffFile, TiffPage, TiffWriter

from convtool.media.image import opencv
from convtool.media.image.orientation import upright, upright_size
from convtool.media.image.reader import ImageInput
from convtool.media.image.samples import (
    DESCRIPTIVE_TAGS,
    Frame,
    Header,
    Metadata,
    Pixels,
    Samples,
    straight,
)
from convtool.media.image.samples import GREY as ONE
from convtool.media.image.samples import RGB as THREE

# Values of tags (TIFF 6.0, sections 3, 8 and 18).
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB = 0, 1, 2
GREY = (WHITE_IS_ZERO, BLACK_IS_ZERO)
SEPARATE_PLANES = 2
PREMULTIPLIED, STRAIGHT = 1, 2
INCH = 2
ORIENTATION = 274  # a tag
ASCII = 2  # a type of tags

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # its faults become our errors


def pages_of(file: ImageInput) -> list[TiffPage]:
    """Return the pages of a file, which are read when they are used."""
    file.stream.seek(0)
    pages = [page.aspage() for page in TiffFile(file.stream).pages]
    file.stream.seek(0)
    return pages


class DeepReader:
    """A TIFF file of 16-bit, float or planar pages, or one that Pillow cannot open.

    Args:
        file: the file.
        pages: its pages.
        metadata: as Pillow reads it; None where it cannot.

    Attributes:
        count, metadata, tolerant: as of every Reader.
    """

    tolerant = False

    def __init__(
        self, file: ImageInput, pages: list[TiffPage], metadata: Metadata | None = None
    ) -> None:
        self._file, self._pages = file, pages
        self.count = len(pages)
        self.metadata = metadata or Metadata(icc=pages[0].iccprofile, dpi=_dpi(pages[0]))

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of every page, as stored."""
        return [(page.imagelength, page.imagewidth) for page in self._pages]

    def header(self, index: int) -> Header:
        """Return what is known of a page before it is decoded.

        Raises:
            ValueError: its samples are of a type that is not supported.
        """
        page = self._pages[index]
        size = upright_size(page.imagelength, page.imagewidth, _orientation(page))
        return Header(
            size, ONE if page.photometric in GREY else THREE, _dtype(page), bool(page.extrasamples)
        )

    def decode(self, index: int) -> Pixels:
        """Return a page, upright, light on dark, with alpha apart and not multiplied in.

        Raises:
            ValueError: it is damaged or truncated.
        """
        page = self._pages[index]
        samples, is_upright = _samples(page)
        if samples.dtype.kind == "f":
            samples = samples.astype(np.float32)
        white = np.iinfo(samples.dtype).max if samples.dtype.kind == "u" else 1
        if page.photometric == WHITE_IS_ZERO:
            samples = white - samples
        pixels = _apart(samples, page, white)
        return pixels if is_upright else upright(pixels, _orientation(page))


def is_deep(page: TiffPage) -> bool:
    """Return True where samples are more than 8 bits or signed, and grey or RGB."""
    kind = page.dtype
    if kind is None or page.photometric not in (*GREY, RGB):
        return False
    return kind.itemsize > 1 or kind.kind == "i"


def _dtype(page: TiffPage) -> torch.dtype:
    kind = page.dtype
    if kind is not None and kind.kind == "f":
        return torch.float32
    if kind is None or kind.kind != "u" or kind.itemsize > 2:
        raise ValueError(f"samples of type {kind} are not supported")
    return torch.uint8 if kind.itemsize == 1 else torch.uint16


def _dpi(page: TiffPage) -> tuple[float, float] | None:
    """Return the page's resolution in dots per inch where it states one."""
    x, y = page.get_resolution(unit=INCH)
    return (float(x), float(y)) if min(x, y) > 1 else None


def _orientation(page: TiffPage) -> int:
    tag = page.tags.get(ORIENTATION)
    return int(tag.value) if tag else 1


def _apart(samples: Samples, page: TiffPage, white: int) -> Pixels:
    """Return colours and alpha, which premultiplied colours are divided by."""
    colours = 1 if page.photometric in GREY else 3
    pixels, alpha = samples[..., :colours], None
    if page.extrasamples and samples.shape[2] > colours:
        kind = page.extrasamples[0]
        alpha = samples[..., colours] if kind in (PREMULTIPLIED, STRAIGHT) else None
        if kind == PREMULTIPLIED:
            pixels = straight(pixels, samples[..., colours], white)
    solid = None if alpha is None else np.ascontiguousarray(alpha)
    return Pixels(np.ascontiguousarray(pixels), solid)


def _samples(page: TiffPage) -> tuple[Samples, bool]:
    """Return samples in the machine's byte order, and whether they are upright. Shape: (H, W, C)"""
    _refuse_short(page)
    try:
        samples = np.asarray(page.asarray())
    except (ValueError, ImportError) as exc:
        if "imagecodecs" not in str(exc):
            raise
        return _by_opencv(page), True
    if page.planarconfig == SEPARATE_PLANES and samples.ndim == 3:
        samples = np.moveaxis(samples, 0, -1)
    samples = samples[..., None] if samples.ndim == 2 else samples
    return samples.astype(samples.dtype.newbyteorder("="), copy=False), False


def _refuse_short(page: TiffPage) -> None:
    if page.is_tiled or not page.dataoffsets or not page.databytecounts:
        return
    strips = zip(page.dataoffsets, page.databytecounts, strict=True)
    end = max(offset + count for offset, count in strips)
    size = page.parent.filehandle.size
    if end > size:
        raise ValueError(f"the file is truncated: {end} bytes declared, {size} found")


def _by_opencv(page: TiffPage) -> Samples:
    """Decode the compressions that tifffile lacks, such as LZW; the page comes upright."""
    handle = page.parent.filehandle
    handle.seek(0)
    samples = opencv.decode_page(handle.read(), page.index)
    channels = samples.shape[2]
    order = [2, 1, 0, 3][:channels] if channels >= 3 else [0]
    return samples[..., order]


def save(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata) -> None:
    """Write finished images of 16 bits or floats, in colour or with alpha."""
    tags = [
        (int(tag), ASCII, 0, str(value), True)
        for tag, value in (metadata.exif or {}).items()
        if tag in DESCRIPTIVE_TAGS and str(value).isascii()
    ]
    with TiffWriter(file) as tiff:
        for frame in frames:
            tiff.write(
                frame.samples,
                photometric="rgb" if frame.colours == 3 else "minisblack",
                planarconfig="contig",
                extrasamples=["unassalpha"] if frame.transparent else None,
                compression="zlib",
                resolution=metadata.dpi,
                resolutionunit="INCH",
                iccprofile=metadata.profile(frame.colours),
                software=False,
                metadata=None,
                extratags=tags,
            )
