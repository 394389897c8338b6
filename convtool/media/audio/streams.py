"""What the ways to read sounds have in common; each is a room of its own."""

from collections.abc import Iterator
from typing import Any, Protocol

from numpy.typing import NDArray

from convtool.levels import Levels

Samples = NDArray[Any]
Tags = dict[str, str]


class Reader(Protocol):
    """A sound file, opened.

    Attributes:
        rate: samples a second.
        channels: how many.
        length: samples of a channel; estimated where only decoding would tell.
        promised: how many the file speaks of.
        slack: how many of these may be missing from a whole file.
        subtype: how it stores samples, by libsndfile's name.
        levels: how its blocks do.
        tags: title, artist and so on.
    """

    rate: int
    channels: int
    length: int
    promised: int
    slack: int
    subtype: str
    levels: Levels
    tags: Tags

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples, from the first, in blocks of at most `length`. Shape: (L, C)

        Raises:
            ReadError: the file is damaged.
        """
