"""Collect the results of pages, as single images or grids of tiles, and encode them at the end.

It takes stored samples; scaling and rounding is the business of `levels`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import torch
from torch import Tensor

from convtool.block import Block
from convtool.convolve.geometry import Placement
from convtool.errors import ConvtoolError, WriteError
from convtool.levels import Levels, to_float, to_stored
from convtool.media.contract import Tile
from convtool.media.grid import arrange
from convtool.media.image.format import Format
from convtool.media.image.metadata import Metadata
from convtool.media.image.samples import Frame
from convtool.media.image.seen import Rows, filled
from convtool.media.image.sheet import columns, labelled
from convtool.media.policies import Notes


class ImageEncoder(Notes):
    """An image file being made.

    Args:
        file: where the bytes go.
        format: its format.
        metadata: the input's.
        sheet: begin with the input, and label all tiles.
        quality: 1 to 100, for lossy formats.

    Attributes:
        notes: what was lost on the way.
    """

    def __init__(
        self,
        file: BinaryIO,
        format: Format,
        metadata: Metadata,
        *,
        sheet: bool,
        quality: int,
    ) -> None:
        super().__init__()
        self._file, self._format, self._metadata = file, format, metadata
        self._sheet, self._quality = sheet, quality
        self._frames: list[Frame] = []
        self._part: Rows | None = None

    def begin(
        self, part: Rows, placement: Placement, levels: Levels, tiles: Sequence[Tile]
    ) -> None:
        """Start the result of a page.

        Args:
            part: the page, as its layer sees it.
            placement: the size of the result, and where its positions lie on the page.
            levels: how its samples are stored.
            tiles: what is shown of it; several make a grid.
        """
        self._finish_page()
        self._part, self._placement = part, placement
        self._levels, self._tiles = levels, self._format.layout(tiles, sheet=self._sheet)
        self._channels = sorted({channel for tile in tiles for channel in tile.channels})
        if part.weighted:
            self._channels.append(len(part.channels) - 1)
        shape = (*placement.size, len(self._channels))  # channels last, as encoders take them
        self._result = torch.empty(shape, dtype=self._levels.dtype).permute(2, 0, 1)
        self._rows = 0

    def prepare(self, block: Block) -> Tensor:
        """Return the channels that are shown. Shape: (1, C, h, W) → (C', h, W)"""
        return channels_of(block.tensor[0], self._channels)

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
        self._finish_page()
        self._drop_hidden()
        self._check_pages()
        for loss in self._format.unfit(self._frames, self._metadata):
            self.note(loss)
        height, width = self._frames[0].samples.shape[:2]
        metadata = self._metadata.fitted(width, height)
        with encoding_errors(self._format):
            self._format.save(self._file, self._frames, metadata, self._quality)

    def drop(self) -> None:
        """Release what was collected."""
        self._frames.clear()

    def _finish_page(self) -> None:
        part = self._part
        if part is None:
            return
        tiles = [
            channels_of(self._result, [self._channels.index(channel) for channel in tile.channels])
            for tile in self._tiles
        ]
        alpha = None
        if len(tiles) == 1 and not self._sheet:
            image, alpha = tiles[0], self._alpha(part)
        else:
            image = self._grid(tiles, part)
        if alpha is not None:
            image = torch.cat([image, alpha])
        samples = image.permute(1, 2, 0).numpy()
        self._frames.append(Frame(samples, alpha is not None, *part.timing))
        self._part = None

    def _alpha(self, part: Rows) -> Tensor | None:
        """Return the alpha of the result. Shape: (1, H, W)"""
        if not shows_alpha(part, self._format, self):
            return None
        return alpha_of(part, self._placement, self._result)

    def _drop_hidden(self) -> None:
        """Drop the image that is shown instead of an animation, where it cannot be held."""
        shown = [frame for frame in self._frames if not frame.hidden]
        if shown and len(shown) < len(self._frames) and not self._format.hides:
            self.note(
                "default image dropped, which is shown instead of the animation: "
                f"{self._format.name} cannot hold it"
            )
            self._frames = shown

    def _check_pages(self) -> None:
        format, count = self._format, len(self._frames)
        if count > 1 and not format.frames:
            raise WriteError(
                f"{count} images, and {format.name} holds one",
                hint="GIF, WebP, PNG and TIFF hold more",
            )
        sizes = dict.fromkeys(frame.samples.shape[:2] for frame in self._frames)
        if len(sizes) > 1 and not format.varied:
            first, second, *_ = [f"{width}×{height}" for height, width in sizes]
            raise WriteError(
                f"pages of different sizes, {first} and {second}: "
                f"{format.name} holds images of one size",
                hint="--format tif keeps each page's size",
            )

    def _grid(self, tiles: list[Tensor], part: Rows) -> Tensor:
        if not part.opaque:
            self.note("transparency dropped, a grid has none")
        white = self._levels.scale
        if self._sheet:
            given = to_stored(to_float(filled(part.pixels)[0]), self._levels.dtype)
            inputs, labels = [given], ["input"]
            if len(given) not in (1, 3):
                inputs = list(given[:, None])
                labels = [f"input {band}" for band in range(1, len(given) + 1)]
            labels += [tile.label for tile in self._tiles]
            tiles = labelled([*inputs, *tiles], labels, white)
            across = columns(len(tiles), max(tile.shape[2] for tile in tiles))
            return arrange(tiles, white, across)
        return arrange(tiles, white)


@contextmanager
def encoding_errors(format: Format) -> Iterator[None]:
    """Turn any exception of an encoder into an error in words; those of the file system pass.

    Raises:
        WriteError: one was raised.
    """
    try:
        yield
    except Exception as exc:
        is_ours = isinstance(exc, ConvtoolError)
        if is_ours or (isinstance(exc, OSError) and exc.errno is not None):
            raise  # errors of the file system are translated where the file was opened
        raise WriteError(f"the image cannot be written as {format.name}: {exc}") from exc


def shows_alpha(part: Rows, format: Format, notes: Notes) -> bool:
    """Return whether a result has alpha, and note where its format has none."""
    if not part.opaque and not format.alpha:
        notes.note(f"transparency dropped, {format.name} has none")
    return not part.opaque and format.alpha


def alpha_of(part: Rows, placement: Placement, result: Tensor, first: int = 0) -> Tensor:
    """Return the alpha of rows of a result.

    Args:
        part: the image, as its layer sees it.
        placement: where the positions of the result lie on it.
        result: the rows; of a part that is `weighted`, the last channel is its weight.
        first: the number of the first one.

    Shape: (C, h, W) → (1, h, W)
    """
    if part.weighted:
        return result[-1:]
    rows = placement.centres(0)[first : first + result.shape[1]]
    alpha = torch.from_numpy(part.pixels.alpha)[rows][:, placement.centres(1)]
    return to_stored(to_float(alpha), result.dtype)[None]


def channels_of(samples: Tensor, channels: Sequence[int]) -> Tensor:
    """Return some channels in this order, a view where they follow each other.

    Shape: (C, H, W) → (C', H, W), channels last in memory
    """
    first = channels[0]
    if list(channels) == list(range(first, first + len(channels))):
        return samples.narrow(0, first, len(channels))
    return samples.permute(1, 2, 0)[..., list(channels)].permute(2, 0, 1)
