"""Read what Pillow would cut to 8 bits or cannot open: TIFF pages of 16-bit, float or planar samples."""

from typing import BinaryIO

import numpy as np
import tifffile
import torch

from convtool.media.image.part import Header, Picture, Samples, is_sideways, turned

GREY = (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.MINISWHITE)
ORIENTATION = 274


def pages(file: BinaryIO) -> list[tifffile.TiffPage]:
    """Return the pages of a TIFF file, read lazily from `file`."""
    file.seek(0)
    return [page.aspage() for page in tifffile.TiffFile(file).pages]


def is_deep(page: tifffile.TiffPage) -> bool:
    """Return True where samples are more than 8 bits, and grey or RGB."""
    kind = page.dtype
    return (
        kind is not None
        and (kind.itemsize > 1 or kind.kind == "i")
        and page.photometric in (*GREY, tifffile.PHOTOMETRIC.RGB)
    )


def dpi(page: tifffile.TiffPage) -> tuple[float, float] | None:
    """Return the page's resolution in dots an inch, if it says one."""
    x, y = page.get_resolution(unit=tifffile.RESUNIT.INCH)
    return (float(x), float(y)) if min(x, y) > 1 else None


def header(page: tifffile.TiffPage) -> Header:
    """Return what a page is, as far as its tags tell.

    Raises:
        ValueError: its samples are of an unknown kind.
    """
    kind = page.dtype
    if kind is None or kind.kind not in "uf" or (kind.kind == "u" and kind.itemsize > 2):
        raise ValueError(f"samples of type {kind} are not supported")
    dtype = (
        torch.float32 if kind.kind == "f" else torch.uint8 if kind.itemsize == 1 else torch.uint16
    )
    height, width = page.imagelength, page.imagewidth
    size = (width, height) if is_sideways(_orientation(page)) else (height, width)
    return Header(size, page.photometric in GREY, dtype, bool(page.extrasamples))


def _orientation(page: tifffile.TiffPage) -> int:
    tag = page.tags.get(ORIENTATION)
    return int(tag.value) if tag else 1


def decode(page: tifffile.TiffPage) -> Picture:
    """Return a deep page, upright, light on dark and with alpha apart.

    Raises:
        ValueError: it is damaged, or cut.
    """
    samples, upright = _samples(page)
    if samples.dtype.kind == "f":
        samples = samples.astype(np.float32)
    full = np.iinfo(samples.dtype).max if samples.dtype.kind == "u" else 1
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        samples = full - samples
    colours = 1 if page.photometric in GREY else 3
    alpha = samples[..., colours] if page.extrasamples and samples.shape[2] > colours else None
    pixels = samples[..., :colours]
    if alpha is not None and page.extrasamples[0] == tifffile.EXTRASAMPLE.ASSOCALPHA:
        straight = pixels * (full / np.maximum(alpha, 1 if full > 1 else 1e-6))[..., None]
        pixels = (
            np.rint(straight.clip(0, full)).astype(samples.dtype)
            if full > 1
            else straight.astype(np.float32)
        )
    elif alpha is not None and page.extrasamples[0] != tifffile.EXTRASAMPLE.UNASSALPHA:
        alpha = None
    decoded = Picture(
        np.ascontiguousarray(pixels), None if alpha is None else np.ascontiguousarray(alpha)
    )
    return decoded if upright else turned(decoded, _orientation(page))


def _samples(page: tifffile.TiffPage) -> tuple[Samples, bool]:
    """Return the stored samples in the machine's byte order, and whether they are upright. Shape: (H, W, C)"""
    if page.is_tiled is False and page.dataoffsets and page.databytecounts:
        end = max(
            offset + count
            for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True)
        )
        if end > page.parent.filehandle.size:
            raise ValueError(
                f"the file is truncated: {end} bytes declared, {page.parent.filehandle.size} there"
            )
    try:
        samples = np.asarray(page.asarray())
    except (ValueError, ImportError) as exc:
        if "imagecodecs" not in str(exc):
            raise
        return _from_opencv(page), True
    if page.planarconfig == tifffile.PLANARCONFIG.SEPARATE and samples.ndim == 3:
        samples = np.moveaxis(samples, 0, -1)
    samples = samples[..., None] if samples.ndim == 2 else samples
    return samples.astype(samples.dtype.newbyteorder("="), copy=False), False


def _from_opencv(page: tifffile.TiffPage) -> Samples:
    """Decode by libtiff, in OpenCV, the compressions that tifffile lacks, such as LZW; it turns them upright."""
    import cv2  # noqa: PLC0415  # 0.2 s that only these need

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    handle = page.parent.filehandle
    handle.seek(0)
    data = np.frombuffer(handle.read(), np.uint8)
    done, found = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=(page.index, page.index + 1))
    if not done:
        raise ValueError("it is damaged, or of a kind that is not supported")
    samples = np.atleast_3d(found[0])
    return samples[..., [2, 1, 0, 3][: samples.shape[2]]] if samples.shape[2] >= 3 else samples
