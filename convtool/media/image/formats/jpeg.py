"""JPEG: decoded by libjpeg-turbo alone, which takes a third of the time it takes inside Pillow."""

from typing import BinaryIO

from convtool.media.image.format import Format
from convtool.media.image.pillow import PillowReader
from convtool.media.image.samples import Metadata, Pixels, Samples

# Pillow's modes and simplejpeg's; CMYK has profiles, which Pillow applies.
MODES = {"L": "GRAY", "RGB": "RGB"}
MAX_EXIF = 65_500  # bytes that a JPEG segment has room for


class JpegReader(PillowReader):
    """A JPEG file; what the fast decoder refuses is left to Pillow."""

    def pixels(self) -> Pixels:
        """Return the image."""
        mode = self.image.mode
        samples = decode(self.file.stream, mode) if mode in MODES else None
        return super().pixels() if samples is None else Pixels(samples)


class Jpeg(Format):
    """JPEG: 8 bits, lossy, without transparency. Images after the first are not frames."""

    name = "JPEG"
    suffixes = (".jpg", ".jpeg", ".jpe", ".jfif")
    signatures = (b"\xff\xd8\xff",)
    quality = True
    holds = frozenset({"icc", "exif", "dpi"})
    copies = 3
    reader = JpegReader

    def exif(self, metadata: Metadata) -> bytes:
        """Return the EXIF tags, none where there are more than a segment can hold."""
        data = super().exif(metadata)
        return data if len(data) < MAX_EXIF else b""


def decode(file: BinaryIO, mode: str) -> Samples | None:
    """Return the samples as Pillow would, or None for a file with any fault, which Pillow reports.

    Args:
        file: all bytes of the image.
        mode: Pillow's name of its mode, one of `MODES`.

    Shape: (H, W, 1 or 3) uint8
    """
    import simplejpeg  # noqa: PLC0415  # only JPEG needs it

    file.seek(0)
    try:
        samples: Samples = simplejpeg.decode_jpeg(
            file.read(), MODES[mode], fastdct=False, fastupsample=False
        )
    except ValueError:
        return None
    finally:
        file.seek(0)
    return samples


FORMAT = Jpeg()
