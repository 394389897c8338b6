"""Write sounds by libsndfile, block by block. It takes stored samples; scaling and rounding is `levels`' business."""

import contextlib
from collections.abc import Sequence
from typing import BinaryIO

import numpy as np
import soundfile
from torch import Tensor

from convtool.errors import WriteError
from convtool.layers.build import Layer
from convtool.levels import Levels
from convtool.media.audio.libsndfile.decoder import SHIFTED
from convtool.media.audio.libsndfile.formats import Format
from convtool.media.audio.source import AudioSource, Sound
from convtool.media.audio.streams import Samples
from convtool.media.callbacks import CalledBack

MAX_WAV = 2**32 - 2**16  # bytes of samples beyond which a WAV's header cannot count
PIECE = (
    2**14
)  # frames that are encoded at once: libsndfile's Vorbis encoder keeps a call's samples on the stack


class AudioSink:
    """A sound file being made.

    Args:
        file: where the bytes go.
        format: its format.
        subtype: how it stores samples.
        channels: the layer's channels that it holds, in this order.
        levels: how blocks store samples.
        source: the input, for its tags.
    """

    def __init__(
        self,
        file: BinaryIO,
        format: Format,
        subtype: str,
        channels: Sequence[int],
        levels: Levels,
        source: AudioSource,
    ) -> None:
        self._calls, self._format, self._subtype = CalledBack(file), format, subtype
        self._channels, self._levels, self._source = list(channels), levels, source
        self._sound: soundfile.SoundFile | None = None

    def begin(self, part: Sound, layer: Layer) -> None:
        """Start the result of a sound, which is filtered by `layer`.

        Raises:
            WriteError: the format cannot hold so many channels or samples a second.
        """
        exact = part.rate / layer.conv.stride[0]
        rate = max(1, round(exact))
        if rate != exact:
            self._source.note(f"{exact:g} samples a second stored as {rate}")
        name = self._format.name
        bytes_ = layer.output_size(part.size)[0] * len(self._channels) * self._levels.dtype.itemsize
        if name == "WAV" and bytes_ > MAX_WAV:
            name = "RF64"
            self._source.note("stored as RF64, a WAV for more than 4 GB")
        elif name == "WAV" and len(self._channels) > 2:
            name = "WAVEX"
        try:
            self._sound = self._calls.calling(
                soundfile.SoundFile,
                self._calls,
                "w",
                rate,
                len(self._channels),
                self._subtype,
                format=name,
            )
        except soundfile.SoundFileError as exc:
            what = f"{len(self._channels)} channels of {rate} Hz as {self._subtype}"
            raise WriteError(
                f"{self._format.name} cannot hold {what}: {exc.args[-1]}",
                hint="--rate, --mono or another --format",
            ) from exc
        for key, value in self._source.tags.items():
            self._tag(key, value)

    def _tag(self, key: str, value: str) -> None:
        try:
            setattr(self._sound, key, value)
        except (soundfile.SoundFileError, AttributeError):  # a format without this tag
            self._source.note(f"the tag '{key}' dropped, {self._format.name} has none")

    def prepare(self, block: Tensor) -> Samples:
        """Return the samples that are written of all of the layer's results. Shape: (1, C, L) → (L, C')"""
        samples = block[0].T
        if self._channels != list(range(samples.shape[1])):
            samples = samples[:, self._channels]
        array: Samples = samples.contiguous().numpy()
        shift = 0 if self._levels.floats else SHIFTED.get(self._levels.scale, 0)
        return np.left_shift(array, shift) if shift else array

    def write(self, prepared: Samples) -> None:
        """Take the next samples. Shape: (L, C')"""
        assert self._sound is not None
        size = PIECE if self._levels.floats and self._format.name == "OGG" else len(prepared)
        for start in range(0, len(prepared), size or 1):
            self._calls.calling(self._sound.write, prepared[start : start + size])

    def close(self) -> None:
        """Encode what is left, and complete the header."""
        assert self._sound is not None
        self._calls.calling(self._sound.close)

    def drop(self) -> None:
        """Let go of the file."""
        if self._sound is not None:
            with contextlib.suppress(OSError):  # it was raised before
                self._calls.calling(self._sound.close)
