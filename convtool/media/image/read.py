"""Read pictures: Pillow knows the formats and their metadata, OpenCV the depths that Pillow would halve.

Pages come out upright, as RGB or grey with alpha apart, in the depth that the file has. Nothing is filtered here.
"""

import io
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np
from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from convtool.errors import ConvtoolError, LimitError, ReadError
from convtool.media.image.formats import READABLE, SUFFIXES
from convtool.media.image.modes import as_array, is_deep, plain
from convtool.media.image.pages import Metadata, Page, Samples

# The frames of these follow each other; in a JPEG (MPO) they are thumbnails and gain maps.
FRAMED = ("GIF", "PNG", "WEBP", "AVIF", "TIFF")
# What describes a picture whatever its encoding; the rest of a TIFF's tags say how its bytes lie.
DESCRIPTIVE_TAGS = (
    ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software,
    ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright,
)  # fmt: skip
# Array operations that make each EXIF orientation upright (CIPA DC-008, table 6).
UPRIGHT = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[::-1],
}
logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what is wrong becomes an error of ours
_pillow_globals = threading.Lock()


class ImageSource:
    """The pages of a picture file.

    Args:
        file: the file's bytes, seekable.
        name: what messages call it.
        max_pixels: the most pixels of all pages together.
        nan: what NaN and infinite samples are read as; None to refuse them.
        allow_truncated: take what there is of a cut file.

    Raises:
        ReadError: the file is no picture, or a damaged one.
        LimitError: it has more than `max_pixels`.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        name: str,
        max_pixels: int,
        nan: float | None = None,
        allow_truncated: bool = False,
    ) -> None:
        self.name = name
        self.notes: list[str] = []
        self._file = file
        self._max_pixels = max_pixels
        self._nan = nan
        self._allow_truncated = allow_truncated
        self._only: Page | None = None
        self._pixels = 0
        self._deep: dict[int, bool] = {}
        self.animated = False
        with self._translated():
            self._image = self._open()
            self._seek(0)
            self.animated = bool(
                self._image and self._image.format in FRAMED and getattr(self._image, "n_frames", 1) > 1
            )
            self.metadata = self._read_metadata()

    def parts(self) -> Iterator[Page]:
        """Yield the pages; a single one is decoded once, however often it is asked for."""
        if self._only is not None:
            yield self._only
            return
        self._pixels, index = 0, 0
        while True:
            with self._translated():
                if not self._seek(index):
                    return
                page = self._decode(index)
            if not self.animated:
                self._only = page
                self._image = None  # its pixels are in the page
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
        except Exception as exc:  # noqa: BLE001  # decoders of damaged files raise anything: struct.error, KeyError, …
            hint = "--allow-truncated reads what there is" if "truncated" in str(exc) else None
            raise ReadError(f"{self.name}: the picture cannot be read: {_reason(exc)}", hint=hint) from exc

    def _open(self) -> Image.Image | None:
        """Return Pillow's view of the file, or None for a TIFF that only OpenCV can decode."""
        start = self._file.read(16)
        if not start:
            raise ReadError(f"{self.name}: the file is empty")
        self._file.seek(0)
        try:
            with _own_limits(truncated=self._allow_truncated):
                return Image.open(self._file, formats=READABLE)
        except UnidentifiedImageError as exc:
            if start[:4] in (b"II*\0", b"MM\0*"):
                return None
            raise ReadError(
                f"{self.name}: not a picture of a known format", hint=f"formats: {' '.join(SUFFIXES)}"
            ) from exc

    def _seek(self, index: int) -> bool:
        """Go to a page and check its size before it is decoded; False where there is none."""
        if self._image is None:
            import tifffile  # noqa: PLC0415  # 0.2 s that only deep TIFFs need

            self._file.seek(0)
            with tifffile.TiffFile(self._file) as tiff:
                width, height = tiff.pages.first.imagewidth, tiff.pages.first.imagelength
        else:
            if index or self.animated:
                try:
                    self._image.seek(index)
                except EOFError:
                    return False
            width, height = self._image.size
        self._deep.setdefault(
            index, self._image is None or is_deep(self._image)
        )  # Pillow forgets after decoding
        self._pixels += width * height
        if self._pixels > self._max_pixels:
            where = f"{index + 1} pages up to {width}×{height}" if index else f"{width}×{height} pixels"
            raise LimitError(
                f"{self.name}: {where} pass the limit of {self._max_pixels} pixels",
                hint="raise it with --max-pixels",
            )
        return True

    def _decode(self, index: int) -> Page:
        if self._image is None or self._deep[index]:
            page = self._decode_deep(index)
        else:
            page = self._decode_pillow(self._image)
        page.duration = self._image.info.get("duration") if self._image else None
        if page.pixels.dtype.kind == "f":
            page.pixels = self._finite(page.pixels)
        orientation = self._orientation if index == 0 else 1
        if orientation in UPRIGHT:
            page.pixels = np.ascontiguousarray(UPRIGHT[orientation](page.pixels))
            if page.alpha is not None:
                page.alpha = np.ascontiguousarray(UPRIGHT[orientation](page.alpha))
        return page

    def _decode_pillow(self, image: Image.Image) -> Page:
        with _own_limits(truncated=self._allow_truncated):
            image.load()
        converted, note = plain(image, colour=self.animated and image.format != "TIFF")
        if note and not (self.animated and image.format == "GIF"):
            self.note(note)
        samples = as_array(converted)
        if samples.ndim == 2:
            return Page(samples[..., None])
        if samples.shape[2] in (2, 4):
            return Page(np.ascontiguousarray(samples[..., :-1]), np.ascontiguousarray(samples[..., -1]))
        return Page(samples)

    def _decode_deep(self, index: int) -> Page:
        """Decode with OpenCV what Pillow reads as 8 bits or not at all."""
        import cv2  # noqa: PLC0415  # 0.2 s that only deep pictures need

        self._file.seek(0)
        data = np.frombuffer(self._file.read(), np.uint8)
        if self._image is not None and self._image.format == "PNG" and not self._allow_truncated:
            Image.open(
                io.BytesIO(data.tobytes()), formats=["PNG"]
            ).verify()  # OpenCV is silent about a cut file
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        if self.animated:
            done, pages = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=(index, index + 1))
            samples = pages[0] if done else None
        else:
            samples = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        if samples is None:
            raise ReadError(f"{self.name}: the picture is damaged, or of a kind that is not supported")
        if samples.dtype not in (np.uint8, np.uint16):
            if samples.dtype.kind != "f":
                raise ReadError(f"{self.name}: samples of type {samples.dtype} are not supported")
            if samples.dtype == np.float64:
                self.note("64-bit floats read as 32-bit")
            samples = samples.astype(np.float32)
        samples = np.atleast_3d(samples)
        grey = self._image is not None and self._image.mode in ("LA", "L", "I;16")
        channels = [0] if samples.shape[2] == 1 or grey else [2, 1, 0]
        alpha = np.ascontiguousarray(samples[..., 3]) if samples.shape[2] == 4 else None
        return Page(np.ascontiguousarray(samples[..., channels]), alpha)

    def _finite(self, samples: Samples) -> Samples:
        bad = ~np.isfinite(samples)
        count = int(bad.sum())
        if count and self._nan is None:
            raise ReadError(
                f"{self.name}: {count} samples are NaN or infinite", hint="--nan VALUE replaces them"
            )
        return np.where(bad, np.float32(self._nan), samples) if count else samples

    def _read_metadata(self) -> Metadata:
        metadata = Metadata()
        self._orientation = 1
        if self._image is None:
            return metadata
        info = self._image.info
        metadata.icc = info.get("icc_profile") or None
        metadata.dpi = info.get("dpi")
        metadata.loop = info.get("loop")
        try:
            # a PNG is decoded to its end for this: tags may stand there
            with _own_limits(truncated=self._allow_truncated):
                metadata.exif = self._read_exif()
        except Exception:  # noqa: BLE001  # as above: anything; the picture itself may be well
            self.note("damaged EXIF data dropped")
        return metadata

    def _read_exif(self) -> Image.Exif | None:
        assert self._image is not None
        exif = self._image.getexif()
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

    def note(self, text: str) -> None:
        """Remember what a user should know of this file, once."""
        if text not in self.notes:
            self.notes.append(text)


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
    return text[0] if text and not isinstance(exc, KeyError) else f"it is damaged ({type(exc).__name__})"
