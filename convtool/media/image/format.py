"""The base of all image formats: what one can hold, how it is recognized, read and written.

A format that Pillow reads and writes states its name, suffixes and signatures, and is done.
"""

from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import torch
from PIL import Image

from convtool.media.contract import Tile
from convtool.media.image.metadata import Metadata
from convtool.media.image.pillow import PillowReader
from convtool.media.image.reader import ImageInput, Reader
from convtool.media.image.row_writer import RowWriter
from convtool.media.image.samples import Frame, alike
from convtool.media.image.timing import MILLISECONDS, Clock
from convtool.media.policies import listed

SNIFFED = 64  # bytes at the beginning of a file by which formats are recognized
FULL_CHROMA = 95  # the quality from which colours are sampled as finely as brightness


class Row(NamedTuple):
    """A row of the table of what is read; a reader refuses what is in none of them.

    Attributes:
        stored: the kind of images.
        depths: of their samples.
        becomes: what is filtered.
    """

    stored: str
    depths: str
    becomes: str


class Format:
    """One image format; a subclass overrides what differs from the shared way.

    Attributes:
        name: Pillow's name of it, or ours where Pillow does not know it.
        suffixes: of file names; the first is the usual one.
        signatures: the first bytes of its files, one of several.
        dtypes: sample types that it can hold, the smallest first.
        alpha: it can hold transparency.
        frames: it can hold several images.
        quality: it is lossy, and `--quality` counts.
        timed: it can hold how long images are shown.
        clock: how it counts that.
        repeats: it can hold how often an animation plays.
        hides: it can hold an image that is shown instead of an animation.
        varied: its images can differ in size, channels and depth.
        banded: it can hold images of any number of channels.
        holds: kinds of metadata that it can hold: names of attributes of `Metadata`.
        sought: its files are images where they are found in folders.
        writable: its files can be written.
        reads: what is known to be read right, for the documentation.
        copies: how many times its samples are held while it is written, measured.
        reader: opens its files by Pillow.
    """

    name: str
    suffixes: tuple[str, ...]
    signatures: tuple[bytes, ...] = ()
    dtypes: tuple[torch.dtype, ...] = (torch.uint8,)
    alpha = False
    frames = False
    quality = False
    timed = False
    clock: Clock = MILLISECONDS
    repeats = False
    hides = False
    varied = False
    banded = False
    holds: frozenset[str] = frozenset()
    sought = True
    writable = True
    reads: tuple[Row, ...] = ()
    copies = 4
    reader: type[PillowReader] = PillowReader

    def matches(self, start: bytes) -> bool:
        """Return True where a file that begins with `start` is of this format."""
        return start.startswith(self.signatures)

    def dtype_for(self, wanted: torch.dtype, *, several: bool = False) -> torch.dtype:
        """Return the sample type that keeps most of `wanted`.

        Args:
            wanted: the type of the samples.
            several: the file will hold more than one image.
        """
        del several  # most formats hold in several images what they hold in one
        for dtype in self.dtypes:
            if dtype.itemsize >= wanted.itemsize:
                return dtype
        return self.dtypes[-1]

    def bits(self, dtype: torch.dtype, metadata: Metadata) -> int:
        """Return how many bits samples of a type have in a file.

        Args:
            dtype: one of `dtypes`.
            metadata: the input's.
        """
        del metadata  # most formats have as many bits as the type
        return dtype.itemsize * 8

    def layout(self, tiles: Sequence[Tile], *, sheet: bool = False) -> Sequence[Tile]:
        """Return the tiles as a file of this format shows them.

        They stay as they are, but for those of the bands of an image, which are grey for each band
        where the format holds no bands or there is a grid of tiles.

        Args:
            tiles: grey, of a colour image, or of bands.
            sheet: the input is shown beside them.
        """
        if self.banded and len(tiles) == 1 and not sheet:
            return tiles
        return [shown for tile in tiles for shown in _shown(tile)]

    def losses(self, metadata: Metadata) -> Iterable[str]:
        """Yield what of the metadata is lost without the user's doing."""
        lost = metadata.lost(self.holds)
        if lost:
            yield f"{listed(lost)} dropped, which {self.name} cannot hold"

    def unfit(self, frames: Sequence[Frame], metadata: Metadata) -> Iterable[str]:
        """Yield what of the metadata does not fit the finished images, and what of their times.

        Args:
            frames: the images.
            metadata: the input's.
        """
        for frame in frames:
            if metadata.icc and "icc" in self.holds and not metadata.profile(frame.colours):
                yield "colour profile dropped: it is for other channels than the result has"
        if len(frames) == 1:
            return
        durations = [frame.duration for frame in frames]
        if any(durations) and not self.timed:
            yield f"durations of frames dropped: {self.name} cannot hold them"
        if self.timed and not self.clock.holds(durations):
            yield f"durations of frames rounded to {self.clock.unit}, which {self.name} counts in"
        if metadata.plays and not self.repeats:
            times = "once" if metadata.plays == 1 else f"{metadata.plays} times"
            yield f"it plays {times}, which {self.name} cannot hold"

    def open(self, file: ImageInput) -> Reader:
        """Open a file for reading.

        Raises:
            Exception: of any kind, where it is damaged.
        """
        return self.reader(self.name, file, frames=self.frames)

    def save(
        self, file: BinaryIO, frames: Sequence[Frame], metadata: Metadata, quality: int
    ) -> None:
        """Write finished images.

        Args:
            file: where the bytes go.
            frames: one, or several where the format holds several.
            metadata: the input's.
            quality: 1 to 100, for lossy formats.

        Raises:
            Exception: of any kind, where the format cannot hold them.
        """
        first, *others = map(as_image, frames if self.varied else alike(frames))
        options = self.options(frames, metadata, quality)
        if others:
            options |= {"save_all": True, "append_images": others}
        first.save(file, self.name, **options)

    def held(self, row: int, metadata: Metadata) -> int | None:
        """Return an estimate of the bytes held while an image is written row by row.

        Args:
            row: the bytes of a row.
            metadata: the input's.

        Returns:
            None where images are written whole.
        """
        del row, metadata  # most formats are
        return None

    def rows(self, file: BinaryIO, like: Frame, metadata: Metadata, quality: int) -> RowWriter:
        """Begin a file of one image whose rows follow, where `held` says that this can be done.

        Args:
            file: where the bytes go; seekable.
            like: a frame of the same shape and type; its samples are not looked at.
            metadata: the input's.
            quality: 1 to 100, for lossy formats.
        """
        raise NotImplementedError

    def options(self, frames: Sequence[Frame], metadata: Metadata, quality: int) -> dict[str, Any]:
        """Return Pillow's options for saving."""
        options: dict[str, Any] = {}
        if "icc" in self.holds:
            options["icc_profile"] = metadata.profile(frames[0].colours)
        exif = self.exif(metadata) if "exif" in self.holds else b""
        if exif:
            options["exif"] = exif
        if "dpi" in self.holds and metadata.dpi:
            options["dpi"] = metadata.dpi
        if "xmp" in self.holds and metadata.xmp:
            options["xmp"] = metadata.xmp
        if self.quality:
            options["quality"] = quality
        if len(frames) > 1:
            options |= self.timing(frames, metadata)
        return options

    def exif(self, metadata: Metadata) -> bytes:
        """Return the encoded EXIF tags that the format can hold; empty where there are none."""
        return b"" if metadata.exif is None else metadata.exif.tobytes()

    def timing(self, frames: Sequence[Frame], metadata: Metadata) -> dict[str, Any]:
        """Return Pillow's options for an animation: durations in milliseconds, repetitions."""
        options: dict[str, Any] = {}
        durations = [frame.duration for frame in frames]
        if any(durations):
            options["duration"] = self.clock.ticks(durations)
        if self.repeats:
            options["loop"] = metadata.plays or 0
        return options


def _shown(tile: Tile) -> Sequence[Tile]:
    if len(tile.channels) in (1, 3):
        return [tile]
    numbered = enumerate(tile.channels, 1)
    return [Tile(f"{tile.label} {band}", (channel,)) for band, channel in numbered]


def as_image(frame: Frame) -> Image.Image:
    """Return a finished image as Pillow has it."""
    samples = frame.samples
    return Image.fromarray(np.squeeze(samples, 2) if frame.channels == 1 else samples)
