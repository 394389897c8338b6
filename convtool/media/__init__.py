"""What the three media have in common: their defaults, and what a Source and a Sink must offer.

A Source yields *parts*: the frames of an animation or the pages of a TIFF one by one, the whole of a sound or a
film. A part yields *blocks* along its leading axis, tensors of stored samples of shape NCL, NCHW or NCDHW.
A Sink takes parts and blocks in the same order. Errors of foreign libraries are translated in these rooms.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, TypeVar

from torch import Tensor

from convtool.errors import UsageError
from convtool.layers.build import Layer
from convtool.levels import Levels
from convtool.options.settings import OutputSettings, Settings

T = TypeVar("T")


@dataclass(frozen=True)
class Medium:
    """The defaults of one medium.

    Attributes:
        name: the command's name.
        dims: 1, 2 or 3.
        padding_mode: how inputs go on beyond their ends.
        random_channels: output channels of a random layer; 0 for as many as the input has.
        single: what a channel that is made of all others is called.
        overlapped: reading, filtering and writing are each worth a thread.
    """

    name: str
    dims: int
    padding_mode: str
    random_channels: int
    single: str = "l"
    overlapped: bool = False


MEDIA = {
    medium.dims: medium
    for medium in (
        Medium("audio", 1, "zeros", 0, single="mono"),
        Medium("image", 2, "replicate", 4),
        Medium("video", 3, "replicate", 3, overlapped=True),
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
    def levels(self) -> Levels:
        """How its samples are stored."""

    @property
    def rate(self) -> float | None:
        """Samples a second along the leading axis; None where there is no time."""

    @property
    def memory(self) -> int:
        """About how many bytes are held while it is read, beside its blocks."""

    def blocks(self, length: int) -> Iterator[Tensor]:
        """Yield the part in blocks of at most `length` along the leading axis."""

    def tail(self, length: int) -> Tensor:
        """Return the last `length` samples along the leading axis."""


class Notes:
    """What a user should know of an input.

    Attributes:
        notes: what was said, in order.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        """Say something, once."""
        if text not in self.notes:
            self.notes.append(text)


def named(suffix: str, known: Mapping[str, T], problem: str) -> T:
    """Return what `.png` or `png` stands for.

    Args:
        suffix: with or without its dot, in any case.
        known: by suffixes with a dot.
        problem: what to say where it is none of them.

    Raises:
        UsageError: it is none of them.
    """
    key = f".{suffix.lower().removeprefix('.')}"
    if key not in known:
        raise UsageError(f"{problem} '{suffix}'", hint=f"there are {' '.join(known)}")
    return known[key]


class Source(Protocol):
    """An input file; its parts can be asked for more than once."""

    notes: list[str]

    def parts(self) -> Iterator[Part]:
        """Yield the parts in order."""


class Sink(Protocol):
    """An output file being made."""

    def begin(self, part: Any, layer: Layer) -> None:
        """Start the result of `part`, which is filtered by `layer`."""

    def prepare(self, block: Tensor) -> Any:
        """Return what `write` takes of the next block of the result, all channels of the layer.

        It may be called by a thread of its own, blocks ahead of `write`.
        """

    def write(self, prepared: Any) -> None:
        """Take what `prepare` made of the next block."""

    def close(self) -> None:
        """Encode what is left, and complete the output."""

    def drop(self) -> None:
        """Let go of the file, complete or not; called at the end in any case."""


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

    def stored(
        self, source: Any, part: Any, suffix: str, output: OutputSettings, *, raw: bool
    ) -> Levels:
        """Return how outputs with this suffix store the result of a part, nearest to how it is stored itself.

        Raises:
            WriteError: `raw` floats are wanted, and they cannot.
        """

    def memory(
        self, source: Any, part: Any, size: Sequence[int], suffix: str, tiles: Sequence[Tile], levels: Levels,
        output: OutputSettings,
    ) -> int:  # fmt: skip
        """Return about how many bytes an output holds while it is made, of results of this spatial size."""

    def open_sink(
        self,
        file: Any,
        suffix: str,
        tiles: Sequence[Tile],
        source: Any,
        levels: Levels,
        output: OutputSettings,
    ) -> Sink:
        """Open an output, in a file or in a folder of its own."""
