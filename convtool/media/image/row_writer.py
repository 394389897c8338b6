"""Write an image row by row: what a format offers for it, and rows gathered into bands."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from convtool.media.image.samples import Samples


class RowWriter(Protocol):
    """A file of one image whose rows follow each other."""

    def write(self, rows: Samples) -> None:
        """Write the next rows, alpha last. Shape: (h, W, C)"""

    def close(self) -> None:
        """Write what is left, and complete the file."""


class Bands:
    """Rows, gathered into bands of one height.

    Args:
        height: rows of a band.
    """

    def __init__(self, height: int) -> None:
        self._height = height
        self._held: list[Samples] = []
        self._count = 0

    def add(self, rows: Samples) -> Iterator[Samples]:
        """Take rows, and yield the bands that are full. Shape: (h, W, C) → (height, W, C)"""
        start = 0
        while self._count + len(rows) - start >= self._height:
            end = start + self._height - self._count
            self._held.append(rows[start:end])
            yield from self.rest()
            start = end
        if start < len(rows):
            self._held.append(rows[start:])
            self._count += len(rows) - start

    def rest(self) -> Iterator[Samples]:
        """Yield the rows that no band was full of, if there are any. Shape: (h, W, C)"""
        if self._held:
            yield self._held[0] if len(self._held) == 1 else np.concatenate(self._held)
        self._held, self._count = [], 0
