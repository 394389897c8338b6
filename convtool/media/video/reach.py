"""Which frames of a video a segment reads, and from which packet on. Numbers only."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from convtool.block import Moment

Numbers = frozenset[int]

COMPARED = 8  # frames at the beginning of a segment that the one before decodes as well


class Key(NamedTuple):
    """A key frame: its packet.

    Attributes:
        shown: its tick on screen, counted from the first frame.
        decoded: the tick of decoding.
    """

    shown: int
    decoded: int


@dataclass(frozen=True)
class Reach:
    """Consecutive frames of a video.

    Attributes:
        key: the packet that decoding begins with; None where it begins with the file.
        position: the number of the first frame.
        ticks: when each frame is shown that is decoded.
        count: how many of them are filtered; the others are only compared.
        compared: the numbers of the frames whose samples are compared with another segment's.
        last: no frame follows.
    """

    key: Key | None
    position: int
    ticks: tuple[int, ...]
    count: int
    compared: Numbers = frozenset()
    last: bool = False

    def narrowed(self, start: int, stop: int) -> Self:
        """Return the frames from one number up to another, decoded from the same packet on."""
        first = start - self.position
        ticks = self.ticks[first : stop - self.position]
        last = self.last and stop - self.position == len(self.ticks)
        return replace(
            self, position=start, ticks=ticks, count=stop - start, compared=frozenset(), last=last
        )


@dataclass(frozen=True)
class Marks:
    """What the packets of a video tell of its frames, before any is decoded.

    Attributes:
        ticks: of the frames that are asked for, by which their packets name them.
        moments: when they are shown.
        keys: the packets that decoding can begin with, in order.
    """

    ticks: tuple[int, ...]
    moments: tuple[Moment, ...]
    keys: tuple[Key, ...]

    @property
    def starts(self) -> list[int]:
        """The numbers of the frames that are key frames."""
        places = {tick: number for number, tick in enumerate(self.ticks)}
        return [places[key.shown] for key in self.keys if key.shown in places]

    def reaches(self, stretches: Sequence[tuple[int, int]]) -> list[Reach]:
        """Return what each of several segments reads.

        The first frames of each are decoded by the one before as well, for both to be compared.

        Args:
            stretches: the number of the first frame, and of the one behind the last, of each.
        """
        heads = [frozenset(range(start, min(start + COMPARED, stop))) for start, stop in stretches]
        heads.append(frozenset())
        heads[0] = frozenset()
        return [
            self._reach(start, stop, heads[number], heads[number + 1])
            for number, (start, stop) in enumerate(stretches)
        ]

    def _reach(
        self, start: int, stop: int, own: frozenset[int], following: frozenset[int]
    ) -> Reach:
        end = max([stop, *(number + 1 for number in following)])
        return Reach(
            self._key(start) if start else None,
            start,
            self.ticks[start:end],
            stop - start,
            own | following,
            last=stop == len(self.ticks),
        )

    def _key(self, start: int) -> Key:
        """Return the last packet from which a frame can be decoded."""
        shown = [key.shown for key in self.keys]
        return self.keys[bisect_right(shown, self.ticks[start]) - 1]
