"""Decode the first audio track of a file with FFmpeg (PyAV)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import av
from av.container import InputContainer

from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media.audio.ffmpeg.metadata import read_metadata
from convtool.media.audio.ffmpeg.samples import Unpacker
from convtool.media.audio.header import read_header
from convtool.media.audio.known import DEMUXERS
from convtool.media.audio.metadata.ilst import read_ilst
from convtool.media.audio.metadata.model import Metadata
from convtool.media.audio.streams import Samples, first_samples, regroup
from convtool.media.callbacks import iterate_outside_main_thread
from convtool.media.ffmpeg import open_container

TIMED = ("mov", "matroska", "asf", "avi", "flv")  # containers that declare the lengths of tracks
SLACK = 8192  # samples that the delay and the padding of an encoder may take
COUNTING_BLOCK = 2**20


class TrackDecoder:
    """The first audio track of a file that FFmpeg decodes.

    Args:
        file: its bytes, seekable.
        name: the input's name, for messages.

    Raises:
        ReadError: FFmpeg cannot read it, or it has no audio track.
    """

    slack = SLACK
    flaw = ""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        with self._opened() as container:
            stream = container.streams.audio[0]
            if stream.codec_context is None:
                raise ReadError(f"{name}: the audio cannot be read: unknown codec")
            unpacker = Unpacker(stream.codec_context, name)
            self.rate, self.channels = unpacker.rate, unpacker.channels
            self.layout, self.subtype = unpacker.layout, unpacker.subtype
            self.levels: Levels = unpacker.levels
            self.metadata, self.notes = self._metadata(container), _notes(container)
            duration = _duration(container, stream)
            self._exact = _states_samples(container, stream)
        self.length = round(duration * self.rate) or self._count()
        self.declared = self.length

    @contextmanager
    def _opened(self) -> Iterator[InputContainer]:
        with open_container(self._file, self._name, "audio", tuple(DEMUXERS)) as container:
            if not container.streams.audio:
                raise ReadError(f"{self._name}: no audio track")
            yield container

    def _metadata(self, container: InputContainer) -> Metadata:
        """Return the metadata, by our own readers where there is one."""
        if "mov" in container.format.name:
            return read_ilst(self._file).and_also(read_metadata(container))
        own = read_header(self._file, self.channels).metadata
        return read_metadata(container) if own == Metadata() else own

    def _count(self) -> int:
        """Return the number of samples, all decoded."""
        self._exact = False
        return sum(len(block) for block in self.blocks(COUNTING_BLOCK))

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`.

        Shape: (L, C)

        Raises:
            ReadError: the file is damaged.
        """
        with self._opened() as container:
            unpacker = Unpacker(container.streams.audio[0].codec_context, self._name)
            arrays = self._arrays(container, unpacker)
            kept = first_samples(arrays, self.length) if self._exact else arrays
            yield from iterate_outside_main_thread(regroup(kept, length))

    def _arrays(self, container: InputContainer, unpacker: Unpacker) -> Iterator[Samples]:
        """Yield the samples of each frame."""
        read = 0
        try:
            for frame in container.decode(audio=0):
                read += frame.samples
                yield unpacker.samples(frame)
        except av.FFmpegError as exc:
            problem = f"it cannot be decoded from {read / self.rate:.2f} s on"
            raise ReadError(f"{self._name}: the audio is damaged: {problem}") from exc


def _notes(container: InputContainer) -> tuple[str, ...]:
    """Return a note where a file has more audio than its first track."""
    count = len(container.streams.audio)
    return (f"the first of {count} audio tracks is read",) if count > 1 else ()


def _states_samples(container: InputContainer, stream: av.AudioStream) -> bool:
    """Return whether the duration of a track is stated in samples, without an encoder's padding."""
    base = stream.time_base
    return "mov" in container.format.name and base is not None and base * stream.rate == 1


def _duration(container: InputContainer, stream: av.AudioStream) -> float:
    """Return the seconds that a container declares for a track, 0 where it declares none."""
    timed = any(name in container.format.name for name in TIMED)
    if not timed or not stream.duration or not stream.time_base:
        return 0
    return float(stream.duration * stream.time_base)
