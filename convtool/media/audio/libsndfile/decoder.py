"""Read sound files by libsndfile, block by block, as the whole numbers or floats that they store."""

import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media.audio.libsndfile.formats import BROKEN, levels_of
from convtool.media.audio.streams import Samples, Tags
from convtool.media.callbacks import CalledBack

SHIFTED = {2**7: 8, 2**23: 8}  # libsndfile puts the bits of short samples uppermost; by full scale
UNKNOWN = (
    2**31 - 2**16
)  # lengths from here on stand for 'until the end', in headers written before it was known
UNLIMITED = 2**62  # libsndfile's own word for that
CHUNKS = re.compile(
    r"^\s*(?:data|SSND|Data Size|riff|Riff size)\s*:\s*(\d+) \(should be (\d+)\)", re.MULTILINE
)
LAST_PAGE = 2**17  # bytes at the end of an Ogg file that hold its last page
END_OF_STREAM = 4  # a page's flag (RFC 3533, section 6)
PIECE = 1024  # frames that are read at once around a damaged place
MP3_SLACK = 4 * 1152  # frames that an encoder's delay may be off, and its header does not tell


class SoundFileReader:
    """A file that libsndfile reads.

    Args:
        file: its bytes, seekable.
        name: what messages call it.

    Raises:
        ReadError: libsndfile cannot read it.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._calls, self._name = file, CalledBack(file), name
        self._sound = self._open()
        if self._sound.subtype in BROKEN:
            raise ReadError(
                f"{name}: the sound cannot be read: {self._sound.subtype} is not supported"
            )
        self.rate: int = self._sound.samplerate
        self.channels: int = self._sound.channels
        self.subtype: str = self._sound.subtype
        self.levels: Levels = levels_of(self.subtype)
        self.tags: Tags = self._sound.copy_metadata()
        self.length: int = self._sound.frames
        self.promised = self._promised()
        self.slack = MP3_SLACK if self._sound.format == "MP3" else 0
        if self.length >= UNLIMITED:
            self.length = self.promised = sum(len(block) for block in self.blocks(2**20))

    def _open(self) -> soundfile.SoundFile:
        self._file.seek(0)
        try:
            return self._calls.calling(soundfile.SoundFile, self._calls)
        except (
            soundfile.SoundFileError,
            TypeError,
        ) as exc:  # no format at all: it asks for those of raw samples
            raise ReadError(f"{self._name}: the sound cannot be read: {_reason(exc)}") from exc

    def _promised(self) -> int:
        """Return how many frames the header speaks of; libsndfile takes what is there, and says so in its log."""
        for match in CHUNKS.finditer(self._sound.extra_info):
            promised, held = int(match[1]), int(match[2])
            if held < promised < UNKNOWN:
                return max(self.length + 1, round(self.length * promised / max(held, 1)))
        if self._sound.format == "OGG" and not self._has_last_page():
            return self.length + 1
        return self.length

    def _has_last_page(self) -> bool:
        """Return whether an Ogg file ends with the page that says that it is the last."""
        place = self._file.tell()
        size = self._file.seek(0, 2)
        self._file.seek(max(0, size - LAST_PAGE))
        end = self._file.read()
        self._file.seek(place)
        page = end.rfind(b"OggS")
        return 0 <= page < len(end) - 5 and bool(end[page + 5] & END_OF_STREAM)

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`. Shape: (L, C)

        Raises:
            ReadError: the file is damaged.
        """
        dtype = str(self.levels.dtype).removeprefix("torch.")
        read = 0
        try:
            self._calls.calling(self._sound.seek, 0)
            while True:
                try:
                    block = self._calls.calling(
                        self._sound.read, length, dtype=dtype, always_2d=True
                    )
                except soundfile.SoundFileError:
                    if length <= PIECE:
                        raise
                    length = PIECE  # what is whole before the damage
                    self._calls.calling(self._sound.seek, read)
                    continue
                if not len(block):
                    return
                read += len(block)
                yield self._shifted(block)
        except soundfile.SoundFileError as exc:
            raise ReadError(f"{self._name}: the sound is damaged: {_reason(exc)}") from exc
        except OSError as exc:
            raise ReadError(f"{self._name}: cannot be read: {exc.strerror}") from exc

    def _shifted(self, block: NDArray[np.generic]) -> Samples:
        shift = 0 if self.levels.floats else SHIFTED.get(self.levels.scale, 0)
        return np.right_shift(block, shift, out=block) if shift else block


def _reason(exc: Exception) -> str:
    words = getattr(exc, "error_string", "") if not isinstance(exc, TypeError) else ""
    return words.rstrip(".") or "it is damaged, or no sound"
