"""What is known of a part once its samples are let go: all that texts and figures need.

A decoded image is large, and outcomes wait for each other: nothing may hold it longer than its run.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Never

from convtool.levels import Levels
from convtool.media.contract import Part, weighted
from convtool.run.state import Work


@dataclass(frozen=True)
class Described:
    """A part that cannot be read any more.

    Attributes:
        channels: as of every Part.
        size: the same.
        levels: the same.
        rate: the same.
        memory: nothing is held.
        weighted: as of a transparent part that a layer sees.
    """

    channels: tuple[str, ...]
    size: tuple[int, ...]
    levels: Levels
    rate: float | None
    weighted: bool
    memory: int = 0

    @classmethod
    def of(cls, part: Part) -> "Described":
        """Return what is known of a part."""
        return cls(part.channels, part.size, part.levels, part.rate, weighted(part))

    def blocks(self, length: int, *, company: bool = False) -> Never:
        """Fail: its samples are gone. That is a fault of the program."""
        raise ValueError(f"{length} positions of what is only described, {company=}")

    def tail(self, length: int) -> Never:
        """Fail: its samples are gone. That is a fault of the program."""
        raise ValueError(f"the last {length} positions of what is only described")


@dataclass
class DescribedSource:
    """A source that has no parts any more.

    Attributes:
        notes: of the source.
    """

    notes: list[str] = field(default_factory=list)

    def parts(self) -> Iterator[Part]:
        """Yield nothing."""
        return iter(())


def described(work: Work) -> Work:
    """Return the work on a part without its samples."""
    part, seen = Described.of(work.part), Described.of(work.seen)
    return replace(work, source=DescribedSource(work.source.notes), part=part, seen=seen)
