"""AVIF, still and animated: 8 bits by Pillow, 10 and 12 bits by imagecodecs, both libavif.

What neither reads or writes, the description of colours above all, is in `isobmff`.
"""

import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image

from convtool.media.image.exif import START, Exif
from convtool.media.image.isobmff.brands import brands
from convtool.media.image.isobmff.description import describe, properties_of
from convtool.media.image.isobmff.format import (
    SRGB,
    HeifFormat,
    chroma,
    matrix,
    points,
)
from convtool.media.image.isobmff.rewriting import with_colour, with_metadata
from convtool.media.image.metadata import Metadata
from convtool.media.image.pillow import PillowReader
from convtool.media.image.reader import ImageInput, decoding
from convtool.media.image.samples import Frame, Pixels, full_range, narrowed
from convtool.media.policies import listed

LOSSLESS = 100
USUAL = "4:4:4"
SPEED = 6  # Pillow's
LIGHT = {"mDCV": "mastering display", "cLLI": "light levels"}
UNTIMED = 100  # milliseconds for which programs show the frames of a GIF without a duration


class AvifReader(PillowReader):
    """An AVIF file."""

    def __init__(self, format: str, file: ImageInput, *, frames: bool) -> None:
        file.stream.seek(0)
        self._data = file.stream.read()
        self._description = describe(self._data, file.note)
        file.stream.seek(0)
        with decoding(file.name):
            super().__init__(format, file, frames=frames)
        described = self._description
        self.metadata.colour, self.metadata.chroma = described.colour, described.chroma
        if described.bits > 8 and self.count == 1:
            self.metadata.bits = described.bits
        elif described.bits > 8:
            file.note(f"frames of {described.bits} bits read as 8-bit")
        if described.cropped:
            file.note("the cropping of the image is left out")

    def read_exif(self) -> Image.Exif | None:
        """Return the EXIF tags; the file's own transformations set the orientation."""
        self.orientation = self._description.orientation
        block = self._description.exif
        return Exif.read(block, self.file.note) if block else None

    def dtype(self, mode: str) -> torch.dtype:
        """Return the type of samples of a plain mode."""
        return torch.uint16 if self.metadata.bits else super().dtype(mode)

    def pixels(self) -> Pixels:
        """Return the frame that Pillow is at."""
        with decoding(self.file.name):
            return self._deep() if self.metadata.bits else super().pixels()

    def _deep(self) -> Pixels:
        import imagecodecs  # noqa: PLC0415  # only deep images need it

        assert self.metadata.bits
        samples = np.atleast_3d(imagecodecs.avif_decode(self._data))
        samples = full_range(samples, 2**self.metadata.bits - 1)
        if samples.shape[2] not in (2, 4):
            return Pixels(samples)
        alpha = np.ascontiguousarray(samples[..., -1])
        colours = 1 if self.image.mode == "LA" else 3  # Pillow has grey with alpha as RGBA
        shape = (*alpha.shape, colours)
        return Pixels(np.ascontiguousarray(np.broadcast_to(samples[..., :-1], shape)), alpha)


class Avif(HeifFormat):
    """AVIF: 8, 10 and 12 bits, with transparency, metadata and frames of 8 bits."""

    name = "AVIF"
    suffixes = (".avif", ".avifs")
    frames = True
    timed = True
    copies = 12
    reader = AvifReader

    def unfit(self, frames: Sequence[Frame], metadata: Metadata) -> Iterable[str]:
        """Yield what of finished images cannot be held: frames are always shown for a time."""
        yield from super().unfit(frames, metadata)
        if len(frames) > 1 and not all(frame.duration for frame in frames):
            yield f"frames without a duration are shown for {UNTIMED} milliseconds in AVIF"
        light = [word for kind, word in LIGHT.items() if kind in metadata.colour]
        if len(frames) > 1 and light:
            yield f"{listed(light)} dropped: they are not written for an animated AVIF"

    def timing(self, frames: Sequence[Frame], metadata: Metadata) -> dict[str, Any]:
        """Return Pillow's options for an animation."""
        timed = [replace(frame, duration=frame.duration or UNTIMED) for frame in frames]
        return super().timing(timed, metadata)

    def matches(self, start: bytes) -> bool:
        """Return True for files of the brands of AVIF images and sequences."""
        return not {b"avif", b"avis"}.isdisjoint(brands(start))

    def dtype_for(self, wanted: torch.dtype, *, several: bool = False) -> torch.dtype:
        """Return the sample type that keeps most of `wanted`; animations have 8 bits."""
        return torch.uint8 if several else super().dtype_for(wanted)

    def options(self, frames: Sequence[Frame], metadata: Metadata, quality: int) -> dict[str, Any]:
        """Return Pillow's options for saving."""
        options = super().options(frames, metadata, quality)
        grey = frames[0].colours == 1
        return options | {"subsampling": "4:0:0" if grey else chroma(metadata, quality, USUAL)}

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write finished images."""
        primaries, transfer = points(metadata)
        if frames[0].samples.dtype == np.uint16:
            data = self._deep(frames[0], metadata, quality)
        else:
            memory = io.BytesIO()
            super().save(memory, frames, metadata, quality)
            data = memory.getvalue()
            if (primaries, transfer) != SRGB:
                data = with_colour(data, primaries, transfer)
            if len(frames) == 1:  # tracks of an animation state places that would move
                data = with_metadata(data, properties_of(metadata.colour))
        file.write(data)

    def _deep(self, frame: Frame, metadata: Metadata, quality: int) -> bytes:
        """Return an image of more than 8 bits."""
        import imagecodecs  # noqa: PLC0415  # only deep images need it

        primaries, transfer = points(metadata)
        bits = self.bits(torch.uint16, metadata)
        samples = narrowed(frame.samples, bits)
        sampling = (
            "400" if frame.colours == 1 else chroma(metadata, quality, USUAL).replace(":", "")
        )
        data = imagecodecs.avif_encode(
            np.squeeze(samples, 2) if frame.channels == 1 else samples,
            level=min(quality, LOSSLESS - 1),  # 100 stands for another matrix
            speed=SPEED,
            bitspersample=bits,
            pixelformat=sampling.replace(":", ""),
            primaries=primaries,
            transfer=transfer,
            matrix=matrix(primaries),
        )
        properties = properties_of(metadata.colour)
        profile = metadata.profile(frame.colours)
        if profile:
            properties.append((b"colr", b"prof" + profile))
        exif = self.exif(metadata).removeprefix(START)
        return with_metadata(bytes(data), properties, exif, metadata.xmp)


FORMAT = Avif()
