"""Read sounds: the whole of a file as one part, mixed to mono and resampled where that is asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media import Notes
from convtool.media.audio.libsndfile.decoder import SoundFileReader
from convtool.media.audio.libsndfile.formats import DOUBLE, FLOAT
from convtool.media.audio.streams import Reader, Samples
from convtool.options.settings import MAX_RATE, Settings

MAX_CHANNELS = 256


@dataclass(frozen=True)
class Sound:
    """The whole of a sound.

    Attributes:
        channels: the names of its channels.
        size: samples of a channel.
        levels: how they are stored.
        rate: samples a second.
        read: returns its blocks, from the first.
    """

    channels: tuple[str, ...]
    size: tuple[int]
    levels: Levels
    rate: int
    read: Callable[[int], Iterator[Samples]]

    @property
    def memory(self) -> int:
        """No more than blocks are held."""
        return 0

    def blocks(self, length: int) -> Iterator[Tensor]:
        """Yield the sound in blocks of at most `length` samples. Shape: (1, C, L), channels innermost"""
        for block in self.read(length):
            yield torch.from_numpy(block).T[None]

    def tail(self, length: int) -> Tensor:
        """Return the last `length` samples; all are read."""
        held = torch.empty(1, len(self.channels), 0, dtype=self.levels.dtype)
        for block in self.blocks(max(length, 2**16)):
            held = torch.cat([held, block], 2)[:, :, -length:]
        return held


class AudioSource(Notes):
    """A sound file.

    Args:
        file: its bytes, seekable.
        name: what messages call it.
        settings: rate and channels wanted, and what may be wrong with it.

    Raises:
        ReadError: it is no sound, or a damaged one, or holds no samples.
    """

    def __init__(self, file: BinaryIO, name: str, settings: Settings) -> None:
        super().__init__()
        self.name = name
        self._settings = settings
        self._reader = _reader(file, name)
        reader = self._reader
        if not 0 < reader.channels <= MAX_CHANNELS or not 0 < reader.rate <= MAX_RATE:
            raise ReadError(
                f"{name}: {reader.channels} channels of {reader.rate} Hz are not supported"
            )
        if reader.promised > reader.length:
            self._refuse_cut(reader.length)
        if not reader.length:
            raise ReadError(f"{name}: no samples")
        self.subtype, self.tags = reader.subtype, reader.tags
        self._sound = self._wanted()

    def parts(self) -> Iterator[Sound]:
        """Yield the sound."""
        yield self._sound

    def _wanted(self) -> Sound:
        """Return the sound as it shall be filtered."""
        reader, settings = self._reader, self._settings
        channels, levels = reader.channels, reader.levels
        read: Callable[[int], Iterator[Samples]] = self._read
        rate, length = reader.rate, reader.length
        changed = DOUBLE if levels.wide else FLOAT
        if settings.mono and channels > 1:
            read, channels, levels = self._mixed, 1, changed
        if settings.rate is not None and settings.rate != rate:
            from convtool.media.audio.resample import resampled, resampled_length  # noqa: PLC0415  # needs soxr

            steps, full, before = (rate, settings.rate), levels.scale, read
            rate, length, levels = settings.rate, resampled_length(length, *steps), changed
            read = lambda size: resampled(before(size), *steps, channels, full, changed, size)  # noqa: E731
        names = {1: ("mono",), 2: ("left", "right")}.get(
            channels, tuple(str(n) for n in range(1, channels + 1))
        )
        return Sound(names, (length,), levels, rate, read)

    def _read(self, length: int) -> Iterator[Samples]:
        """Yield the file's samples, checked. Shape: (L, C)"""
        read = 0
        blocks = self._reader.blocks(length)
        while True:
            try:
                block = next(blocks, None)
            except ReadError:
                if not self._settings.allow_truncated or not read:
                    raise
                block = None
            if block is None:
                break
            read += len(block)
            yield self._finite(block, blocks) if self._reader.levels.floats else block
        if read < self._reader.length - self._reader.slack:
            self._refuse_cut(read)
        if not read:
            raise ReadError(f"{self.name}: no samples")

    def _refuse_cut(self, held: int) -> None:
        """Refuse a file that ends early, or note what is lost where that is allowed."""
        promised, rate = self._reader.promised, self._reader.rate
        loss = f"the file is cut: {held} of {promised} samples, {held / rate:.2f} of {promised / rate:.2f} s"
        if promised == held + 1:
            loss = f"the file is cut: it ends after {held} samples, {held / rate:.2f} s, without an end"
        if not self._settings.allow_truncated:
            raise ReadError(f"{self.name}: {loss}", hint="--allow-truncated reads what there is")
        self.note(loss)

    def _finite(self, block: Samples, rest: Iterator[Samples]) -> Samples:
        """Return a block without NaN and infinite samples, or refuse the file with a count of them all."""
        broken = ~np.isfinite(block)
        if not broken.any():
            return block
        if self._settings.nan is None:
            count = int(broken.sum()) + sum(int((~np.isfinite(more)).sum()) for more in rest)
            raise ReadError(
                f"{self.name}: {count} samples are NaN or infinite",
                hint="--nan 0 reads them as silence",
            )
        block[broken] = self._settings.nan
        return block

    def _mixed(self, length: int) -> Iterator[Samples]:
        """Yield the mean of all channels, as floats. Shape: (L, 1)"""
        levels = self._reader.levels
        dtype = np.float64 if levels.wide else np.float32
        for block in self._read(length):
            yield block.mean(1, dtype, keepdims=True) / dtype(levels.scale)


def _reader(file: BinaryIO, name: str) -> Reader:
    """Open a file by libsndfile, or else by FFmpeg."""
    start = file.read(16)
    if not start:
        raise ReadError(f"{name}: the file is empty: no samples")
    try:
        return SoundFileReader(file, name)
    except ReadError as exc:
        from convtool.media.audio.ffmpeg.decoder import TrackReader  # noqa: PLC0415  # FFmpeg, that few need

        try:
            return TrackReader(file, name)
        except ReadError as other:
            known = start[:4] in (b"RIFF", b"RF64", b"fLaC", b"OggS", b"FORM", b"caff")
            raise (exc if known else other) from other
