"""Decode the first audio track of a file with FFmpeg (PyAV)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import av
from av.container import InputContainer

from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media.audio.streams import Samples, Tags, regroup
from convtool.media.audio.subtypes import levels_of
from convtool.media.callbacks import iterate_outside_main_thread
from convtool.media.ffmpeg import open_container

DEMUXERS = (
    "aac",
    "ac3",
    "aiff",
    "amr",
    "ape",
    "asf",
    "avi",
    "caf",
    "dts",
    "eac3",
    "flac",
    "flv",
    "matroska",
    "mov",
    "mp3",
    "mpeg",
    "mpegts",
    "ogg",
    "tta",
    "w64",
    "wav",
    "wv",
)
# By a codec's sample format: the packed format that it is converted to, and the subtype of that.
PACKED = {
    "u8": ("s16", "PCM_16"),
    "s16": ("s16", "PCM_16"),
    "s32": ("s32", "PCM_32"),
    "dbl": ("dbl", "DOUBLE"),
}
FLOATS = ("flt", "FLOAT")  # for all other formats
TIMED = ("mov", "matroska", "asf", "avi", "flv")  # containers that declare the lengths of tracks
TAG_NAMES = {"track": "tracknumber"}  # libsndfile's names where FFmpeg has others
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

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        with self._opened() as container:
            stream = container.streams.audio[0]
            codec = stream.codec_context
            if codec is None:
                raise ReadError(f"{name}: the audio cannot be read: unknown codec")
            self.rate: int = codec.sample_rate
            self.channels: int = codec.layout.nb_channels
            self._layout = codec.layout
            self._format, packed = _packed(codec)
            self.levels: Levels = levels_of(packed)
            self.subtype = _subtype(codec, packed)
            self.tags: Tags = _tags(container)
            duration = _duration(container, stream)
        self.length = round(duration * self.rate) or self._count()
        self.declared = self.length

    @contextmanager
    def _opened(self) -> Iterator[InputContainer]:
        with open_container(self._file, self._name, "audio", DEMUXERS) as container:
            if not container.streams.audio:
                raise ReadError(f"{self._name}: no audio track")
            yield container

    def _count(self) -> int:
        """Return the number of samples, all decoded."""
        return sum(len(block) for block in self.blocks(COUNTING_BLOCK))

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`.

        Shape: (L, C)

        Raises:
            ReadError: the file is damaged.
        """
        with self._opened() as container:
            frames = iterate_outside_main_thread(self._frames(container))
            arrays = (frame.to_ndarray().reshape(-1, self.channels) for frame in frames)
            yield from regroup(arrays, length)

    def _frames(self, container: InputContainer) -> Iterator[av.AudioFrame]:
        """Yield the decoded frames in the packed format."""
        packer = av.AudioResampler(self._format, self._layout, self.rate)
        for frame in container.decode(audio=0):
            frame.pts = None  # with damaged times, the packer would fill gaps
            yield from packer.resample(frame)
        yield from packer.resample(None)


def _packed(codec: av.AudioCodecContext) -> tuple[str, str]:
    """Return the packed format that a codec's samples are converted to, and its subtype."""
    if not codec.format:
        return FLOATS
    return PACKED.get(codec.format.name.removesuffix("p"), FLOATS)


def _subtype(codec: av.AudioCodecContext, packed: str) -> str:
    """Return how a codec stores samples: lossy ones are named, and count as 16 bits."""
    if packed != "FLOAT" or codec.name.startswith("pcm"):
        return packed
    return codec.codec.canonical_name.upper()


def _tags(container: InputContainer) -> Tags:
    """Return the tags of a container by libsndfile's names."""
    tags = {key.lower(): value for key, value in container.metadata.items()}
    return {TAG_NAMES.get(key, key): value for key, value in tags.items()}


def _duration(container: InputContainer, stream: av.AudioStream) -> float:
    """Return the seconds that a container declares for a track, 0 where it declares none."""
    timed = any(name in container.format.name for name in TIMED)
    if not timed or not stream.duration or not stream.time_base:
        return 0
    return float(stream.duration * stream.time_base)
