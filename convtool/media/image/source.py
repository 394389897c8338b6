"""Read pictures: Pillow knows the formats and their metadata, OpenCV the depths that Pillow would halve.

Pages come out upright, as RGB or grey with alpha apart, in the depth that the file has. Nothing is filtered here.
"""

import logging
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import torch
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from convtool.errors import ConvtoolError, LimitError, ReadError
from convtool.limits import refuse_larger
from convtool.media import Notes
from convtool.media.image.format import READABLE, SUFFIXES
from convtool.media.image.formats import jpeg, png
from convtool.media.image.modes import CONVERTED, as_array, is_deep, plain, plain_mode
from convtool.media.image.part import Header, Metadata, Page, Picture, is_sideways, turned
from convtool.options.settings import Settings

if TYPE_CHECKING:
    import tifffile

# The frames of these follow each other; in a JPEG (MPO) they are thumbnails and gain maps.
FRAMED = ("GIF", "PNG", "WEBP", "AVIF", "TIFF")
# What describes a picture whatever its encoding; the rest of a TIFF's tags say how its bytes lie.
DESCRIPTIVE_TAGS = (
    ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software,
    ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright,
)  # fmt: skip
logging.getLogger("tifffile").addHandler(
    logging.NullHandler()
)  # what is wrong becomes an error of ours
_pillow_globals = threading.Lock()


