"""What a medium offers beside its contract where long inputs are divided among processes.

Stretches of an input are filtered each by itself into pieces, and these are joined. What travels
between processes (`reaches`, facts) is made of plain values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, runtime_checkable

from convtool.block import Moment
from convtool.media.contract import Encoder, Encoding, Part, Tile


@dataclass(frozen=True)
class Piece:
    """The result of a segment, in a file of its own.

    Attributes:
        path: the file.
        count: positions of the result.
        facts: what joining needs to know beside it: a plain value of the medium.
    """

    path: Path
    count: int
    facts: Any


class Marks(Protocol):
    """Where an input can be divided."""

    @property
    def moments(self) -> Sequence[Moment]:
        """When each of its positions is shown."""

    @property
    def starts(self) -> Sequence[int]:
        """The positions from which it can be read without what comes before."""

    def reaches(self, stretches: Sequence[tuple[int, int]]) -> Sequence[Any]:
        """Return what `stretch` needs to know of stretches that follow each other.

        Args:
            stretches: the first position of each, and the one behind its last. They may overlap.
        """


class Stretched(Part, Protocol):
    """Consecutive positions of a part, whose `size` it has."""

    @property
    def prints(self) -> Mapping[int, int]:
        """Checksums of some positions, once they are read, for another stretch to have the same."""


@runtime_checkable
class Divisible(Protocol):
    """A backend whose inputs of one part can be divided, and its results joined."""

    def marks(self, source: Any) -> Marks:
        """Return where an input can be divided.

        Raises:
            IndivisibleError: nowhere.
            ReadError: it cannot be read.
        """

    def stretch(self, part: Any, reach: Any) -> Stretched:
        """Return consecutive positions of a part; reading may raise an IndivisibleError."""


class PieceEncoder(Encoder, Protocol):
    """A piece of an output being made."""

    @property
    def facts(self) -> Any:
        """What joining needs to know of it, after `close`."""


class Joiner(Encoder, Protocol):
    """An output being joined of pieces: `join` takes the place of `prepare` and `write`."""

    def join(self, pieces: Sequence[Piece], moments: Sequence[Moment]) -> None:
        """Take all pieces.

        Args:
            pieces: in order.
            moments: when the positions of the result are shown.

        Raises:
            IndivisibleError: they do not fit together.
        """


class Joined(Encoding, Protocol):
    """An encoding of a backend whose results can be joined of pieces."""

    def check_moments(self, part: Any, stride: int, moments: Sequence[Moment]) -> None:
        """Check that a result can be joined.

        Args:
            part: the input.
            stride: positions of the input per position of the result.
            moments: when the positions of the result are shown.

        Raises:
            IndivisibleError: it cannot.
        """

    def piece(self, place: BinaryIO, tiles: Sequence[Tile]) -> PieceEncoder:
        """Begin a piece of an output in a file."""

    def joiner(self, place: BinaryIO | Path, tiles: Sequence[Tile]) -> Joiner:
        """Begin an output of pieces, in a file or a folder as `open` does."""
