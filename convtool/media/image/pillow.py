"""Read images by Pillow, the shared way of most formats; a format overrides where it differs."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import repeat

import torch
from PIL import Image, ImageFile, UnidentifiedImageError

from convtool.errors import LimitError
from convtool.media.image.exif import Exif
from convtool.media.image.metadata import Metadata
from convtool.media.image.modes import CONVERTED, as_pixels, plain, plain_mode
from convtool.media.image.orientation import is_sideways, stored, upright, upright_size
from convtool.media.image.reader import ImageInput
from convtool.media.image.samples import GREY, RGB, Header, Pixels
from convtool.media.image.xmp import alone


class SharedSettings:
    """Pillow's limits, which are variables of the whole process, contained while it is used.

    Threads that ask for the same setting run at the same time. One that asks for the other waits
    for them, and later arrivals wait behind it, so that neither setting is kept out for ever. The
    last to leave restores the values that were found.
    """

    def __init__(self) -> None:
        self._turnstile = threading.Lock()
        self._changed = threading.Condition()
        self._users = 0
        self._truncated = False
        self._found: tuple[int | None, bool] = (None, False)

    @contextmanager
    def __call__(self, *, truncated: bool) -> Iterator[None]:
        """Let `--max-pixels` and `--allow-truncated` decide instead of Pillow's own limits.

        A thread must not enter it twice.

        Args:
            truncated: return the intact part of truncated files.
        """
        with self._turnstile, self._changed:
            self._changed.wait_for(lambda: not self._users or self._truncated == truncated)
            if not self._users:
                self._set(truncated=truncated)
            self._users += 1
        try:
            yield
        finally:
            with self._changed:
                self._users -= 1
                if not self._users:
                    Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = self._found
                    self._changed.notify()

    def _set(self, *, truncated: bool) -> None:
        self._truncated = truncated
        self._found = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS = None
        ImageFile.LOAD_TRUNCATED_IMAGES = truncated or self._found[1]


shared_settings = SharedSettings()


class PillowReader:
    """An image file opened by Pillow.

    Args:
        format: Pillow's name of its format.
        file: the file.
        frames: images after the first are frames or pages; otherwise they are thumbnails and the
            like, which are ignored.

    Attributes:
        count, metadata, tolerant: as of every Reader.
        file: the file.
        image: Pillow's view of it; gone once a single image is decoded.
        orientation: the EXIF orientation in which the pixels are stored.

    Raises:
        UnidentifiedImageError: it is not of this format.
    """

    tolerant = True
    uniform = True  # frames are all in colour or all grey, as those of an animation

    def __init__(self, format: str, file: ImageInput, *, frames: bool) -> None:
        self.file = file
        self.orientation = 1
        with self.settings():
            self.image = self._open(format)
            self.count: int = getattr(self.image, "n_frames", 1) if frames else 1
            self.metadata = self._read_metadata()

    def settings(self) -> AbstractContextManager[None]:
        """Contain Pillow's process-wide limits, in which all of its reading is done."""
        return shared_settings(truncated=self.file.reading.allow_truncated)

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of every frame; those of an animation are alike."""
        width, height = self.image.size
        return repeat((height, width), self.count)

    def header(self, index: int) -> Header:
        """Return what is known of a page before it is decoded."""
        with self.settings():
            self.seek(index)
        self.note_conversion()
        mode = plain_mode(self.image, colour=self._colour)
        width, height = self.image.size
        size = upright_size(height, width, self.orientation)
        channels = GREY if mode[0] in "LIF" else RGB
        return Header(size, channels, self.dtype(mode), transparent=mode[-1] == "A")

    def decode(self, index: int) -> Pixels:
        """Return a page, upright."""
        with self.settings():
            self.seek(index)
        pixels = self.pixels()
        if self.count > 1:
            pixels.duration = self.image.info.get("duration")
        else:
            del self.image  # whose memory is not needed any more
        return upright(pixels, self.orientation)

    def seek(self, index: int) -> None:
        """Go to a page, within `settings`."""
        if self.count > 1:
            self.image.seek(index)

    def pixels(self) -> Pixels:
        """Return the page that Pillow is at, as it is stored."""
        with self.settings():
            self.image.load()
        return as_pixels(plain(self.image, colour=self._colour))

    def dtype(self, mode: str) -> torch.dtype:
        """Return the type of samples of a plain mode."""
        if mode == "F":
            return torch.float32
        return torch.uint16 if mode[0] == "I" else torch.uint8

    def note_conversion(self) -> None:
        """Note that the page is converted to RGB, where that is more than another layout."""
        if self.image.mode in CONVERTED:
            self.file.note(f"{CONVERTED[self.image.mode]} converted to RGB")

    def read_exif(self) -> Image.Exif | None:
        """Return the EXIF tags, and set the orientation, within `settings`."""
        # Not the method of a PNG image, which would decode it.
        data = self.image.info.get("exif") or Image.Image.getexif(self.image).tobytes()
        exif = Exif.read(data, self.file.note)
        self.orientation = stored(exif, self.image.info.get("xmp"))
        return exif

    def read_xmp(self) -> bytes | None:
        """Return the XMP packet, without what it says of other images in the file."""
        packet = self.image.info.get("xmp")
        packet = packet.encode() if isinstance(packet, str) else packet
        return alone(packet) if packet else None

    @property
    def _colour(self) -> bool:
        return self.count > 1 and self.uniform

    def _open(self, format: str) -> Image.Image:
        try:
            return Image.open(self.file.stream, formats=(format,))
        except UnidentifiedImageError as exc:
            raise UnidentifiedImageError(f"the {format} header is damaged") from exc

    def _read_metadata(self) -> Metadata:
        info = self.image.info
        metadata = Metadata(info.get("icc_profile") or None, None, info.get("dpi"))
        metadata.xmp = self.read_xmp()
        metadata.plays = info.get("loop")
        try:
            exif = self.read_exif()
            if exif:
                exif.tobytes()  # raises now what would fail when it is written
                metadata.exif = exif
        except LimitError:
            raise
        except Exception:  # noqa: BLE001  # damaged tags raise anything; the pixels may be intact
            self.file.note("damaged EXIF data dropped")
        if is_sideways(self.orientation) and metadata.dpi:
            metadata.dpi = metadata.dpi[::-1]
        if metadata.dpi is None and isinstance(metadata.exif, Exif):
            metadata.dpi = metadata.exif.dpi  # which is turned already
        return metadata
