"""Write an image row by row: what a format offers for it, rows gathered into bands, and threads."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

import numpy as np
import torch

from convtool.media.image.samples import Samples

T = TypeVar("T")
R = TypeVar("R")


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


class Ahead(Generic[T, R]):
    """Work on items in threads, as many as torch uses; results are taken in order.

    Args:
        work: what is done to an item; it releases the interpreter's lock.
    """

    def __init__(self, work: Callable[[T], R]) -> None:
        self._work, self._count = work, torch.get_num_threads()
        self._threads = ThreadPoolExecutor(self._count)
        self._waiting: deque[Future[R]] = deque()

    def add(self, item: T) -> Iterator[R]:
        """Begin to work on an item, and yield results that make room for it."""
        self._waiting.append(self._threads.submit(self._work, item))
        while len(self._waiting) > self._count:
            yield self._waiting.popleft().result()

    def rest(self) -> Iterator[R]:
        """Yield all results that were not taken, and end the threads."""
        while self._waiting:
            yield self._waiting.popleft().result()
        self._threads.shutdown()
