"""Write pictures: one colour or grey picture, or a grid of tiles, with the metadata that its format holds.

Pillow writes what it can hold; OpenCV writes 16-bit colour PNG and PPM, tifffile 16-bit and float colour TIFF.
It takes stored samples; scaling and rounding is `levels`' business.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from convtool.convolve.geometry import centres
from convtool.errors import ConvtoolError, WriteError
from convtool.layers.build import Layer
from convtool.levels import of, to_float, to_stored
from convtool.media import Tile
from convtool.media.image.format import Format
from convtool.media.image.part import Metadata, Page, Samples
from convtool.media.image.source import DESCRIPTIVE_TAGS, ImageSource

PNG_LEVEL = 1  # level 6, the usual one, takes four times as long for files 5 % smaller
GAP = 4
LABEL_HEIGHT = 22
MAX_JPEG_EXIF = 65_500


@dataclass(frozen=True)
class Frame:
    """One finished picture: samples (H, W, 1…4), alpha last where there are 2 or 4."""

    samples: Samples
    duration: float | None = None


class ImageSink:
    """A picture file being made.

    Args:
        file: where the bytes go.
        format: its format.
        tiles: what is shown; more than one make a grid.
        source: the input, for its metadata.
        dtype: the type of its samples.
        sheet: label the tiles and begin with the input.
        quality: 1…100 for lossy formats.
    """

    def __init__(
        self,
        file: BinaryIO,
        format: Format,
        tiles: Sequence[Tile],
        source: ImageSource,
        dtype: torch.dtype,
        *,
        sheet: bool = False,
        quality: int,
    ) -> None:
        if format.name == "NPY":  # all channels side by side, in the layer's order
            tiles = [
                Tile("", tuple(sorted(channel for tile in tiles for channel in tile.channels)))
            ]
        self._file, self._format, self._tiles = file, format, tiles
        self._source, self._dtype, self._sheet, self._quality = source, dtype, sheet, quality
        self._frames: list[Frame] = []
        self._page: Page | None = None

    def begin(self, part: Page, layer: Layer) -> None:
        """Start the result of a page, which is filtered by `layer`."""
        self._end()
        self._page, self._centres = part, centres(layer.conv, part.size)
        self._channels = sorted({channel for tile in self._tiles for channel in tile.channels})
        size = [len(axis) for axis in self._centres]
        self._result = torch.empty(*size, len(self._channels), dtype=self._dtype).permute(2, 0, 1)
        self._rows = 0

    def prepare(self, block: Tensor) -> Tensor:
        """Return the rows that are shown of all of the layer's results. Shape: (1, C, h, W) → (C', h, W)"""
        return _channels(block[0], self._channels)

    def write(self, prepared: Tensor) -> None:
        """Take the next rows. Shape: (C', h, W)"""
        rows = prepared.shape[1]
        self._result[:, self._rows : self._rows + rows] = prepared
        self._rows += rows

    def close(self) -> None:
        """Encode all pages.

        Raises:
            WriteError: the format cannot hold them.
        """
        self._end()
        exif = self._source.metadata.exif
        if (
            self._format.name == "TIFF"
            and exif is not None
            and not set(exif) <= set(DESCRIPTIVE_TAGS)
        ):
            self._source.note(
                "EXIF dropped but for the tags that describe the picture and its camera"
            )
        try:
            encode(self._file, self._frames, self._format, self._source.metadata, self._quality)
        except Exception as exc:
            if isinstance(exc, ConvtoolError) or (
                isinstance(exc, OSError) and exc.errno is not None
            ):
                raise  # the file system's own errors are translated where the file was opened
            raise WriteError(
                f"the picture cannot be written as {self._format.name}: {exc}"
            ) from exc

    def drop(self) -> None:
        """Let go of what was taken."""
        self._frames.clear()

    def _end(self) -> None:
        if self._page is not None:
            tiles = [
                _channels(
                    self._result, [self._channels.index(channel) for channel in tile.channels]
                )
                for tile in self._tiles
            ]
            if len(tiles) == 1 and not self._sheet:
                samples = self._with_alpha(tiles[0])
            else:
                samples = self._grid(tiles)
            self._frames.append(
                Frame(samples.permute(1, 2, 0).numpy(), self._page.picture.duration)
            )
            self._page = None

    def _with_alpha(self, picture: Tensor) -> Tensor:
        if self._page is None or self._page.picture.alpha is None:
            return picture
        if not self._format.alpha:
            self._source.note(f"transparency dropped, {self._format.name} has none")
            return picture
        rows, columns = self._centres
        alpha = torch.from_numpy(self._page.picture.alpha)[rows][:, columns]
        return torch.cat([picture, to_stored(to_float(alpha), picture.dtype)[None]])

    def _grid(self, tiles: list[Tensor]) -> Tensor:
        from torchvision.utils import make_grid  # noqa: PLC0415  # takes longer to import than torch itself

        labels = [tile.label for tile in self._tiles]
        if self._page is not None and self._page.picture.alpha is not None:
            self._source.note("transparency dropped, a grid has none")
        if self._sheet and self._page is not None:
            tiles = [to_stored(to_float(self._page.tensor[0]), tiles[0].dtype), *tiles]
            labels = ["input", *labels]
        height, width = (max(tile.shape[axis] for tile in tiles) for axis in (1, 2))
        colours = max(len(tile) for tile in tiles)
        white = of(tiles[0].dtype).scale
        cells = []
        for label, tile in zip(labels, tiles, strict=True):
            cell = tile.new_full((colours, height, width), white)
            cell[:, : tile.shape[1], : tile.shape[2]] = tile
            cells.append(torch.cat([_label(label, cell, white), cell], 1) if self._sheet else cell)
        grid: Tensor = make_grid(
            cells, nrow=math.ceil(math.sqrt(len(cells))), padding=GAP, pad_value=white
        )
        return grid[:colours]


def _channels(samples: Tensor, channels: Sequence[int]) -> Tensor:
    """Return some channels in this order, channels last, a view where they follow each other. Shape: (C, H, W)"""
    first = channels[0]
    if list(channels) == list(range(first, first + len(channels))):
        return samples.narrow(0, first, len(channels))
    return samples.permute(1, 2, 0)[..., list(channels)].permute(2, 0, 1)


def _label(text: str, cell: Tensor, white: int) -> Tensor:
    """Return a white strip of the cell's width with `text` on it. Shape: (C, LABEL_HEIGHT, W)"""
    strip = Image.new("L", (cell.shape[2], LABEL_HEIGHT), 255)
    draw = ImageDraw.Draw(strip)
    font = ImageFont.load_default(LABEL_HEIGHT * 2 // 3)
    draw.text((2, LABEL_HEIGHT // 2), text, fill=0, font=font, anchor="lm")
    return (
        (torch.from_numpy(np.array(strip)).to(torch.int32) * white // 255)
        .to(cell.dtype)
        .expand(len(cell), -1, -1)
    )


def encode(
    file: BinaryIO, frames: Sequence[Frame], format: Format, metadata: Metadata, quality: int
) -> None:
    """Write finished frames to `file`."""
    first = frames[0].samples
    if len(frames) > 1 and not format.frames:
        raise WriteError(
            f"{len(frames)} pictures, and {format.name} holds one",
            hint="GIF, WebP, PNG and TIFF hold more",
        )
    if format.name == "NPY":
        np.save(
            file,
            np.stack([frame.samples.transpose(2, 0, 1) for frame in frames]),
            allow_pickle=False,
        )
    elif first.dtype == np.uint8 or first.shape[2] == 1:
        _write_pillow(file, frames, format, metadata, quality)
    elif format.name == "TIFF":
        _write_tiff(file, frames, metadata)
    else:
        _write_opencv(file, first, format, metadata)


def _write_pillow(
    file: BinaryIO,
    frames: Sequence[Frame],
    format: Format,
    metadata: Metadata,
    quality: int,
) -> None:
    first, *others = (
        Image.fromarray(
            np.squeeze(frame.samples, 2) if frame.samples.shape[2] == 1 else frame.samples
        )
        for frame in frames
    )
    options: dict[str, Any] = {}
    if format.name in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF"):
        options["icc_profile"] = _profile(metadata, frames[0].samples.shape[2])
        exif = b"" if metadata.exif is None else _exif_for(format, metadata.exif)
        if exif:
            options["exif"] = exif
    if metadata.dpi and format.name in ("JPEG", "PNG", "TIFF", "BMP"):
        options["dpi"] = metadata.dpi
    if format.quality:
        options["quality"] = quality
    if format.name == "PNG":
        options["compress_level"] = PNG_LEVEL
    if format.name == "TIFF":
        options["compression"] = "tiff_adobe_deflate"
    if others:
        options |= {"save_all": True, "append_images": others, **_timing(frames, format, metadata)}
    if format.name != "TIFF":
        first.save(file, format.name, **options)
        return
    memory = io.BytesIO()  # libtiff takes a file from Python, and prints what goes wrong with it
    first.save(memory, format.name, **options)
    file.write(memory.getbuffer())


def _timing(frames: Sequence[Frame], format: Format, metadata: Metadata) -> dict[str, Any]:
    options: dict[str, Any] = {}
    durations = [round(frame.duration) for frame in frames if frame.duration is not None]
    if format.name != "TIFF" and len(durations) == len(frames):
        options["duration"] = durations
    if format.name == "GIF" and frames[0].samples.shape[2] in (2, 4):
        options["disposal"] = 2  # each frame stands alone, or the one before would shine through
    if metadata.loop is not None:
        options["loop"] = metadata.loop
    return options


def _exif_for(format: Format, exif: Image.Exif) -> bytes:
    """Return the tags that a format can hold: all but those of other files' layout, and what JPEG has room for."""
    if format.name == "TIFF":
        kept = Image.Exif()
        kept.update({tag: exif[tag] for tag in DESCRIPTIVE_TAGS if tag in exif})
        exif = kept
    data = exif.tobytes()
    return b"" if format.name == "JPEG" and len(data) >= MAX_JPEG_EXIF else data


def _write_tiff(file: BinaryIO, frames: Sequence[Frame], metadata: Metadata) -> None:
    import tifffile  # noqa: PLC0415  # 0.2 s that only deep TIFFs need

    colours = frames[0].samples.shape[2] // 2 * 2 - 1 if frames[0].samples.shape[2] in (2, 4) else 3
    tags = [
        (int(tag), 2, 0, str(value), True)
        for tag, value in (metadata.exif or {}).items()
        if tag in DESCRIPTIVE_TAGS and str(value).isascii()
    ]
    memory = io.BytesIO()  # tifffile wants a file that knows its name, or one in memory
    with tifffile.TiffWriter(memory) as tiff:
        for frame in frames:
            tiff.write(
                frame.samples,
                photometric="rgb" if colours == 3 else "minisblack",
                planarconfig="contig",
                extrasamples=["unassalpha"] if frame.samples.shape[2] in (2, 4) else None,
                compression="zlib",
                resolution=metadata.dpi,
                resolutionunit="INCH",
                iccprofile=_profile(metadata, frame.samples.shape[2]),
                software=False,
                metadata=None,
                extratags=tags,
            )
    file.write(memory.getbuffer())


def _write_opencv(file: BinaryIO, samples: Samples, format: Format, metadata: Metadata) -> None:
    import cv2  # noqa: PLC0415  # 0.2 s that only deep pictures need

    order = {2: [0, 0, 0, 1], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[samples.shape[2]]
    picture = np.ascontiguousarray(samples[..., order])
    kinds, values = [], []
    if format.name == "PNG":
        profile = _profile(metadata, picture.shape[2])
        exif = metadata.exif.tobytes().removeprefix(b"Exif\0\0") if metadata.exif else None
        for kind, value in ((cv2.IMAGE_METADATA_ICCP, profile), (cv2.IMAGE_METADATA_EXIF, exif)):
            if value:
                kinds.append(kind)
                values.append(np.frombuffer(value, np.uint8))
    options = [cv2.IMWRITE_PNG_COMPRESSION, PNG_LEVEL] if format.name == "PNG" else []
    _, data = cv2.imencodeWithMetadata(format.suffixes[0], picture, kinds, values, options)
    file.write(data.tobytes())


def _profile(metadata: Metadata, samples: int) -> bytes | None:
    """Return the colour profile if it is for as many colours as are written."""
    space = {1: b"GRAY", 2: b"GRAY", 3: b"RGB ", 4: b"RGB "}[samples]
    return metadata.icc if metadata.icc and metadata.icc[16:20] == space else None
