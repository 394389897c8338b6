"""Collect what a video file carries beside the frames that are filtered. It judges nothing."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

from av.stream import Discard, Disposition

from convtool.media.video.holdings import Kind
from convtool.media.video.properties import Properties, file_tags, properties_of, timecode_of

KINDS = {
    "audio": Kind.AUDIO,
    "subtitle": Kind.SUBTITLES,
    "video": Kind.VIDEO,
    "attachment": Kind.ATTACHMENT,
}
WORDS = {
    Kind.AUDIO: "audio",
    Kind.SUBTITLES: "subtitles",
    Kind.VIDEO: "further video",
    Kind.COVER: "cover",
    Kind.ATTACHMENT: "attachment",
    Kind.DATA: "data stream",
}
NAMELESS = (Kind.COVER, Kind.ATTACHMENT)  # what is said of them is in their files
MIME_TYPES = {"mjpeg": "image/jpeg", "png": "image/png"}


class Shape(NamedTuple):
    """The samples of a stream of audio.

    Attributes:
        rate: samples per second.
        layout: FFmpeg's name of the order of its channels.
        channels: their number.
        width: bytes per decoded sample.
        lossless: it is stored without loss.
    """

    rate: int
    layout: str
    channels: int
    width: int
    lossless: bool


@dataclass(frozen=True)
class Beside:
    """A stream beside the video.

    Attributes:
        index: its number in the file.
        kind: what it is.
        codec: FFmpeg's name of its codec, the file name of an attachment; empty where it is
            unknown.
        label: what messages call it.
        properties: what is said of it.
        late: seconds from the beginning of the video to its own.
        shape: of audio whose codec is known.
    """

    index: int
    kind: Kind
    codec: str
    label: str
    properties: Properties
    late: Fraction = Fraction(0)
    shape: Shape | None = None


class Chapter(NamedTuple):
    """A chapter, in seconds of the input."""

    start: Fraction
    end: Fraction
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Carried:
    """All that a file carries beside its frames.

    Attributes:
        video: what is said of the video itself.
        streams: the others, in the order of the file.
        tags: of the file.
        chapters: of the file.
        timecode: of the first frame; empty where there is none.
    """

    video: Properties = field(default_factory=Properties)
    streams: tuple[Beside, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    chapters: tuple[Chapter, ...] = ()
    timecode: str = ""


def is_cover(stream: Any) -> bool:
    """Return whether a stream of video is one still image: a cover, or a thumbnail."""
    return stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)


def beside(container: Any, video: Any) -> list[Any]:
    """Return the streams of a container whose packets accompany the video."""
    return [
        stream
        for stream in container.streams
        if stream is not video and stream.type in KINDS and not _is_still(stream)
    ]


def _is_still(stream: Any) -> bool:
    return is_cover(stream) or stream.type == "attachment"


def carried(container: Any, video: Any) -> Carried:
    """Return what a file carries.

    Args:
        container: PyAV's container, opened.
        video: the stream whose frames are filtered.
    """
    chapters = tuple(_chapters(container))
    others = [
        stream
        for stream in container.streams
        if stream is not video and not _is_told_elsewhere(stream, chapters)
    ]
    timecodes = [timecode_of(stream.metadata) for stream in container.streams]
    return Carried(
        properties_of(video, video),
        tuple(_beside(stream, others, _begin(video)) for stream in others),
        file_tags(container.metadata),
        chapters,
        next((code for code in (timecode_of(container.metadata), *timecodes) if code), ""),
    )


def _is_told_elsewhere(stream: Any, chapters: tuple[Chapter, ...]) -> bool:
    """Return whether a stream of data holds only the titles of chapters, or the timecode."""
    titles = bool(chapters) and stream.discard == Discard.all
    return stream.type == "data" and (titles or bool(timecode_of(stream.metadata)))


def _chapters(container: Any) -> Iterator[Chapter]:
    for entry in container.chapters():
        base = entry["time_base"]
        yield Chapter(entry["start"] * base, entry["end"] * base, entry["metadata"])


def _beside(stream: Any, others: list[Any], begin: Fraction) -> Beside:
    kind = _kind(stream)
    alike = [other for other in others if _kind(other) is kind]
    label = WORDS[kind] if len(alike) == 1 else f"{WORDS[kind]} {alike.index(stream) + 1}"
    context = stream.codec_context
    known = context is not None
    codec = context.codec.canonical_name if known else getattr(stream, "name", None) or ""
    return Beside(
        stream.index,
        kind,
        codec,
        label,
        Properties() if kind in NAMELESS else properties_of(stream, alike[0]),
        _begin(stream) - begin,
        _shape(context) if kind is Kind.AUDIO and known else None,
    )


def _begin(stream: Any) -> Fraction:
    if stream.start_time is None or not stream.time_base:
        return Fraction(0)
    return Fraction(stream.start_time * stream.time_base)


def _kind(stream: Any) -> Kind:
    return Kind.COVER if is_cover(stream) else KINDS.get(stream.type, Kind.DATA)


def _shape(context: Any) -> Shape:
    codec = context.codec
    return Shape(
        context.sample_rate,
        context.layout.name,
        context.layout.nb_channels,
        context.format.bytes if context.format else 4,
        codec.lossless and not codec.lossy,
    )
