"""Where the rows of a block are in the memory of a device, as the kernel takes it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

MAX_PIECES = 3  # of a block, which the kernel reads where they are
WORD = 4  # bytes
WIDEST = 4  # words that a thread reads at once


@dataclass(frozen=True)
class Piece:
    """Rows of interleaved bytes in the memory of a device.

    Attributes:
        address: of the first byte.
        rows: how many.
        pitch: bytes from one row to the next; 0 where all are the same.
    """

    address: int
    rows: int
    pitch: int


def pieces_of(pieces: Sequence[Tensor]) -> list[Piece] | None:
    """Return where the rows of a block are; None where their bytes do not follow each other.

    Shape: (C, L, W) each
    """
    found = []
    for piece in pieces:
        channels, rows, width = piece.shape
        inner = (1, channels) if channels > 1 else (piece.stride(0), 1)
        if (piece.stride(0), piece.stride(2)) != inner and width > 1:
            return None
        found.append(Piece(piece.data_ptr(), rows, piece.stride(1)))
    return found if len(found) <= MAX_PIECES else None


def words_for(pieces: Sequence[Piece], *lengths: int) -> int:
    """Return how many words a thread can read at once; 0 where not even one is aligned.

    Args:
        pieces: the rows.
        lengths: of rows that are read and written, in bytes.
    """
    numbers = [*lengths]
    for piece in pieces:
        numbers += [piece.address, piece.pitch]
    return math.gcd(WIDEST * WORD, *numbers) // WORD


def placed(pieces: Sequence[Piece]) -> tuple[int, ...]:
    """Return where rows are, as the kernel takes it: of three pieces, and of the longest."""
    first, second, third = (*pieces, *[pieces[-1]] * (MAX_PIECES - len(pieces)))
    ends = first.rows
    wholes = ends + (second.rows if len(pieces) > 1 else 0)
    main = max(pieces, key=lambda piece: piece.rows)
    before = sum(piece.rows for piece in pieces[: pieces.index(main)])
    return (
        *(first.address, second.address, third.address),
        *(first.pitch, second.pitch, third.pitch),
        *(ends, wholes),
        *(main.address - before * main.pitch, main.pitch, before, before + main.rows),
    )
