"""Decide how results are stored: the format, its subtype nearest to the input's, and what is lost.

Nothing after this decision looks at suffixes or options again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from convtool.errors import UsageError, WriteError
from convtool.levels import Levels
from convtool.media.audio.formats import Format, format_of
from convtool.media.audio.layout import FEW_MASKS
from convtool.media.audio.metadata.model import Metadata, fitted
from convtool.media.audio.source import AudioPart, AudioSource
from convtool.media.audio.subtypes import bits, levels_of
from convtool.media.contract import Encoder, Tile, Wanted
from convtool.options.output import AudioOutput


@dataclass(frozen=True)
class AudioEncoding:
    """How results are stored in an audio file.

    Attributes:
        format: the file's format.
        subtype: how it stores samples, by libsndfile's name.
        levels: how the encoder takes them.
        layout: the mask of its channels; 0 where it states none.
        metadata: what it holds beside samples.
        memory: bytes held while an output is made: none, beside the blocks.
        notes: what is lost.
    """

    format: Format
    subtype: str
    levels: Levels
    layout: int
    metadata: Metadata
    memory: int = 0
    notes: tuple[str, ...] = ()

    def open(self, place: BinaryIO | Path, tiles: Sequence[Tile]) -> Encoder:
        """Begin a file that holds the channels of all tiles."""
        if isinstance(place, Path):
            raise TypeError("audio outputs are files, not folders")
        channels = [channel for tile in tiles for channel in tile.channels]
        if self.format.library == "FFmpeg":
            from convtool.media.audio.ffmpeg.encoder import (  # noqa: PLC0415  # imports av
                M4aEncoder,
            )

            return M4aEncoder(place, self.subtype, channels, self.layout, self.metadata)
        from convtool.media.audio.libsndfile.encoder import (  # noqa: PLC0415  # imports soundfile
            AudioEncoder,
        )

        return AudioEncoder(place, self.format, self.subtype, channels, self.layout, self.metadata)


def choose_encoding(source: AudioSource, part: AudioPart, wanted: Wanted) -> AudioEncoding:
    """Decide how a result is stored.

    Args:
        source: the input.
        part: its samples.
        wanted: what is wanted of the output.

    Raises:
        UsageError: the format lacks the subtype that is asked for.
        WriteError: raw floats are wanted, and the subtype has integers.
    """
    assert isinstance(wanted.options, AudioOutput)
    format = format_of(wanted.suffix)
    asked = wanted.options.subtype
    if asked is None:
        chosen = _nearest(format, source.subtype, raw=wanted.raw)
    else:
        chosen = _checked(format, asked)
    levels = levels_of(chosen)
    if wanted.raw and not levels.floats:
        raise WriteError(
            f"--normalize none writes raw floats, which {chosen} in {wanted.suffix} cannot hold",
            hint="--format wav",
        )
    notes: tuple[str, ...] = ()
    if asked is None and bits(chosen) < bits(source.subtype):
        notes = (f"{source.subtype} stored as {chosen} in {format.name}",)
    count = sum(len(tile.channels) for tile in wanted.tiles)
    mask = part.layout if count == len(part.channels) else FEW_MASKS.get(count, 0)
    layout, layout_notes = format.layout(mask, count, chosen)
    moved = part.rate != source.rate or wanted.size != part.size
    metadata, lost = fitted(source.metadata, format.capacity, format.title, moved=moved)
    return AudioEncoding(
        format, chosen, levels, layout, metadata, notes=(*notes, *layout_notes, *lost)
    )


def _nearest(format: Format, subtype: str, *, raw: bool) -> str:
    """Return the subtype that keeps most of another, of floats where raw ones are wanted."""
    nearest = format.nearest(subtype)
    if not raw or levels_of(nearest).floats:
        return nearest
    return next((own for own in format.subtypes if levels_of(own).floats), nearest)


def _checked(format: Format, asked: str) -> str:
    """Return libsndfile's name of the subtype that is asked for."""
    name = asked.upper().replace("-", "_")
    available = _available(format)
    if name not in available:
        known = " ".join(sorted(available)).lower()
        raise UsageError(f"{format.name} has no subtype '{asked}'", hint=f"known: {known}")
    return name


def _available(format: Format) -> set[str]:
    """Return all subtypes of a format that are written right."""
    if format.library == "FFmpeg":
        return set(format.subtypes)
    from convtool.media.audio.libsndfile.encoder import (  # noqa: PLC0415  # imports soundfile
        available_subtypes,
    )

    return available_subtypes(format)
