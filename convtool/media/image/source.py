"""Read image files: pages upright, as grey or RGB with alpha apart, in the depth of the file.

It keeps the limits and policies; formats are recognized and decoded in `formats`. Nothing is
filtered here.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain
from typing import BinaryIO

from convtool.errors import ConvtoolError, LimitError, ReadError
from convtool.limits import IMAGE_PIXELS, IMAGE_PIXELS_HELD
from convtool.media.image.format import SNIFFED
from convtool.media.image.formats import READABLE, recognized
from convtool.media.image.part import ImagePart
from convtool.media.image.reader import ENDS_EARLY, ImageInput, Reader, RowReader
from convtool.media.image.samples import Header, Pixels, Samples
from convtool.media.policies import finite, refuse_empty, refuse_truncated
from convtool.options.reading import ImageReading

OURS = (NameError, ImportError, AssertionError)  # faults of a program, never of a file
# Exceptions by which decoders report what they found; others are Python's own words.
WORDED = (OSError, ValueError, SyntaxError)


class ImageSource:
    """The pages of an image file.

    Args:
        file: its bytes, seekable.
        name: what messages call it.
        reading: its limits, and which faults are tolerated.

    Attributes:
        notes: conversions and losses.
        pixels: the number of pixels of all pages together.
        animated: there are several pages or frames.
        metadata: what is kept beside the pixels.

    Raises:
        ReadError: the file is not an image, or is damaged.
        LimitError: it has more than `max_pixels`.
    """

    def __init__(self, file: BinaryIO, name: str, reading: ImageReading) -> None:
        self._input = ImageInput(file, name, reading)
        self.notes = self._input.notes
        self._only: ImagePart | None = None
        self._reader: Reader | None = None
        refuse_empty(file, name)
        with self._translated():
            self._reader = self._opened()
            self.animated = self._reader.count > 1
            self.pixels = self._measure(self._reader)
            self.metadata = self._reader.metadata

    def parts(self) -> Iterator[ImagePart]:
        """Yield the pages; one alone is the same part however often it is asked for."""
        if self._only is not None:
            yield self._only
            return
        assert self._reader is not None
        for index in range(self._reader.count):
            with self._translated():
                header = self._header(index)
            if header is None:
                loss = f"{index} of {self._reader.count} pages"
                refuse_truncated(self._input, self._input.name, loss, self._input.reading)
                return
            part = ImagePart(header, partial(self._decode, index), partial(self._rows, index))
            if self._input.reading.max_pixels is None and not part.by_rows:
                self._check_pixels(self.pixels, part.size, IMAGE_PIXELS_HELD, self._reader.count)
            if not self.animated:
                self._only = part
            yield part

    def _opened(self) -> Reader:
        stream = self._input.stream
        start = stream.read(SNIFFED)
        stream.seek(0)
        format = recognized(start)
        if format is None:
            raise ReadError(
                f"{self._input.name}: not an image of a known format",
                hint=f"formats: {' '.join(READABLE)}",
            )
        return format.open(self._input)

    def _measure(self, reader: Reader) -> int:
        """Return the number of pixels of all pages, checked before any is decoded."""
        pixels, limit = 0, self._input.reading.max_pixels or IMAGE_PIXELS
        for size in reader.sizes():
            pixels += math.prod(size)
            self._check_pixels(pixels, size, limit, reader.count)
        return pixels

    def _check_pixels(self, pixels: int, size: Sequence[int], limit: int, pages: int) -> None:
        """Refuse a file of more pixels than its limit; the size is a page's."""
        if pixels > limit:
            height, width = size
            several = f"{pages} pages of " if pages > 1 else ""
            raise LimitError(
                f"{self._input.name}: {several}{width}×{height} pixels exceed the limit of "
                f"{limit} pixels",
                hint="raise it with --max-pixels",
            )

    def _header(self, index: int) -> Header | None:
        """Return a page's header; None where the file has fewer pages than it declares."""
        assert self._reader is not None
        try:
            return self._reader.header(index)
        except EOFError:
            return None

    def _decode(self, index: int) -> Pixels:
        assert self._reader is not None
        with self._translated():
            pixels = self._reader.decode(index)
            if pixels.samples.dtype.kind == "f":
                self._make_finite(pixels)
            return pixels

    def _rows(self, index: int) -> Iterator[Pixels]:
        assert isinstance(self._reader, RowReader)
        with self._translated():
            bands = iter(self._reader.rows(index))
            for pixels in bands:
                if pixels.samples.dtype.kind == "f":
                    self._make_finite(pixels, bands)
                yield pixels

    def _make_finite(self, pixels: Pixels, following: Iterable[Pixels] = ()) -> None:
        reading, name, alpha = self._input.reading, self._input.name, pixels.alpha
        rest = chain.from_iterable(map(_arrays, following))
        beside = chain([] if alpha is None else [alpha], rest)
        pixels.samples = finite(pixels.samples, reading, name, beside)
        if alpha is not None:
            pixels.alpha = finite(alpha, reading, name, rest).clip(0, 1)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn any exception into an error in words.

        Decoders of damaged files raise anything: struct.error, KeyError and the like.
        """
        try:
            yield
        except (ConvtoolError, *OURS):
            raise
        except Exception as exc:
            self._refuse_truncated(exc)
            raise ReadError(
                f"{self._input.name}: the image cannot be read: {_reason(exc)}"
            ) from exc

    def _refuse_truncated(self, exc: Exception) -> None:
        tolerant = self._reader is None or self._reader.tolerant
        reading = self._input.reading
        if tolerant and "truncated" in str(exc) and not reading.allow_truncated:
            refuse_truncated(self._input, self._input.name, ENDS_EARLY, reading, exc)


def _arrays(pixels: Pixels) -> list[Samples]:
    return [pixels.samples] if pixels.alpha is None else [pixels.samples, pixels.alpha]


def _reason(exc: Exception) -> str:
    """Return a decoder's message if it is made of words, or else the kind of the fault."""
    text = str(exc).strip().splitlines()
    is_worded = isinstance(exc, WORDED) and text and any(c.isalpha() for c in text[0])
    return text[0] if is_worded else f"it is damaged ({type(exc).__name__})"
