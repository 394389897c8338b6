"""Decode audio files with libsndfile, block by block, to the integers or floats that they store."""

import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import soundfile

from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media.audio.header import read_header
from convtool.media.audio.known import FORMATS, SUBTYPES
from convtool.media.audio.layout import alac_masks, alac_order
from convtool.media.audio.metadata.flac import MAGIC
from convtool.media.audio.metadata.id3 import HEAD as ID3_HEAD
from convtool.media.audio.metadata.id3 import tag_length
from convtool.media.audio.streams import Samples, numpy_dtype
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
REASONS = {  # by words of libsndfile's messages
    "not recognised": "unknown format",
    "unsupported encoding": "its encoding is not supported",
    "'data' chunk": "it has no samples",
}
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

    slack = 0
    flaw = ""
    notes = ()

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self._callbacks = CallbackFile(file)
        self._handle = self._open()
        self.subtype: str = self._handle.subtype
        if self.subtype not in SUBTYPES or self._handle.format not in FORMATS:
            found = f"{self.subtype} in {self._handle.format}"
            raise self._error(f"{found} is not supported")
        self.rate: int = self._handle.samplerate
        self.channels: int = self._handle.channels
        self.levels: Levels = levels_of(self.subtype)
        position = file.tell()
        header = read_header(file, self.channels)
        file.seek(position)  # where libsndfile has left it
        self.layout, self.metadata, self._order = header.layout, header.metadata, header.order
        if self.subtype == "ALAC_16" and self.channels > 2:
            self.layout = alac_masks().get(self.channels, 0)
            self._order = alac_order(self.channels)
        self.length: int = self._handle.frames
        self.declared: int | None = self._declared()
        if self.length >= UNKNOWN_LENGTH:
            self.length = sum(len(block) for block in self.blocks(COUNTING_BLOCK))
            self.declared = self.length

    def _open(self) -> soundfile.SoundFile:
        self._refuse_mpeg()
        self._file.seek(0)
        try:
            return self._callbacks.call(soundfile.SoundFile, self._callbacks)
        except soundfile.SoundFileError as exc:
            raise self._error(_reason(exc)) from exc
        except TypeError as exc:  # raised for unknown formats, which might be raw samples
            raise self._error("unknown format") from exc

    def _refuse_mpeg(self) -> None:
        """Check that libsndfile does not take the file for an MP3.

        Its decoder writes to standard error, takes damaged frames, and trusts wrong tables.
        """
        self._file.seek(0)
        length = tag_length(self._file.read(ID3_HEAD))
        self._file.seek(length)
        start = self._file.read(4)
        if start != MAGIC and (length or (start[:1] == b"\xff" and start[1:2] >= b"\xe0")):
            raise self._error("unknown format")

    def _error(self, reason: str) -> ReadError:
        return ReadError(f"{self._name}: the audio cannot be read: {reason}")

    def _declared(self) -> int:
        """Return how many samples the header declares."""
        for match in CHUNK_SIZES.finditer(self._handle.extra_info):
            declared, found = int(match[1]), int(match[2])
            if found < declared < UNKNOWN_BYTES:
                return max(self.length + 1, round(self.length * declared / max(found, 1)))
        return self.length

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`.

        Shape: (L, C)

        Raises:
            ReadError: the file is damaged.
        """
        read = 0
        try:
            for block in self._blocks(length):
                read += len(block)
                yield block
        except soundfile.SoundFileError as exc:
            problem = f"it cannot be decoded from {read / self.rate:.2f} s on"
            raise ReadError(f"{self._name}: the audio is damaged: {problem}") from exc
        except ReadError:  # of a store, in words already
            raise
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
        if shift:
            np.right_shift(block, shift, out=block)
        return block if self._order is None else block[:, self._order]


def _reason(error: soundfile.SoundFileError) -> str:
    """Return what an error of libsndfile means for a user."""
    text = getattr(error, "error_string", "")
    return next((reason for part, reason in REASONS.items() if part in text), "it is damaged")
