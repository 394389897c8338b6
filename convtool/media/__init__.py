"""What the three media have in common: their defaults, and what a Source and a Sink must offer.

A Source yields *parts*: the frames of an animation or the pages of a TIFF one by one, the whole of a sound or a
film. A part yields *blocks* along its leading axis, tensors of stored samples of shape NCL, NCHW or NCDHW.
A Sink takes parts and blocks in the same order. Errors of foreign libraries are translated in these rooms.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

import torch
from torch import Tensor

from convtool.settings import OutputSettings, Settings


@dataclass(frozen=True)
class Medium:
    """The defaults of one medium.

    Attributes:
        name: the command's name.
        dims: 1, 2 or 3.
        padding_mode: how inputs go on beyond their ends.
        random_channels: output channels of a random layer; 0 for as many as the input has.
    """

    name: str
    dims: int
    padding_mode: str
    random_channels: int


MEDIA = {
    medium.dims: medium
    for medium in (
        Medium("audio", 1, "zeros", 0),
        Medium("image", 2, "replicate", 4),
        Medium("video", 3, "replicate", 3),
    )
}


class Part(Protocol):
    """One picture of a file, or the whole of a sound or a film."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels' names, as they stand in output names."""

    @property
    def size(self) -> tuple[int, ...]:
        """The spatial size, leading axis first."""

    @property
    def dtype(self) -> torch.dtype:
        """The type of the stored samples."""

    def blocks(self, length: int) -> Iterator[Tensor]:
        """Yield the part in blocks of at most `length` along the leading axis."""

    def tail(self, length: int) -> Tensor:
        """Return the last `length` samples along the leading axis."""


class Source(Protocol):
    """An input file; its parts can be asked for more than once."""

    notes: list[str]

    def parts(self) -> Iterator[Part]:
        """Yield the parts in order."""


class Sink(Protocol):
    """An output file being made."""

    def begin(self, part: Any, centres: Sequence[Tensor], dtype: torch.dtype) -> None:
        """Start the result of `part`.

        Args:
            part: what is filtered.
            centres: for each axis, the input's sample that each output sample is centred on.
            dtype: the type of the result's samples.
        """

    def write(self, block: Tensor) -> None:
        """Take the next block of the result, all channels of the layer."""

    def close(self) -> None:
        """Encode what is left."""


@dataclass(frozen=True)
class Tile:
    """One picture of an output file: a single channel in grey, or three in colour."""

    label: str
    channels: tuple[int, ...]


class Room(Protocol):
    """What `pipeline` needs of a medium."""

    medium: Medium

    def open_source(self, file: BinaryIO, name: str, settings: Settings) -> Source:
        """Open an input."""

    def stored_dtype(self, source: Any, wanted: torch.dtype, suffix: str, output: OutputSettings) -> torch.dtype:
        """Return the sample type nearest to `wanted` that outputs with this suffix have."""

    def open_sink(
        self, file: BinaryIO, suffix: str, tiles: Sequence[Tile], source: Any, output: OutputSettings
    ) -> Sink:
        """Open an output."""
