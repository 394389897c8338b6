"""HEIC: read and written in 8, 10 and 12 bits, by libheif and x265.

Pillow knows it only by a plugin that is registered for the whole process, so pillow-heif is asked
itself. libheif turns images upright by the file's own transformations, which the EXIF orientation
only repeats.
"""

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import torch

from convtool.media.image import xmp
from convtool.media.image.exif import Exif
from convtool.media.image.isobmff.boxes import boxes
from convtool.media.image.isobmff.brands import brands
from convtool.media.image.isobmff.description import describe, properties_of
from convtool.media.image.isobmff.format import HeifFormat, chroma, matrix, points
from convtool.media.image.isobmff.rewriting import with_metadata
from convtool.media.image.metadata import Metadata
from convtool.media.image.reader import ImageInput, Reader, decoding
from convtool.media.image.samples import (
    GREY,
    RGB,
    Frame,
    Header,
    Pixels,
    Samples,
    full_range,
    narrowed,
    straight,
)

if TYPE_CHECKING:
    from pillow_heif import HeifImage

# Brands of images coded by HEVC, and of images of any coding (ISO/IEC 23008-12).
CODED = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
CONTAINERS = {b"mif1", b"msf1"}
OTHERS = {b"avif", b"avis"}
USUAL = "4:2:0"  # all that many decoders know
FULL = "4:4:4"
# x265's default, slow, takes twice the time for files 1 % smaller.
ENCODER = {"preset": "veryfast"}
MODES = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}  # by the number of channels


class HeicReader:
    """A HEIC file; of several images, its primary one.

    Attributes:
        count, metadata, tolerant: as of every Reader.
    """

    tolerant = False
    count = 1

    def __init__(self, file: ImageInput) -> None:
        import pillow_heif  # noqa: PLC0415  # only HEIC needs it

        self._name = file.name
        with decoding(file.name):
            images = pillow_heif.open_heif(
                file.stream, convert_hdr_to_8bit=False, hdr_to_16bit=False
            )
        self._image: HeifImage = images[images.primary_index]
        if len(images) > 1:
            file.note(f"{len(images)} images in the file, the primary one read")
        # `RGBA`, or `RGB;10` for more than 8 bits, `a` where colours are multiplied by alpha.
        self._mode, _, bits = self._image.mode.partition(";")
        self._bits = int(bits or 8)
        self.metadata = self._read_metadata(file)

    def _read_metadata(self, file: ImageInput) -> Metadata:
        info: dict[str, Any] = self._image.info
        file.stream.seek(0)
        data = file.stream.read()
        file.stream.seek(0)
        described = describe(data, lambda text: _note(file, text))
        if any(box.kind == b"moov" for box in boxes(data)):
            file.note("an animation in the file dropped, its still image read")
        metadata = Metadata(info.get("icc_profile"), colour=described.colour)
        block = info.get("exif")
        metadata.exif = (Exif.read(block, file.note) or None) if block else None
        metadata.dpi = metadata.exif.dpi if isinstance(metadata.exif, Exif) else None
        packet = info.get("xmp")
        metadata.xmp = xmp.alone(packet) if packet else None
        metadata.chroma = FULL if described.chroma is None else described.chroma
        metadata.bits = self._bits if self._bits > 8 else None
        return metadata

    def sizes(self) -> Iterable[tuple[int, int]]:
        """Return the height and width of the image."""
        width, height = self._image.size
        return [(height, width)]

    def header(self, index: int) -> Header:
        """Return what is known of the image before it is decoded."""
        del index  # there is one
        ((height, width),) = self.sizes()
        dtype = torch.uint8 if self._bits == 8 else torch.uint16
        return Header((height, width), GREY if self._is_grey else RGB, dtype, self._is_transparent)

    def decode(self, index: int) -> Pixels:
        """Return the image, upright."""
        del index  # there is one
        with decoding(self._name):
            samples = np.asarray(self._image)
        samples = samples[..., None] if samples.ndim == 2 else samples
        if self._bits > 8:
            samples = full_range(samples, 2**self._bits - 1)
        return self._apart(samples)

    @property
    def _is_grey(self) -> bool:
        return self._mode[0] in "LI"

    @property
    def _is_transparent(self) -> bool:
        return self._mode[-1] in "Aa"

    def _apart(self, samples: Samples) -> Pixels:
        """Return colours and alpha, in memory that can be written to."""
        if not self._is_transparent:
            return Pixels(np.array(samples))
        colours, alpha = np.array(samples[..., :-1]), np.array(samples[..., -1])
        if self._mode[-1] == "a":
            colours = straight(colours, alpha, np.iinfo(samples.dtype).max)
        return Pixels(colours, alpha)


class Heic(HeifFormat):
    """HEIC: lossy, with transparency and metadata; one image per file."""

    name = "HEIC"
    suffixes = (".heic", ".heif", ".hif")
    copies = 11

    def matches(self, start: bytes) -> bool:
        """Return True for files of the brands of HEIC images, and for containers of no other."""
        found = set(brands(start))
        if found & CODED:
            return True
        return bool(found & CONTAINERS) and not found & OTHERS

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading."""
        return HeicReader(file)

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write a finished image."""
        import pillow_heif  # noqa: PLC0415  # only HEIC needs it

        frame = frames[0]
        height, width = frame.samples.shape[:2]
        primaries, transfer = points(metadata)
        mode, samples, deep = MODES[frame.channels], frame.samples, {}
        if samples.dtype == np.uint16:
            bits = self.bits(torch.uint16, metadata)
            mode, deep = f"{mode};16", {"bit_depth": bits}
            samples = narrowed(samples, bits) << (16 - bits)  # libheif takes the upper bits
        memory = io.BytesIO()
        pillow_heif.encode(
            mode,
            (width, height),
            samples.tobytes(),
            memory,
            quality=quality,
            chroma=int(chroma(metadata, quality, USUAL).replace(":", "")),
            icc_profile=metadata.profile(frame.colours),
            exif=self.exif(metadata) or None,
            xmp=metadata.xmp,
            color_primaries=primaries,
            transfer_characteristics=transfer,
            matrix_coefficients=matrix(primaries),
            full_range_flag=1,
            enc_params=dict(ENCODER),
            **deep,
        )
        file.write(with_metadata(memory.getvalue(), properties_of(metadata.colour)))


def _note(file: ImageInput, text: str) -> None:
    """Note what is dropped but further images, which libheif counts."""
    if not text.startswith("further images"):
        file.note(text)


FORMAT = Heic()
