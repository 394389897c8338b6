"""Files that were joined of several, such as chained Ogg files, as one decoder."""

from collections.abc import Iterator, Sequence

from convtool.errors import ReadError
from convtool.media.audio.layout import title
from convtool.media.audio.metadata.model import Metadata
from convtool.media.audio.streams import AudioDecoder, Samples, regroup


class JoinedDecoder:
    """Decoders of parts that follow each other.

    Args:
        parts: at least one.
        name: the input's name, for messages.
        ended: the last part is complete.
        flaw: what is wrong with the file; empty where nothing is.

    Raises:
        ReadError: the sample rate or the channels change.
    """

    def __init__(
        self, parts: Sequence[AudioDecoder], name: str, *, ended: bool = True, flaw: str = ""
    ) -> None:
        first = parts[0]
        self._parts = parts
        self.rate, self.channels, self.levels = first.rate, first.channels, first.levels
        self.layout, self.subtype, self.metadata = first.layout, first.subtype, first.metadata
        self._refuse_changes(name)
        self.flaw = flaw or next((part.flaw for part in parts if part.flaw), "")
        self.slack = sum(part.slack for part in parts)
        self.length = sum(part.length for part in parts)
        declared = [part.declared for part in parts]
        whole = ended and None not in declared
        self.declared = sum(count or 0 for count in declared) if whole else None
        self.notes = (*first.notes, *joined_note([part.metadata for part in parts]))

    def _refuse_changes(self, name: str) -> None:
        seconds = 0.0
        for part in self._parts:
            refuse_change(name, "sample rate", f"{self.rate} Hz", f"{part.rate} Hz", seconds)
            own, other = str(self.channels), str(part.channels)
            refuse_change(name, "number of channels", own, other, seconds)
            if part.layout != self.layout:
                own, other = title(self.layout), title(part.layout)
                refuse_change(name, "channel layout", own, other, seconds)
            if part.levels != self.levels:
                refuse_change(name, "sample format", self.subtype, part.subtype, seconds)
            seconds += part.length / self.rate

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`.

        Shape: (L, C)

        Raises:
            ReadError: the file is damaged.
        """
        if len(self._parts) == 1:
            yield from self._parts[0].blocks(length)
            return
        blocks = (block for part in self._parts for block in part.blocks(length))
        yield from regroup(blocks, length)


def refuse_change(name: str, what: str, before: str, after: str, seconds: float) -> None:
    """Check that what was so stays so within a file.

    Raises:
        ReadError: it changes.
    """
    if before != after:
        change = f"its {what} changes from {before} to {after} at {seconds:.2f} s"
        raise ReadError(f"{name}: the audio cannot be read: {change}")


def joined_note(parts: Sequence[Metadata]) -> tuple[str, ...]:
    """Return a note where joined files have metadata of their own."""
    others = [part for part in parts[1:] if not _same(part, parts[0])]
    if not others:
        return ()
    return (f"{len(parts)} files joined to one: only the tags of the first are kept",)


def _same(part: Metadata, first: Metadata) -> bool:
    return part == Metadata() or part == first
