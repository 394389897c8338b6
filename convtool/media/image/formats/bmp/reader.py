"""Read Windows bitmaps: their pixels as grey or RGB, with alpha only where a mask declares it."""

from collections.abc import Iterable

import numpy as np
import torch

from convtool.limits import refuse_larger
from convtool.media.image import samples as kinds
from convtool.media.image.formats.bmp import header as headers
from convtool.media.image.formats.bmp.runs import unpacked
from convtool.media.image.metadata import Metadata
from convtool.media.image.reader import ImageInput
from convtool.media.image.samples import GREY, RGB, Pixels, Samples
from convtool.media.policies import refuse_truncated

BYTE = 8  # bits
HEADERS = 2**11  # bytes: the longest header, and a palette of 256 colours


class BmpReader:
    """A bitmap file.

    Args:
        file: the file.

    Attributes:
        count, metadata, tolerant: as of every Reader.

    Raises:
        ValueError: it is damaged, or not of a kind that is known to be read right.
    """

    count = 1
    tolerant = False

    def __init__(self, file: ImageInput) -> None:
        self._file = file
        file.stream.seek(0)
        self._header = headers.read(file.stream.read(HEADERS))
        self.metadata = Metadata(icc=self._profile(), dpi=self._header.dpi)
        if self._header.calibrated:
            file.note("colour description dropped: calibrated colours are not supported")

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of the image."""
        return [(self._header.height, self._header.width)]

    def header(self, index: int) -> kinds.Header:
        """Return what is known of the image before it is decoded."""
        del index  # there is one
        found = self._header
        if found.indexed and not found.grey:
            self._file.note("palette converted to RGB")
        is_deep = not found.indexed and max(found.depths) > BYTE
        return kinds.Header(
            (found.height, found.width),
            GREY if found.grey else RGB,
            torch.uint16 if is_deep else torch.uint8,
            bool(found.masks[3]),
        )

    def decode(self, index: int) -> Pixels:
        """Return the image."""
        del index  # there is one
        found = self._header
        needed = found.height * (found.row_bytes + found.width * 16)
        refuse_larger(f"{self._file.name}: the image", needed, self._file.reading.max_memory)
        self._file.stream.seek(found.pixels)
        if found.compression in (headers.RLE8, headers.RLE4):
            values = self._runs()
        else:
            values = self._plain()
        values = values[::-1] if found.upward else values
        return self._indexed(values) if found.indexed else self._fields(values)

    def _plain(self) -> Samples:
        """Return pixels as whole numbers. Shape: (H, W)"""
        found = self._header
        needed = found.height * found.row_bytes
        data = self._file.stream.read(needed)
        if len(data) < needed:
            rows = len(data) // found.row_bytes
            if not rows:
                raise ValueError("not a single row is there")
            self._refuse(f"{rows} of {found.height} rows")
        stored = np.frombuffer(data.ljust(needed, b"\0"), np.uint8)
        stored = stored.reshape(found.height, found.row_bytes)
        if found.bits < BYTE:
            ones = np.unpackbits(stored, axis=1)[:, : found.width * found.bits]
            ones = ones.reshape(found.height, found.width, found.bits)
            return ones @ (1 << np.arange(found.bits, dtype=np.uint8)[::-1])
        size = found.bits // BYTE
        bytes_ = stored[:, : found.width * size].reshape(found.height, found.width, size)
        if size == 1:
            return bytes_[..., 0]
        wide = np.zeros((found.height, found.width, 4), np.uint8)
        wide[..., :size] = bytes_
        return wide.view("<u4")[..., 0]

    def _runs(self) -> Samples:
        found = self._header
        shape, bits = (found.height, found.width), found.bits
        values, complete = unpacked(self._file.stream.read(), shape, bits)
        if not complete:
            self._refuse("the runs end early or leave the image")
        return values

    def _indexed(self, values: Samples) -> Pixels:
        """Return the colours of indices."""
        palette = self._header.palette
        if values.max() >= len(palette):
            self._refuse(f"colour {values.max()} of a palette of {len(palette)}")
            palette = np.concatenate([palette, np.zeros((256, 3), np.uint8)])
        colours = palette[values]
        return Pixels(np.ascontiguousarray(colours[..., :1] if self._header.grey else colours))

    def _fields(self, values: Samples) -> Pixels:
        """Return colours and alpha of pixels by their masks."""
        found = self._header
        white = 2**16 - 1 if max(found.depths) > BYTE else 2**BYTE - 1
        dtype = np.uint16 if white > 2**BYTE else np.uint8
        result = np.empty((*values.shape, 4), dtype)
        for channel, (mask, depth) in enumerate(zip(found.masks, found.depths, strict=True)):
            if mask:
                levels = np.arange(1 << depth) * (white / ((1 << depth) - 1))
                field = (values & mask) >> ((mask & -mask).bit_length() - 1)
                result[..., channel] = np.rint(levels).astype(dtype)[field]
        self._note_rest(values)
        alpha = np.ascontiguousarray(result[..., 3]) if found.masks[3] else None
        return Pixels(np.ascontiguousarray(result[..., :3]), alpha)

    def _note_rest(self, values: Samples) -> None:
        """Note a fourth byte that holds something and is not declared to be transparency."""
        found = self._header
        if found.bits == 4 * BYTE and not found.masks[3] and max(found.depths) <= BYTE:
            rest = values & ~np.uint32(sum(found.masks))
            if (rest != rest[0, 0]).any():
                self._file.note("fourth byte of pixels dropped: it is not declared as transparency")

    def _profile(self) -> bytes | None:
        if self._header.profile is None:
            return None
        place, length = self._header.profile
        self._file.stream.seek(place)
        return self._file.stream.read(length) or None

    def _refuse(self, loss: str) -> None:
        refuse_truncated(self._file, self._file.name, loss, self._file.reading)
