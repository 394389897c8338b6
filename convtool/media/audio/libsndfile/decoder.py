"""Decode audio files with libsndfile, block by block, to the integers or floats that they store."""

import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import soundfile

from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media.audio.libsndfile.formats import BROKEN_SUBTYPES
from convtool.media.audio.streams import Samples, Tags, numpy_dtype
from convtool.media.audio.subtypes import levels_of, padding_bits
from convtool.media.callbacks import CallbackFile

# Headers written before the length was known have lengths from here on, up to 2**32 - 1.
UNKNOWN_BYTES = 2**31 - 2**16
UNKNOWN_LENGTH = 2**62  # libsndfile's own length from here on says the same
# libsndfile takes the bytes that are there, and logs how many the header declares.
CHUNK_SIZES = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)",
    re.MULTILINE,
)
OGG_PAGE_BYTES = 2**17  # at the end of an Ogg file; they hold its last page
END_OF_STREAM = 4  # a flag of the last page (RFC 3533, section 6)
MP3_SLACK = 4 * 1152  # samples that the delay of an encoder may take, which MP3 headers lack
COUNTING_BLOCK = 2**20
DAMAGED_BLOCK = 1024  # samples decoded at once to come close to a damaged place


class SndfileDecoder:
    """A file that libsndfile decodes.

    Args:
        file: its bytes, seekable.
        name: the input's name, for messages.

    Raises:
        ReadError: libsndfile cannot read it.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self._callbacks = CallbackFile(file)
        self._handle = self._open()
        self.subtype: str = self._handle.subtype
        if self.subtype in BROKEN_SUBTYPES:
            raise self._error(f"{self.subtype} is not supported")
        self.rate: int = self._handle.samplerate
        self.channels: int = self._handle.channels
        self.levels: Levels = levels_of(self.subtype)
        self.tags: Tags = self._handle.copy_metadata()
        self.slack = MP3_SLACK if self._handle.format == "MP3" else 0
        self.length: int = self._handle.frames
        self.declared = self._declared()
        if self.length >= UNKNOWN_LENGTH:
            self.length = sum(len(block) for block in self.blocks(COUNTING_BLOCK))
            self.declared = self.length

    def _open(self) -> soundfile.SoundFile:
        self._file.seek(0)
        try:
            return self._callbacks.call(soundfile.SoundFile, self._callbacks)
        except soundfile.SoundFileError as exc:
            raise self._error(_reason(exc)) from exc
        except TypeError as exc:  # raised for unknown formats, which might be raw samples
            raise self._error("unknown format") from exc

    def _error(self, reason: str) -> ReadError:
        return ReadError(f"{self._name}: the audio cannot be read: {reason}")

    def _declared(self) -> int | None:
        """Return how many samples the header declares, None where an end marker is missing."""
        for match in CHUNK_SIZES.finditer(self._handle.extra_info):
            declared, found = int(match[1]), int(match[2])
            if found < declared < UNKNOWN_BYTES:
                return max(self.length + 1, round(self.length * declared / max(found, 1)))
        if self._handle.format == "OGG" and not self._has_end_of_stream():
            return None
        return self.length

    def _has_end_of_stream(self) -> bool:
        """Return whether the last page of an Ogg file is marked as the last."""
        position = self._file.tell()
        size = self._file.seek(0, 2)
        self._file.seek(max(0, size - OGG_PAGE_BYTES))
        content = self._file.read()
        self._file.seek(position)
        page = content.rfind(b"OggS")
        if not 0 <= page < len(content) - 5:
            return False
        return bool(content[page + 5] & END_OF_STREAM)

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`.

        Shape: (L, C)

        Raises:
            ReadError: the file is damaged.
        """
        try:
            yield from self._blocks(length)
        except soundfile.SoundFileError as exc:
            raise ReadError(f"{self._name}: the audio is damaged: {_reason(exc)}") from exc
        except OSError as exc:
            raise ReadError(f"{self._name}: cannot be read: {exc.strerror}") from exc

    def _blocks(self, length: int) -> Iterator[Samples]:
        read = 0
        self._callbacks.call(self._handle.seek, 0)
        while True:
            try:
                block = self._decode(length)
            except soundfile.SoundFileError:
                if length <= DAMAGED_BLOCK:
                    raise
                length = DAMAGED_BLOCK  # again, for the samples before the damage
                self._callbacks.call(self._handle.seek, read)
                continue
            if not len(block):
                return
            read += len(block)
            yield block

    def _decode(self, length: int) -> Samples:
        dtype = numpy_dtype(self.levels).name
        block: Samples = self._callbacks.call(
            self._handle.read, length, dtype=dtype, always_2d=True
        )
        shift = padding_bits(self.levels)
        return np.right_shift(block, shift, out=block) if shift else block


def _reason(error: soundfile.SoundFileError) -> str:
    return getattr(error, "error_string", "").rstrip(".") or "it is damaged"
