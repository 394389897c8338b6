"""What a medium must offer: a Source of parts, and an Encoding that opens Encoders.

A Source yields *parts*: the frames of an animation or the pages of a TIFF one by one, the whole of
an audio file or a video. A part yields blocks along its leading axis. An Encoding is the one
decision about an output: how samples are stored, what it takes, what is lost. An Encoder takes the
parts' results in the same order. Errors of foreign libraries are translated inside the media.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

from torch import Tensor

from convtool.block import Block
from convtool.convolve.geometry import Placement
from convtool.levels import Levels
from convtool.options.output import Output


class Part(Protocol):
    """One image of a file, or the whole of an audio file or a video."""

    @property
    def channels(self) -> tuple[str, ...]:
        """The channels' names, as they stand in output names."""

    @property
    def size(self) -> tuple[int, ...]:
        """The spatial size, leading axis first; its first number may be an estimate."""

    @property
    def levels(self) -> Levels:
        """How its samples are stored."""

    @property
    def rate(self) -> float | None:
        """Positions per second along the leading axis; None where there is no time."""

    @property
    def memory(self) -> int:
        """An estimate of the bytes held while it is read, beside its blocks."""

    def blocks(self, length: int, *, company: bool = False) -> Iterator[Block]:
        """Yield the part in blocks of at most `length` positions, from its beginning.

        Args:
            length: positions along the leading axis.
            company: also read what lies beside the samples; it arrives in the blocks.
        """

    def tail(self, length: int) -> Tensor:
        """Return the last `length` positions along the leading axis."""


@runtime_checkable
class Transparent(Protocol):
    """A part with transparency, which layers see in one of several ways."""

    def seen_by(self, *, sees_neighbours: bool, smooths: bool) -> Part:
        """Return the part as a layer should see it; see `weighted`.

        Args:
            sees_neighbours: results depend on more than the sample at their own place.
            smooths: each result is a weighted mean of its channel's neighbours.
        """


def weighted(part: Part) -> bool:
    """Return whether the last channel is the weight by which the others are multiplied."""
    return getattr(part, "weighted", False)


def tick(part: Part) -> float:
    """Return the seconds per tick of the times of a part's blocks; 1 where they have none."""
    return getattr(part, "tick", 1.0)


class Source(Protocol):
    """An input file, opened; its parts can be asked for more than once.

    Attributes:
        notes: what a user should know of it: conversions, losses.
    """

    notes: list[str]

    def parts(self) -> Iterator[Part]:
        """Yield the parts in order."""


@dataclass(frozen=True)
class Tile:
    """One cell of an output: a channel in grey, three in colour, or all bands of an image."""

    label: str
    channels: tuple[int, ...]


@dataclass(frozen=True)
class Wanted:
    """What is wanted of an output.

    Attributes:
        suffix: of its name, which decides the format.
        options: the output options of the medium.
        raw: raw floats are wanted, as `--normalize none` asks for.
        size: the result's spatial size.
        tiles: what an output shows; where a job has several outputs, those of one of them.
    """

    suffix: str
    options: Output
    raw: bool
    size: tuple[int, ...]
    tiles: tuple[Tile, ...]


class Encoder(Protocol):
    """An output file being made.

    Attributes:
        notes: what was lost on the way; complete after `close`.
    """

    notes: list[str]

    def begin(self, part: Any, placement: Placement, levels: Levels, tiles: Sequence[Tile]) -> None:
        """Start the result of a part.

        Args:
            part: the input's, as the layer sees it; results of one that is `weighted` end with
                their weight.
            placement: the size of the result, and where its positions lie on the part.
            levels: how its samples are stored.
            tiles: what is shown of it.
        """

    def prepare(self, block: Block) -> Any:
        """Return what `write` takes of the next block of the result, all channels of the layer.

        It may be called in a thread of its own, blocks ahead of `write`.
        """

    def write(self, prepared: Any) -> None:
        """Take what `prepare` made of the next block."""

    def close(self) -> None:
        """Encode what is left, and complete the output."""

    def drop(self) -> None:
        """Release the file, complete or not; called last in any case."""


class Encoding(Protocol):
    """The one decision about an output: everything downstream follows from it.

    Attributes:
        levels: how samples of the result are stored.
        memory: an estimate of the bytes that one output holds while it is made.
        notes: what the output cannot carry, as far as is known before it is made.
    """

    @property
    def levels(self) -> Levels:
        """How samples of the result are stored."""

    @property
    def memory(self) -> int:
        """An estimate of the bytes that one output holds while it is made."""

    @property
    def notes(self) -> Sequence[str]:
        """What the output cannot carry, as far as is known before it is made."""

    def open(self, place: BinaryIO | Path, tiles: Sequence[Tile]) -> Encoder:
        """Begin an output.

        Args:
            place: a file open for reading and writing, or an empty folder where outputs are
                folders.
            tiles: what it shows of the first part.
        """


class Backend(Protocol):
    """How files of a medium are read and written; imported when the first file is opened.

    Attributes:
        readable: suffixes of files that are found in folders.
        writable: suffixes that outputs can have, each with its format.
        folders: those of outputs that are folders of many files.
    """

    readable: Container[str]
    writable: Mapping[str, object]
    folders: Container[str]

    def check_suffix(self, suffix: str) -> None:
        """Check that outputs can have a suffix, with its dot or without.

        Raises:
            UsageError: they cannot.
        """

    def open(self, file: BinaryIO, name: str, reading: Any) -> Source:
        """Open an input.

        Args:
            file: its bytes, seekable.
            name: what messages call it.
            reading: the medium's reading options.

        Raises:
            ReadError: it cannot be read.
        """

    def encoding(self, source: Any, part: Any, wanted: Wanted) -> Encoding:
        """Decide how the result of a part is stored, nearest to how the part itself is.

        Args:
            source: of this backend.
            part: one of its parts.
            wanted: what is wanted.

        Raises:
            UsageError: an option does not fit the format.
            WriteError: the format cannot hold what is wanted.
        """
