"""Read sounds that libsndfile cannot, and the sound tracks of films, by FFmpeg (PyAV)."""

import contextlib
from collections.abc import Iterator
from typing import BinaryIO

import av
import numpy as np

from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media.audio.libsndfile.formats import levels_of
from convtool.media.audio.streams import Samples, Tags
from convtool.media.callbacks import stepping
from convtool.media.ffmpeg import demuxed

DEMUXERS = (
    "aac", "ac3", "aiff", "amr", "ape", "asf", "avi", "caf", "dts", "eac3", "flac", "flv", "matroska", "mov", "mp3",
    "mpeg", "mpegts", "ogg", "tta", "w64", "wav", "wv",
)  # fmt: skip
# a codec's sample format: what it is converted to, and how that is stored; other formats become floats
FORMATS = {
    "u8": ("s16", "PCM_16"),
    "s16": ("s16", "PCM_16"),
    "s32": ("s32", "PCM_32"),
    "dbl": ("dbl", "DOUBLE"),
}
TIMED = ("mov", "matroska", "asf", "avi", "flv")  # containers that know how long their streams are
NAMES = {"track": "tracknumber"}  # FFmpeg's names of tags, where libsndfile has others
SLACK = 8192  # samples that delays and paddings of encoders may take


class TrackReader:
    """The first sound track of a file that FFmpeg reads.

    Args:
        file: its bytes, seekable.
        name: what messages call it.

    Raises:
        ReadError: FFmpeg cannot read it, or there is no sound in it.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        with self._opened() as container:
            stream = container.streams.audio[0]
            codec = stream.codec_context
            if codec is None:
                raise ReadError(f"{name}: the sound cannot be read: its codec is not known")
            self.rate: int = codec.sample_rate
            self.channels: int = codec.layout.nb_channels
            self._layout = codec.layout
            kind = codec.format.name.removesuffix("p") if codec.format else "flt"
            self._format, self.subtype = FORMATS.get(kind, ("flt", "FLOAT"))
            self.levels: Levels = levels_of(self.subtype)
            if self._format == "flt" and not codec.name.startswith("pcm"):
                self.subtype = (
                    codec.name.upper()
                )  # lossy: its floats are worth no more than 16 bits
            self.tags: Tags = {
                NAMES.get(key.lower(), key.lower()): value
                for key, value in container.metadata.items()
            }
            timed = any(kind in container.format.name for kind in TIMED)
            duration = (
                float(stream.duration * stream.time_base)
                if timed and stream.duration and stream.time_base
                else 0
            )
        self.slack = SLACK
        self.length = round(duration * self.rate) or sum(len(block) for block in self.blocks(2**20))
        self.promised = self.length

    @contextlib.contextmanager
    def _opened(self) -> Iterator[av.container.InputContainer]:
        with demuxed(self._file, self._name, "sound", DEMUXERS) as container:
            if not container.streams.audio:
                raise ReadError(f"{self._name}: there is no sound in it")
            yield container

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`. Shape: (L, C)

        Raises:
            ReadError: the file is damaged.
        """
        held: list[Samples] = []
        with self._opened() as container:
            for frame in stepping(self._frames(container)):
                held.append(frame.to_ndarray().reshape(-1, self.channels))
                if sum(map(len, held)) >= length:
                    joined = np.concatenate(held)
                    yield joined[:length]
                    held = [joined[length:]]
        rest = np.concatenate(held) if held else np.empty((0, self.channels))
        for start in range(0, len(rest), length):
            yield rest[start : start + length]

    def _frames(self, container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
        """Yield the decoded frames, packed."""
        packer = av.AudioResampler(self._format, self._layout, self.rate)
        for frame in container.decode(audio=0):
            frame.pts = None  # the packer would fill gaps of damaged times
            yield from packer.resample(frame)
        yield from packer.resample(None)
