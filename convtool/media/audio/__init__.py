"""Sound: what `pipeline` needs to read and write it."""

from collections.abc import Sequence
from typing import Any, BinaryIO

import soundfile

from convtool.errors import UsageError, WriteError
from convtool.levels import Levels
from convtool.media import MEDIA, Sink, Tile
from convtool.media.audio.libsndfile.encoder import AudioSink
from convtool.media.audio.libsndfile.formats import BROKEN, Format, bits, format_of, levels_of
from convtool.media.audio.source import AudioSource
from convtool.options.settings import OutputSettings, Settings

__all__ = ["AudioRoom", "AudioSink", "AudioSource", "format_of"]


class AudioRoom:
    """The sound medium."""

    medium = MEDIA[1]

    def open_source(self, file: BinaryIO, name: str, settings: Settings) -> AudioSource:
        """Open a sound file."""
        return AudioSource(file, name, settings)

    def stored(
        self, source: Any, part: Any, suffix: str, output: OutputSettings, *, raw: bool
    ) -> Levels:
        """Return the levels of the subtype that is asked for, or of the one that keeps most of the input's."""
        format = format_of(suffix)
        subtype = _subtype(format, source, output, raw=raw)
        levels = levels_of(subtype)
        if raw and not levels.floats:
            raise WriteError(
                f"--normalize none writes raw floats, which {subtype} in {suffix} cannot hold",
                hint="--format wav",
            )
        if (
            output.subtype is None
            and subtype != source.subtype
            and bits(subtype) < bits(source.subtype)
        ):
            source.note(f"{source.subtype} stored as {subtype} in {format.name}")
        return levels

    def memory(
        self, source: Any, part: Any, size: Sequence[int], suffix: str, tiles: Sequence[Tile], levels: Levels,
        output: OutputSettings,
    ) -> int:  # fmt: skip
        """Return 0: no more than blocks are held."""
        return 0

    def open_sink(
        self,
        file: BinaryIO,
        suffix: str,
        tiles: Sequence[Tile],
        source: Any,
        levels: Levels,
        output: OutputSettings,
    ) -> Sink:
        """Open a sound file for writing: the channels of all tiles."""
        format = format_of(suffix)
        subtype = _subtype(format, source, output, raw=levels.floats)
        channels = [channel for tile in tiles for channel in tile.channels]
        return AudioSink(file, format, subtype, channels, levels, source)


def _subtype(format: Format, source: AudioSource, output: OutputSettings, *, raw: bool) -> str:
    if output.subtype is not None:
        asked = output.subtype.upper().replace("-", "_")
        known = [name for name in soundfile.available_subtypes(format.name) if name not in BROKEN]
        if asked not in known:
            there = " ".join(known).lower()
            raise UsageError(
                f"{format.name} has no subtype '{output.subtype}'", hint=f"it has {there}"
            )
        return asked
    nearest = format.nearest(source.subtype)
    if raw and not levels_of(nearest).floats:
        return next((own for own in format.subtypes if levels_of(own).floats), nearest)
    return nearest
