"""Where the part of an input that is shown begins and ends, for what lies beside its frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Self

from convtool.media.video.carried import Chapter
from convtool.media.video.read import VideoSource

TICKS = 1_000_000_000  # per second, of chapters


@dataclass(frozen=True)
class Window:
    """A part of an input.

    Attributes:
        offset: the second, after the first frame of the input, that is the output's first.
        length: seconds that it lasts; None to the end of the input.
        cut: it does not begin with the input.
        begin: the second of the input's own clock at which it begins.
    """

    offset: Fraction
    length: Fraction | None
    cut: bool
    begin: Fraction

    @classmethod
    def of(cls, source: VideoSource) -> Self:
        """Return the part of an input that is asked for."""
        selection = source.selection
        length = None if selection.end is None else selection.end - selection.start
        header = source.header
        cut = selection.start > 0
        offset = selection.start - header.lead
        return cls(offset, length, cut, offset + header.origin)

    def skips(self, packet: Any, *, timed: bool = True) -> bool:
        """Return whether a packet that stays as it is lies outside.

        Audio may begin before zero, while its decoder starts up.

        Args:
            packet: PyAV's packet.
            timed: the output states its time; otherwise the first one is played at the beginning,
                and should be the nearest to it.
        """
        ticks = packet.dts if packet.pts is None else packet.pts
        if not packet.size or ticks is None:
            return not packet.size
        time = ticks * packet.time_base - self.offset
        is_late = self.length is not None and time >= self.length
        early = -time if timed else -time - (packet.duration or 0) * packet.time_base / 2
        return bool(is_late or (self.cut and early > 0))

    def chapters(self, chapters: tuple[Chapter, ...]) -> list[Any]:
        """Return the chapters inside, by the clock of the output, as PyAV takes them."""
        return list(self._chapters(chapters))

    def _chapters(self, chapters: tuple[Chapter, ...]) -> Iterator[dict[str, Any]]:
        number = 0
        for chapter in chapters:
            start = max(Fraction(0), chapter.start - self.begin)
            end = chapter.end - self.begin
            if self.length is not None:
                end = min(end, self.length)
            if end <= start and self._is_part:
                continue
            number += 1
            yield {
                "id": number,
                "start": round(start * TICKS),
                "end": round(end * TICKS),
                "time_base": Fraction(1, TICKS),
                "metadata": dict(chapter.metadata),
            }

    @property
    def _is_part(self) -> bool:
        return self.cut or self.length is not None
