"""Decide how results are stored by libsndfile: the format, and its subtype nearest to the input's.

Nothing after this decision looks at suffixes or options again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import soundfile

from convtool.errors import UsageError, WriteError
from convtool.levels import Levels
from convtool.media.audio.libsndfile.encoder import AudioEncoder
from convtool.media.audio.libsndfile.formats import BROKEN_SUBTYPES, Format, format_of
from convtool.media.audio.streams import Tags
from convtool.media.audio.subtypes import bits, levels_of
from convtool.media.contract import Tile, Wanted
from convtool.options.output import AudioOutput


@dataclass(frozen=True)
class AudioEncoding:
    """How results are stored in an audio file.

    Attributes:
        format: the file's format.
        subtype: how it stores samples, by libsndfile's name.
        levels: how the encoder takes them.
        tags: of the input.
        memory: bytes held while an output is made: none, beside the blocks.
        notes: what is lost.
    """

    format: Format
    subtype: str
    levels: Levels
    tags: Tags
    memory: int = 0
    notes: tuple[str, ...] = ()

    def open(self, place: BinaryIO | Path, tiles: Sequence[Tile]) -> AudioEncoder:
        """Begin a file that holds the channels of all tiles."""
        if isinstance(place, Path):
            raise TypeError("audio outputs are files, not folders")
        channels = [channel for tile in tiles for channel in tile.channels]
        return AudioEncoder(place, self.format, self.subtype, channels, self.levels, self.tags)


def choose_encoding(subtype: str, tags: Tags, wanted: Wanted) -> AudioEncoding:
    """Decide how a result is stored.

    Args:
        subtype: of the input.
        tags: of the input.
        wanted: what is wanted of the output.

    Raises:
        UsageError: the format lacks the subtype that is asked for.
        WriteError: raw floats are wanted, and the subtype has integers.
    """
    assert isinstance(wanted.options, AudioOutput)
    format = format_of(wanted.suffix)
    asked = wanted.options.subtype
    if asked is None:
        chosen = _nearest(format, subtype, raw=wanted.raw)
    else:
        chosen = _checked(format, asked)
    levels = levels_of(chosen)
    if wanted.raw and not levels.floats:
        raise WriteError(
            f"--normalize none writes raw floats, which {chosen} in {wanted.suffix} cannot hold",
            hint="--format wav",
        )
    notes: tuple[str, ...] = ()
    if asked is None and bits(chosen) < bits(subtype):
        notes = (f"{subtype} stored as {chosen} in {format.name}",)
    return AudioEncoding(format, chosen, levels, tags, notes=notes)


def _nearest(format: Format, subtype: str, *, raw: bool) -> str:
    """Return the subtype that keeps most of another, of floats where raw ones are wanted."""
    nearest = format.nearest(subtype)
    if not raw or levels_of(nearest).floats:
        return nearest
    return next((own for own in format.subtypes if levels_of(own).floats), nearest)


def _checked(format: Format, asked: str) -> str:
    """Return libsndfile's name of the subtype that is asked for."""
    name = asked.upper().replace("-", "_")
    available = set(soundfile.available_subtypes(format.name)) - set(BROKEN_SUBTYPES)
    if name not in available:
        known = " ".join(sorted(available)).lower()
        raise UsageError(f"{format.name} has no subtype '{asked}'", hint=f"known: {known}")
    return name
