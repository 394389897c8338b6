"""Encode audio files with libsndfile, block by block.

It takes stored samples; scaling and rounding are done before.
"""

import contextlib
from collections.abc import Sequence
from typing import Any, BinaryIO

import numpy as np
import soundfile

from convtool.block import Block
from convtool.convolve.geometry import Placement
from convtool.errors import WriteError
from convtool.media.audio.formats import BROKEN_SUBTYPES, Format
from convtool.media.audio.layout import FEW_MASKS, alac_order, inverse, vorbis_order
from convtool.media.audio.libsndfile.beside import complete, wrapped
from convtool.media.audio.metadata.model import Metadata
from convtool.media.audio.rate import stored_rate
from convtool.media.audio.source import AudioPart
from convtool.media.audio.streams import Samples, split
from convtool.media.audio.subtypes import levels_of, padding_bits
from convtool.media.callbacks import CallbackFile
from convtool.media.policies import Notes
from convtool.sizes import counted

MAX_WAV = 2**32 - 2**16  # bytes that the header of a WAV file can count
VORBIS_BLOCK = 2**14  # samples; libsndfile's Vorbis encoder keeps those of one call on the stack


def available_subtypes(format: Format) -> set[str]:
    """Return all subtypes of a format that libsndfile writes right."""
    return set(soundfile.available_subtypes(format.name)) - set(BROKEN_SUBTYPES)


class AudioEncoder(Notes):
    """An audio file being made.

    Args:
        file: where its bytes go, open for reading, too.
        format: its format.
        subtype: how it stores samples.
        channels: those of the layer that it holds, in this order.
        layout: the mask of its channels; 0 where it states none.
        metadata: what it holds beside samples.
    """

    def __init__(
        self,
        file: BinaryIO,
        format: Format,
        subtype: str,
        channels: Sequence[int],
        layout: int,
        metadata: Metadata,
    ) -> None:
        super().__init__()
        self._file = file
        self._callbacks = CallbackFile(wrapped(file, format.name, layout, metadata))
        self._format, self._subtype = format, subtype
        self._levels = levels_of(subtype)
        self._layout, self._metadata = layout, metadata
        places = inverse(_order(format.name, subtype, len(channels)))
        self._channels = [channels[place] for place in places or range(len(channels))]
        self._handle: Any = None

    def begin(self, part: AudioPart, placement: Placement, *_: object) -> None:
        """Write the header of a result.

        Args:
            part: the input's.
            placement: the result's length, and its stride on the part.

        Raises:
            WriteError: the format cannot hold as many channels or samples per second.
        """
        rate = stored_rate(part, placement, self)
        self._handle = self._open(self._header(placement.size[0]), rate)

    def _header(self, length: int) -> str:
        """Return libsndfile's name of the header for a result of a length."""
        if self._format.name != "WAV":
            return self._format.name
        count = len(self._channels)
        beside = [picture.data for picture in self._metadata.pictures]
        beside += [chunk.data for chunk in self._metadata.chunks]
        if length * count * self._levels.dtype.itemsize + sum(map(len, beside)) > MAX_WAV:
            self.note("stored as RF64, the WAV format for more than 4 GB")
            return "RF64"
        return "WAV" if self._layout == FEW_MASKS.get(count) else "WAVEX"

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
            result = f"{counted(count, 'channel')} at {rate} Hz as {self._subtype}"
            raise WriteError(
                f"{self._format.title} cannot hold {result}",
                hint=_hint(self._subtype),
            ) from exc

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
        floats_in_ogg = self._format.name == "OGG" and self._levels.floats
        length = VORBIS_BLOCK if floats_in_ogg else max(1, len(prepared))
        for samples in split(prepared, length):
            self._callbacks.call(self._handle.write, samples)

    def close(self) -> None:
        """Encode what is left, complete the header, and add what stands behind the samples."""
        self._callbacks.call(self._handle.close)
        complete(self._file, self._format.name, self._layout, self._metadata)

    def drop(self) -> None:
        """Release the file, complete or not."""
        if self._handle is not None:
            with contextlib.suppress(OSError):  # it was raised before
                self._callbacks.call(self._handle.close)


def _order(format: str, subtype: str, channels: int) -> list[int] | None:
    """Return where each channel stands in a file."""
    if format == "OGG":
        return vorbis_order(channels)
    return alac_order(channels) if subtype == "ALAC_16" else None


def _hint(subtype: str) -> str:
    if subtype == "OPUS":
        return "--rate 48000, --mono or another --format"
    return "--rate, --mono or another --format"
