"""Encode audio files with libsndfile, block by block.

It takes stored samples; scaling and rounding are done before.
"""

import contextlib
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import soundfile

from convtool.block import Block
from convtool.convolve.geometry import Placement
from convtool.errors import WriteError
from convtool.levels import Levels
from convtool.media.audio.libsndfile.formats import Format
from convtool.media.audio.source import AudioPart
from convtool.media.audio.streams import Samples, Tags, split
from convtool.media.audio.subtypes import padding_bits
from convtool.media.callbacks import CallbackFile
from convtool.media.policies import Notes

MAX_WAV = 2**32 - 2**16  # bytes of samples that the header of a WAV file can count
VORBIS_BLOCK = 2**14  # samples; libsndfile's Vorbis encoder keeps those of one call on the stack


class AudioEncoder(Notes):
    """An audio file being made.

    Args:
        file: where its bytes go.
        format: its format.
        subtype: how it stores samples.
        channels: those of the layer that it holds, in this order.
        levels: how blocks store samples.
        tags: of the input.
    """

    def __init__(
        self,
        file: BinaryIO,
        format: Format,
        subtype: str,
        channels: Sequence[int],
        levels: Levels,
        tags: Tags,
    ) -> None:
        super().__init__()
        self._callbacks = CallbackFile(file)
        self._format, self._subtype = format, subtype
        self._channels, self._levels, self._tags = list(channels), levels, tags
        self._handle: soundfile.SoundFile | None = None

    def begin(self, part: AudioPart, placement: Placement, *_: object) -> None:
        """Write the header of a result.

        Args:
            part: the input's.
            placement: the result's length, and its stride on the part.

        Raises:
            WriteError: the format cannot hold as many channels or samples per second.
        """
        exact = part.rate / placement.stride[0]
        rate = max(1, round(exact))
        if rate != exact:
            self.note(f"{exact:g} samples per second stored as {rate}")
        self._handle = self._open(self._header(placement.size[0]), rate)
        for key, value in self._tags.items():
            self._tag(key, value)

    def _header(self, length: int) -> str:
        """Return libsndfile's name of the header for a result of a length."""
        if self._format.name != "WAV":
            return self._format.name
        count = len(self._channels)
        if length * count * self._levels.dtype.itemsize > MAX_WAV:
            self.note("stored as RF64, the WAV format for more than 4 GB")
            return "RF64"
        return "WAVEX" if count > 2 else "WAV"

    def _open(self, header: str, rate: int) -> soundfile.SoundFile:
        count = len(self._channels)
        try:
            return self._callbacks.call(
                soundfile.SoundFile,
                self._callbacks,
                "w",
                rate,
                count,
                self._subtype,
                format=header,
            )
        except soundfile.SoundFileError as exc:
            result = f"{count} channels at {rate} Hz as {self._subtype}"
            raise WriteError(
                f"{self._format.name} cannot hold {result}: {exc.args[-1]}",
                hint="--rate, --mono or another --format",
            ) from exc

    def _tag(self, key: str, value: str) -> None:
        try:
            setattr(self._handle, key, value)
        except (soundfile.SoundFileError, AttributeError):
            self.note(f"tag '{key}' dropped, {self._format.name} has no such tag")

    def prepare(self, block: Block) -> Samples:
        """Return the samples of this file's channels as libsndfile takes them.

        Shape: (1, C, L) → (L, C')
        """
        samples = block.tensor[0].T
        if self._channels != list(range(samples.shape[1])):
            samples = samples[:, self._channels]
        array: Samples = samples.contiguous().numpy()
        shift = padding_bits(self._levels)
        return np.left_shift(array, shift) if shift else array

    def write(self, prepared: Samples) -> None:
        """Encode the next samples.

        Shape: (L, C')
        """
        assert self._handle is not None
        floats_in_ogg = self._format.name == "OGG" and self._levels.floats
        length = VORBIS_BLOCK if floats_in_ogg else max(1, len(prepared))
        for samples in split(prepared, length):
            self._callbacks.call(self._handle.write, samples)

    def close(self) -> None:
        """Encode what is left, and complete the header."""
        assert self._handle is not None
        self._callbacks.call(self._handle.close)

    def drop(self) -> None:
        """Release the file, complete or not."""
        if self._handle is not None:
            with contextlib.suppress(OSError):  # it was raised before
                self._callbacks.call(self._handle.close)
