"""Read audio files: each is one part, mixed to mono and resampled where that is asked for."""

from collections.abc import Iterator
from typing import BinaryIO

import torch
from torch import Tensor

from convtool.block import AXIS, Block
from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media.audio.checked import CheckedStream
from convtool.media.audio.families import open_decoder
from convtool.media.audio.layout import MONO, names
from convtool.media.audio.streams import AudioStream, MonoStream
from convtool.media.audio.tables import open_table
from convtool.media.policies import Notes
from convtool.options.reading import MAX_RATE, AudioReading
from convtool.sizes import counted

MAX_CHANNELS = 256
CHANNEL_NAMES = {1: ("mono",), 2: ("left", "right")}
TAIL_BLOCK = 2**16  # samples


class AudioPart:
    """The whole of an audio file.

    Args:
        stream: its samples.
        layout: the mask of its channels; 0 where their positions are not known.

    Attributes:
        channels: the names of its channels: those of their positions, or else numbers.
        layout: the mask.
        size: samples per channel.
        levels: how they are stored.
        rate: samples per second.
        memory: bytes held while it is read: none, beside its blocks.
    """

    memory = 0

    def __init__(self, stream: AudioStream, layout: int) -> None:
        numbers = tuple(str(number) for number in range(1, stream.channels + 1))
        positions = names(layout) or numbers
        self.channels: tuple[str, ...] = CHANNEL_NAMES.get(stream.channels, positions)
        self.layout = layout
        self.size = (stream.length,)
        self.levels: Levels = stream.levels
        self.rate = stream.rate
        self._stream = stream

    def blocks(self, length: int, *, company: bool = False) -> Iterator[Block]:
        """Yield the audio in blocks of at most `length` samples.

        They have no times: the rate tells them.

        Shape: (1, C, L), channels innermost
        """
        del company  # audio has none
        for samples in self._stream.blocks(length):
            yield Block(torch.from_numpy(samples).T[None], self.levels)

    def tail(self, length: int) -> Tensor:
        """Return the last `length` samples; all are read.

        Shape: (1, C, length)
        """
        tail = torch.empty(1, len(self.channels), 0, dtype=self.levels.dtype)
        for block in self.blocks(max(length, TAIL_BLOCK)):
            tail = torch.cat([tail, block.tensor], AXIS)[:, :, -length:]
        return tail


class AudioSource(Notes):
    """An audio file, opened.

    Args:
        file: its bytes, seekable.
        name: the input's name, for messages.
        reading: the rate and the channels that are wanted, and what may be wrong with the file.

    Attributes:
        subtype: how the file stores samples, by libsndfile's name.
        rate: its samples per second, before any resampling.
        metadata: what it says beside its samples.

    Raises:
        ReadError: it is not an audio file, damaged, or without samples.
    """

    def __init__(self, file: BinaryIO, name: str, reading: AudioReading) -> None:
        super().__init__()
        decoder = open_table(file, name, reading) or open_decoder(file, name)
        rate, channels = decoder.rate, decoder.channels
        if not 0 < channels <= MAX_CHANNELS or not 0 < rate <= MAX_RATE:
            raise ReadError(f"{name}: {counted(channels, 'channel')} at {rate} Hz: not supported")
        self.subtype, self.rate, self.metadata = decoder.subtype, rate, decoder.metadata
        for note in decoder.notes:
            self.note(note)
        stream = _converted(CheckedStream(decoder, name, reading, self), reading)
        layout = decoder.layout if stream.channels == channels else MONO
        self._part = AudioPart(stream, layout)

    def parts(self) -> Iterator[AudioPart]:
        """Yield the only part."""
        yield self._part


def _converted(stream: AudioStream, reading: AudioReading) -> AudioStream:
    """Return a stream mixed to mono and resampled, where that is asked for."""
    if reading.mono and stream.channels > 1:
        stream = MonoStream(stream)
    if reading.rate is None or reading.rate == stream.rate:
        return stream
    from convtool.media.audio.resample import ResampledStream  # noqa: PLC0415  # imports soxr

    return ResampledStream(stream, reading.rate)
