"""Numbers in memory as an input, taken as they are; results are float64, and nothing is written.

It is the backend of `numbers.medium_of_numbers`, beside those of media with files.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from convtool.block import AXIS, Block
from convtool.levels import Levels, of
from convtool.media.contract import Encoder, Tile, Wanted
from convtool.media.policies import Notes

FLOATS = of(torch.float64)


class ArrayPart:
    """An array as a part.

    Args:
        array: float64, of shape (C, *S).
        rate: positions of the leading axis per second, where it is time.

    Attributes:
        channels: their numbers, from 1.
        size: the spatial size.
        levels: float64.
        memory: bytes that it holds.
    """

    levels: Levels = FLOATS

    def __init__(self, array: NDArray[np.float64], rate: float | None = None) -> None:
        self.rate = rate
        self.channels = tuple(str(number) for number in range(1, len(array) + 1))
        self.size = array.shape[1:]
        self.memory = array.nbytes
        self.tensor = torch.from_numpy(np.ascontiguousarray(array))[None]

    def blocks(self, length: int, *, company: bool = False) -> Iterator[Block]:
        """Yield the array in blocks of at most `length` positions."""
        del company  # there is none
        for piece in torch.split(self.tensor, length, AXIS):
            yield Block(piece, self.levels)

    def tail(self, length: int) -> Tensor:
        """Return the last `length` positions along the leading axis."""
        return self.tensor[:, :, self.size[0] - min(length, self.size[0]) :]


class ArraySource(Notes):
    """An array as an input of one part.

    Args:
        array: float64, of shape (C, *S).
        rate: positions of the leading axis per second, where it is time.
    """

    def __init__(self, array: NDArray[np.float64], rate: float | None = None) -> None:
        super().__init__()
        self._part = ArrayPart(array, rate)

    def parts(self) -> Iterator[ArrayPart]:
        """Yield the part."""
        yield self._part


@dataclass(frozen=True)
class ArrayEncoding:
    """How results would be stored: as they are."""

    levels: Levels = FLOATS
    memory: int = 0
    notes: tuple[str, ...] = ()

    def open(self, place: BinaryIO | Path, tiles: Sequence[Tile]) -> Encoder:
        """Refuse to write."""
        raise NotImplementedError  # nobody writes them


class ArrayBackend:
    """The backend of numbers, which no file holds."""

    readable: frozenset[str] = frozenset()
    writable: dict[str, object] = {}  # noqa: RUF012  # as the contract has it
    folders: frozenset[str] = frozenset()

    def check_suffix(self, suffix: str) -> None:
        """Accept any: nothing is written."""

    def open(self, file: BinaryIO, name: str, reading: Any) -> ArraySource:
        """Refuse to read: arrays are given."""
        raise NotImplementedError

    def encoding(self, source: Any, part: Any, wanted: Wanted) -> ArrayEncoding:
        """Return that results are stored as they are."""
        del source, part, wanted
        return ArrayEncoding()


BACKEND = ArrayBackend()
