"""What is said of a video file and of its streams: languages, titles, flags and tags."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from av.stream import Disposition

from convtool.media.video.holdings import Kind

# what a container says of itself, or a program of how it wrote a file; nobody put it there
BOOKKEEPING = {
    "alpha_mode",
    "compatible_brands",
    "creation_time",
    "duration",
    "encoder",
    "handler_name",
    "language",
    "major_brand",
    "minor_version",
    "name",
    "number_of_bytes",
    "number_of_frames",
    "bps",
    "source_id",
    "timecode",
    "title",
    "vendor_id",
}
OF_STREAMS_ALONE = {"creation_time", "language", "name", "title"}
WRITERS = ("lavf", "libav")  # how FFmpeg names itself, as the software that wrote an AVI
UNKNOWN = {"", "und"}  # languages that are none
FLAGS = [flag for flag in Disposition if flag is not Disposition.attached_pic]


@dataclass(frozen=True)
class Properties:
    """What is said of a stream.

    Attributes:
        language: its code; empty where it is not known.
        title: its name.
        flags: such as `default` or `forced`.
        tags: all else.
    """

    language: str = ""
    title: str = ""
    flags: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    def items(self) -> Iterator[tuple[Kind, str]]:
        """Yield all of it by kind and name."""
        if self.language:
            yield Kind.LANGUAGE, self.language
        if self.title:
            yield Kind.TITLE, self.title
        for flag in self.flags:
            yield Kind.FLAG, flag
        for key in self.tags:
            yield Kind.STREAM_TAG, key


def properties_of(stream: Any, first: Any) -> Properties:
    """Return what is said of a stream.

    Args:
        stream: PyAV's stream.
        first: the first stream of its kind.
    """
    metadata = {key.lower(): text for key, text in stream.metadata.items()}
    language = metadata.get("language", "")
    return Properties(
        "" if language in UNKNOWN else language,
        metadata.get("title") or metadata.get("name", ""),
        tuple(_flags(stream, first)),
        dict(_tags(stream.metadata, BOOKKEEPING)),
    )


def file_tags(metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of a file that somebody put there."""
    return dict(_tags(metadata, BOOKKEEPING - OF_STREAMS_ALONE))


def timecode_of(metadata: Mapping[str, str]) -> str:
    """Return the timecode among tags; empty where there is none."""
    return next((text for key, text in metadata.items() if key.lower() == "timecode"), "")


def _flags(stream: Any, first: Any) -> Iterator[str]:
    """Yield what a stream is marked as; that the first of a kind is the default says nothing."""
    for flag in FLAGS:
        usual = flag is Disposition.default and stream is first
        if stream.disposition & flag and not usual:
            yield str(flag.name)


def _tags(metadata: Mapping[str, str], left_out: set[str]) -> Iterator[tuple[str, str]]:
    """Yield tags, without bookkeeping and the copies that FFmpeg makes of some by language."""
    for key, text in metadata.items():
        plain = key.lower()
        root = plain.rpartition("-")[0]
        copied = bool(root) and metadata.get(root) == text
        written = plain == "software" and text.lower().startswith(WRITERS)
        statistics = plain.startswith("_statistics") or root in left_out
        if plain not in left_out and not copied and not written and not statistics:
            yield key, text
