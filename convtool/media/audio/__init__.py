"""The audio backend: how audio files are read and written.

Importing it imports no library that decodes; those are imported when the first file is opened.
"""

from collections.abc import Container, Mapping
from typing import BinaryIO

from convtool.errors import UsageError
from convtool.media.audio.encoding import choose_encoding
from convtool.media.audio.families import READABLE
from convtool.media.audio.formats import WRITABLE, format_of
from convtool.media.audio.source import AudioPart, AudioSource
from convtool.media.contract import Backend, Encoding, Wanted
from convtool.options.reading import AudioReading

__all__ = ["BACKEND", "AudioBackend", "AudioPart", "AudioSource"]


class AudioBackend:
    """Audio files, read and written by libsndfile or FFmpeg."""

    readable: Container[str] = READABLE
    writable: Mapping[str, object] = WRITABLE
    folders: Container[str] = ()

    def check_suffix(self, suffix: str) -> None:
        """Check that outputs can have a suffix, with its dot or without.

        Raises:
            UsageError: they cannot.
        """
        key = f".{suffix.lower().removeprefix('.')}"
        if key in READABLE and key not in WRITABLE:
            raise UsageError(f"{key} can be read but not written", hint="--format m4a")
        format_of(suffix)

    def open(self, file: BinaryIO, name: str, reading: AudioReading) -> AudioSource:
        """Open an audio file, or the first audio track of a video.

        Raises:
            ReadError: it cannot be read.
        """
        return AudioSource(file, name, reading)

    def encoding(self, source: AudioSource, part: AudioPart, wanted: Wanted) -> Encoding:
        """Decide how a result is stored, nearest to how the input is.

        Raises:
            UsageError: the format lacks the subtype that is asked for.
            WriteError: the format cannot hold raw floats, and they are wanted.
        """
        return choose_encoding(source, part, wanted)


BACKEND: Backend = AudioBackend()