class ImageSource(Notes):
    """The pages of a picture file.

    Args:
        file: the file's bytes, seekable.
        name: what messages call it.
        settings: its largest size, and what may be wrong with it.

    Attributes:
        pixels: of all pages together.
        animated: there are several.
        metadata: what is kept beside them.

    Raises:
        ReadError: the file is no picture, or a damaged one.
        LimitError: it has more than `max_pixels`.
    """

    def __init__(self, file: BinaryIO, name: str, settings: Settings) -> None:
        super().__init__()
        self.name = name
        self._file, self._settings = file, settings
        self._only: Page | None = None
        self._tiff: list[tifffile.TiffPage] | None = None
        self.animated = False
        with self._translated():
            self._image = self._open()
            self._tiff = self._open_tiff()
            count = self._count()
            self.animated = count > 1
            self._deep = not self.animated and self._image is not None and is_deep(self._image)
            self.pixels = self._measure(count)
            self.metadata = self._read_metadata()

    def parts(self) -> Iterator[Page]:
        """Yield the pages; a single one is decoded once, however often it is asked for."""
        if self._only is not None:
            yield self._only
            return
        index = 0
        while True:
            with self._translated():
                if not self._seek(index):
                    return
                page = Page(self._header(index), partial(self._decode, index))
            if not self.animated:
                self._only = page
                yield page
                return
            yield page
            index += 1

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ConvtoolError:
            raise
        except (
            Exception
        ) as exc:  # decoders of damaged files raise anything: struct.error, KeyError, …
            cut = (
                "truncated" in str(exc)
                and not self._settings.allow_truncated
                and self._tiff is None
            )
            hint = "--allow-truncated reads what there is" if cut else None
            raise ReadError(
                f"{self.name}: the picture cannot be read: {_reason(exc)}", hint=hint
            ) from exc

    def _open(self) -> Image.Image | None:
        """Return Pillow's view of the file, or None for a TIFF that only OpenCV can decode."""
        start = self._file.read(16)
        if not start:
            raise ReadError(f"{self.name}: the file is empty")
        self._file.seek(0)
        try:
            with _own_limits(truncated=self._settings.allow_truncated):
                return Image.open(self._file, formats=READABLE)
        except UnidentifiedImageError as exc:
            if start[:4] in (b"II*\0", b"MM\0*"):
                return None
            raise ReadError(
                f"{self.name}: not a picture of a known format",
                hint=f"formats: {' '.join(SUFFIXES)}",
            ) from exc

    def _open_tiff(self) -> "list[tifffile.TiffPage] | None":
        """Return the pages of a TIFF that Pillow would cut to 8 bits, or cannot open."""
        if self._image is not None and self._image.format != "TIFF":
            return None
        from convtool.media.image.formats import tiff  # noqa: PLC0415  # tifffile takes 0.2 s to import

        pages = tiff.pages(self._file)
        deep = self._image is None or tiff.is_deep(pages[0])
        self._file.seek(0)
        return pages if deep else None

    def _count(self) -> int:
        if self._tiff is not None:
            return len(self._tiff)
        assert self._image is not None
        return getattr(self._image, "n_frames", 1) if self._image.format in FRAMED else 1

    def _measure(self, count: int) -> int:
        """Return how many pixels all pages have together, and check it before any is decoded."""
        pixels = 0
        same = self._tiff is None and self._image is not None and self._image.format != "TIFF"
        for index in range(1 if same else count):
            if not self._seek(index):
                break
            width, height = self._raw_size(index)
            pixels += width * height * (count if same else 1)
            if pixels > self._settings.max_pixels:
                where = f"{count} pages of {width}×{height}" if count > 1 else f"{width}×{height}"
                raise LimitError(
                    f"{self.name}: {where} pixels pass the limit of {self._settings.max_pixels} pixels",
                    hint="raise it with --max-pixels",
                )
        self._seek(0)
        return pixels

    def _raw_size(self, index: int) -> tuple[int, int]:
        """Return width and height of a page as it lies in the file, which is where the file is."""
        if self._tiff is not None:
            return self._tiff[index].imagewidth, self._tiff[index].imagelength
        assert self._image is not None
        return self._image.size

    def _seek(self, index: int) -> bool:
        """Go to a page; False where there is none."""
        if self._tiff is not None:
            return index < len(self._tiff)
        assert self._image is not None
        if index or self.animated:
            try:
                self._image.seek(index)
            except EOFError:
                return False
        return True

    def _header(self, index: int) -> Header:
        """Return what is known of the page that the file is at."""
        if self._tiff is not None:
            from convtool.media.image.formats import tiff  # noqa: PLC0415  # as in _open_tiff

            return tiff.header(self._tiff[index])
        image = self._image
        assert image is not None
        if image.mode in CONVERTED and not (self.animated and image.format == "GIF"):
            self.note(f"{CONVERTED[image.mode]} converted to RGB")
        mode = plain_mode(image, colour=self._colour)
        dtype = (
            torch.float32
            if mode == "F"
            else torch.uint16
            if self._deep or mode[0] == "I"
            else torch.uint8
        )
        width, height = image.size
        size = (width, height) if is_sideways(self._orientation) else (height, width)
        return Header(size, mode[0] in "LIF", dtype, mode[-1] == "A")

    @property
    def _colour(self) -> bool:
        """Whether grey pages are made RGB."""
        return self.animated and self._image is not None and self._image.format != "TIFF"

    def _decode(self, index: int) -> Picture:
        """Return the page that the file is at."""
        with self._translated():
            if self._tiff is not None:
                from convtool.media.image.formats import tiff  # noqa: PLC0415  # as in _open_tiff

                return self._finite(tiff.decode(self._tiff[index]))
            assert self._image is not None
            if self._deep:
                from convtool.media.image.formats import ppm  # noqa: PLC0415  # OpenCV takes 0.2 s to import

                picture = ppm.decode(
                    self._file, self._image, whole=not self._settings.allow_truncated
                )
            else:
                picture = self._decode_pillow(self._image)
            picture.duration = self._image.info.get("duration")
            if not self.animated:
                self._image = None  # its pixels are in the picture
            return self._finite(turned(picture, self._orientation))

    def _decode_pillow(self, image: Image.Image) -> Picture:
        if image.format in ("JPEG", "MPO") and image.mode in jpeg.MODES:
            decoded = jpeg.decode(self._file, image.mode)
            if decoded is not None:
                return Picture(decoded)
        with _own_limits(truncated=self._settings.allow_truncated):
            image.load()
        samples = as_array(plain(image, colour=self._colour))
        if samples.ndim == 2:
            key = image.info.get("transparency") if samples.dtype == np.uint16 else None
            alpha = (
                np.where(samples == key, 0, 2**16 - 1).astype(np.uint16)
                if isinstance(key, int)
                else None
            )
            return Picture(samples[..., None], alpha)
        if samples.shape[2] in (2, 4):
            return Picture(
                np.ascontiguousarray(samples[..., :-1]), np.ascontiguousarray(samples[..., -1])
            )
        return Picture(samples)

    def _finite(self, picture: Picture) -> Picture:
        if picture.pixels.dtype.kind != "f":
            return picture
        planes = [picture.pixels] if picture.alpha is None else [picture.pixels, picture.alpha]
        count = sum(int((~np.isfinite(plane)).sum()) for plane in planes)
        nan = self._settings.nan
        if count and nan is None:
            raise ReadError(
                f"{self.name}: {count} samples are NaN or infinite",
                hint="--nan VALUE replaces them",
            )
        if count:
            planes = [np.where(np.isfinite(plane), plane, np.float32(nan or 0)) for plane in planes]
        alpha = None if picture.alpha is None else planes[1].clip(0, 1)
        return Picture(planes[0], alpha, picture.duration)

    def _read_metadata(self) -> Metadata:
        metadata = Metadata()
        self._orientation = 1
        if self._image is None:
            from convtool.media.image.formats import tiff  # noqa: PLC0415  # as in _open_tiff

            assert self._tiff is not None
            return Metadata(icc=self._tiff[0].iccprofile, dpi=tiff.dpi(self._tiff[0]))
        info = self._image.info
        metadata.icc = info.get("icc_profile") or None
        metadata.dpi = info.get("dpi")
        metadata.loop = info.get("loop")
        try:
            with _own_limits(truncated=self._settings.allow_truncated):
                metadata.exif = self._read_exif()
        except LimitError:
            raise
        except Exception:  # noqa: BLE001  # as above: anything; the picture itself may be well
            self.note("damaged EXIF data dropped")
        return metadata

    def _read_exif(self) -> Image.Exif | None:
        assert self._image is not None
        if self._image.format == "PNG" and png.has_words_behind(self._file):
            refuse_larger(
                f"{self.name}: the picture",
                4 * math.prod(self._image.size),
                self._settings.max_memory,
            )
            self._image.load()  # to its end, where they stand
        exif = Image.Image.getexif(self._image)  # which a PNG's own would decode it for
        if self._image.format != "TIFF":
            self._orientation = int(exif.get(ExifTags.Base.Orientation, 1))
        else:  # both of its decoders return it upright
            kept = Image.Exif()
            kept.update({tag: exif[tag] for tag in DESCRIPTIVE_TAGS if tag in exif})
            exif = kept
        if not exif:
            return None
        exif.pop(ExifTags.Base.Orientation, None)
        exif.tobytes()  # raises now what would fail when it is written
        return exif


@contextmanager
def _own_limits(*, truncated: bool) -> Iterator[None]:
    """Let `--max-pixels` and `--allow-truncated` decide, which in Pillow are settings of the whole process."""
    with _pillow_globals:
        saved = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS = None
        ImageFile.LOAD_TRUNCATED_IMAGES = truncated or saved[1]
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = saved


def _reason(exc: Exception) -> str:
    text = str(exc).strip().splitlines()
    worded = text and not isinstance(exc, KeyError) and any(c.isalpha() for c in text[0])
    return text[0] if worded else f"it is damaged ({type(exc).__name__})"
