"""Decode MP3 files with FFmpeg's decoder, frame by frame as they stand in the file."""

from collections.abc import Iterator
from typing import Any, BinaryIO

import av

from convtool.errors import ReadError
from convtool.levels import Levels
from convtool.media.audio.containers.mpeg import Part, Scan, scan
from convtool.media.audio.containers.mpeg_frames import frame
from convtool.media.audio.ffmpeg.samples import Unpacker
from convtool.media.audio.joined import joined_note, refuse_change
from convtool.media.audio.layout import IMPLIED
from convtool.media.audio.metadata.ape import MAGIC as APE
from convtool.media.audio.metadata.ape import parse_ape, parse_id3v1
from convtool.media.audio.metadata.id3 import MAGIC as ID3
from convtool.media.audio.metadata.id3 import parse_id3
from convtool.media.audio.metadata.model import Metadata
from convtool.media.audio.streams import Samples, first_samples, regroup, without_first
from convtool.media.audio.subtypes import levels_of
from convtool.media.callbacks import iterate_outside_main_thread
from convtool.sizes import counted

SUBTYPES = {1: "MPEG_LAYER_I", 2: "MPEG_LAYER_II", 3: "MPEG_LAYER_III"}
SHORT = 4  # bytes of a frame's header
CODECS = {1: "mp1float", 2: "mp2float", 3: "mp3float"}


class MpegDecoder:
    """An MP3 file, possibly joined of several.

    Args:
        file: its bytes, seekable.
        name: the input's name, for messages.

    Raises:
        ReadError: it holds no frames, or its rate or channels change.
    """

    slack = 0

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        found = scan(file)
        if not found.parts:
            problem = "no samples" if found.tags else "the audio cannot be read: no MP3 frames"
            raise ReadError(f"{name}: {problem}")
        self._parts = found.parts
        layer, self.rate, self.channels = found.parts[0].kind
        self._refuse_changes()
        self.layout = IMPLIED[self.channels]
        self.subtype = SUBTYPES[layer]
        self._codec = CODECS[layer]
        self.levels: Levels = levels_of(self.subtype)
        self.metadata, self.notes = _metadata(file, found)
        self.length = sum(part.length for part in found.parts)
        cut = self.length + 1 if any(part.cut for part in found.parts) else self.length
        self.declared: int | None = max(cut, self.length + found.parts[-1].missing)
        self.flaw = (
            f"no audio in {counted(found.skipped, 'byte')} between frames" if found.skipped else ""
        )

    def _refuse_changes(self) -> None:
        first, seconds = self._parts[0].kind, 0.0
        for part in self._parts:
            layer, rate, channels = part.kind
            changes = (("layer", first[0], layer), ("channels", first[2], channels))
            refuse_change(self._name, "sample rate", f"{first[1]} Hz", f"{rate} Hz", seconds)
            for what, own, other in changes:
                refuse_change(self._name, f"number of {what}", str(own), str(other), seconds)
            seconds += part.length / first[1]

    def blocks(self, length: int) -> Iterator[Samples]:
        """Yield all samples in blocks of at most `length`.

        Shape: (L, C)

        Raises:
            ReadError: the file is damaged.
        """
        codec = av.CodecContext.create(self._codec, "r")
        parts = (self._samples(part, codec) for part in self._parts)
        joined = (block for part in parts for block in part)
        yield from iterate_outside_main_thread(regroup(joined, length))

    def _samples(self, part: Part, codec: Any) -> Iterator[Samples]:
        """Yield the samples of a part without those that the encoder added."""
        decoded = self._decoded(part, codec)
        yield from first_samples(without_first(decoded, part.delay), part.length)

    def _decoded(self, part: Part, codec: Any) -> Iterator[Samples]:
        unpacker = None
        for number, start in enumerate(part.starts):
            try:
                frames = codec.decode(av.Packet(_frame_at(self._file, start)))
            except av.FFmpegError as exc:
                problem = f"frame {number + 1} of {len(part.starts)} cannot be decoded"
                raise ReadError(f"{self._name}: the audio is damaged: {problem}") from exc
            for decoded in frames:
                unpacker = unpacker or Unpacker(codec, self._name)
                yield unpacker.samples(decoded)


def _frame_at(file: BinaryIO, start: int) -> bytes:
    file.seek(start)
    head = file.read(SHORT)
    found = frame(head)
    assert found is not None
    return head + file.read(found.length - SHORT)


def _metadata(file: BinaryIO, found: Scan) -> tuple[Metadata, tuple[str, ...]]:
    """Return the metadata of the first part, and notes on those of others."""
    parts = found.parts
    ends = [part.start for part in parts[1:]] + [file.seek(0, 2)]
    kinds: list[Metadata] = []
    start = 0
    for part, end in zip(parts, ends, strict=True):
        tags = [tag for tag in found.tags if start <= tag[0] < end]
        kinds.append(_tags(file, tags, part.start))
        # An ID3v2 tag between two parts belongs to the second.
        leading = [place for place, _ in tags if place >= part.start and _is_id3(file, place)]
        start = min(leading, default=end)
    return kinds[0], joined_note(kinds)


def _is_id3(file: BinaryIO, place: int) -> bool:
    file.seek(place)
    return file.read(3) == ID3


def _tags(file: BinaryIO, tags: list[tuple[int, int]], start: int) -> Metadata:
    """Return what tags hold of a part that begins at a position."""
    metadata = Metadata()
    for place, length in tags:
        file.seek(place)
        content = file.read(length)
        if content.startswith(ID3) and place < start:
            metadata = metadata.and_also(parse_id3(content))
        elif content.startswith(APE):
            metadata = metadata.and_also(parse_ape(content))
        elif content.startswith(b"TAG"):
            metadata = metadata.and_also(parse_id3v1(content))
    return metadata
